from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.wheels import wheel_bytes
from tfsetup.loader import shipped
from tfsetup.loader.bytes import MalformedImage
from tfsetup.loader.files import sources
from tfsetup.loader.files.sources import LocalTree, MappedFile, OpenFile


@pytest.mark.parametrize("kind", [MappedFile, OpenFile])
def test_files_are_read_within_bounds(kind: type[MappedFile | OpenFile], tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"0123456789")
    source = kind(path)
    assert source.size == 10
    assert source.read(3, 4) == b"3456"
    assert source.read(10, 0) == b""
    with pytest.raises(MalformedImage):
        source.read(8, 3)


def test_an_empty_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.touch()
    assert MappedFile(path).read(0, 0) == b""


def test_a_file_that_is_gone_or_became_shorter_is_malformed(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"0123456789")
    gone, shorter = MappedFile(path), OpenFile(path)
    path.write_bytes(b"01")
    with pytest.raises(MalformedImage, match="shorter"):
        shorter.read(0, 10)
    path.unlink()
    with pytest.raises(MalformedImage, match="cannot be read"):
        gone.read(0, 1)


def test_a_folder_is_shown_where_the_target_has_it(tmp_path: Path) -> None:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "a.so").write_bytes(b"x")
    tree = LocalTree(tmp_path, at="/venv/site-packages")
    entry = tree.lookup("/venv/site-packages/pkg/../pkg/a.so")
    assert entry is not None
    assert entry.source is not None
    assert (entry.path, entry.source.read(0, 1)) == ("/venv/site-packages/pkg/a.so", b"x")
    assert tree.listdir("/venv/site-packages") == ["pkg"]
    assert tree.listdir("/venv/site-packages/nowhere") == []
    assert tree.listdir("/elsewhere") == []
    folder = tree.lookup("/venv/site-packages")
    assert folder is not None
    assert folder.source is None


def test_nothing_outside_of_the_folder_is_shown(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "secret").write_bytes(b"x")
    (inside / "way").symlink_to(tmp_path / "secret")
    tree = LocalTree(inside, at="/venv")
    assert tree.lookup("/venv/../secret") is None
    assert tree.lookup("/venv/way") is None
    assert tree.lookup("/etc/passwd") is None


def test_links_and_hard_links_are_the_same_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "soft").symlink_to("a")
    os.link(tmp_path / "a", tmp_path / "hard")
    (tmp_path / "copy").write_bytes(b"x")
    tree = LocalTree(tmp_path)
    entries = {name: tree.lookup(f"{tree.at}/{name}") for name in ("a", "soft", "hard", "copy")}
    identities = {name: entry.identity for name, entry in entries.items() if entry}
    assert identities["a"] == identities["soft"] == identities["hard"] != identities["copy"]
    soft = entries["soft"]
    assert soft is not None
    assert soft.path == f"{tree.at}/a"


def test_the_whole_machine_is_a_tree(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    entry = LocalTree(Path("/")).lookup(str((tmp_path / "a").resolve()))
    assert entry is not None
    assert LocalTree(Path("/")).lookup("/") is not None


def test_a_wheel_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "p-1-py3-none-any.whl"
    path.write_bytes(wheel_bytes({"a": b"1"}))
    assert set(sources.open_wheel(path).members) == {"a"}
    assert sources.find_wheels(tmp_path) == (path,)


def environment(folder: Path, *, version: str = "3.12", windows: bool = False) -> Path:
    site = folder / ("Lib/site-packages" if windows else f"lib/python{version}/site-packages")
    site.mkdir(parents=True)
    python = folder / ("Scripts/python.exe" if windows else "bin/python3")
    python.parent.mkdir()
    python.touch()
    (folder / "pyvenv.cfg").write_text(f"home = /usr/bin\nversion = {version}.1\n")
    return site


@pytest.mark.parametrize("windows", [False, True])
@pytest.mark.parametrize("start", ["root", "site"])
def test_an_environment_is_found_from_its_root_and_from_its_site_packages(
    tmp_path: Path, windows: bool, start: str
) -> None:
    root = tmp_path.resolve() / "env"
    site = environment(root, windows=windows)
    found = sources.find_environment(root if start == "root" else site)
    assert found is not None
    assert (found.site, found.prefix, found.python) == (site, root, "3.12")
    assert found.executable is not None
    assert found.executable.exists()


def test_a_bare_site_packages_has_no_interpreter(tmp_path: Path) -> None:
    site = tmp_path / "site-packages"
    site.mkdir()
    found = sources.find_environment(site)
    assert found is not None
    assert (found.executable, found.python) == (None, None)


def test_any_folder_with_a_dist_info_is_a_site_packages(tmp_path: Path) -> None:
    (tmp_path / "unpacked" / "p-1.dist-info").mkdir(parents=True)
    assert sources.find_environment(tmp_path / "unpacked") is not None
    assert sources.find_environment(tmp_path) is None


def test_the_data_files_are_whole() -> None:
    system, known = shipped.load_system(), shipped.load_knowledge()
    assert "/usr/lib/libSystem.B.dylib" in system.libraries
    assert all(path.startswith(("/usr/lib/", "/System/Library/")) for path in system.libraries)
    assert known.package == "tensorflow"
    assert {need.feature for need in known.cpu_needs} == {"avx"}
    assert ("SE_InitPlugin",) in known.entry_points


def test_the_library_path_is_that_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LD_LIBRARY_PATH", "/x:/y")
    assert sources.library_path() == "/x:/y"
    monkeypatch.delenv("LD_LIBRARY_PATH")
    assert sources.library_path() == ""


def test_the_variables_of_dyld_are_those_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("DYLD_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DYLD_LIBRARY_PATH", "/x")
    monkeypatch.setenv("DYLD_INSERT_LIBRARIES", "/x/y.dylib")
    monkeypatch.setenv("DYLDX", "1")
    assert sources.dyld_variables() == ("DYLD_INSERT_LIBRARIES", "DYLD_LIBRARY_PATH")
