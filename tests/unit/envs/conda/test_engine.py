"""Linking into a prefix, and the guards around rattler: each of these tests fails without its guard."""

from __future__ import annotations

import asyncio
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from support.conda import ask_channel, package, settings
from tfsetup.envs.conda.engine import Downloads, check_local, link, write_activate
from tfsetup.envs.conda.records import build_number, noarch, records
from tfsetup.errors import BuildError, NetworkError, TfsetupError
from tfsetup.locks.conda.library import rattler
from tfsetup.locks.conda.model import CondaPackage
from tfsetup.locks.conda.run import local_path, solve

Solved = tuple[CondaPackage, ...]


@pytest.fixture
def solved(channel: Path, tmp_path: Path) -> Solved:
    """A small environment of stand-ins for another platform, on an own copy of the channel."""
    copy = tmp_path / "channel"
    shutil.copytree(channel, copy)
    request = ask_channel(copy, "python 3.12.*", "numpy", "noarch-probe", "prefix-probe", "tool")
    return solve([request], settings(tmp_path))["osx-arm64"]


def put(packages: Solved, prefix: Path, tmp_path: Path, *, offline: bool = False) -> Downloads:
    return link(packages, "osx-arm64", prefix, settings(tmp_path), offline=offline)


def test_a_prefix_for_another_platform_is_linked_here(solved: Solved, tmp_path: Path) -> None:
    prefix = tmp_path / "a prefix"
    downloads = put(solved, prefix, tmp_path)
    assert (prefix / "lib/python3.12/site-packages/numpy-2.5.5.dist-info/METADATA").is_file()
    assert (prefix / "lib/python3.12/site-packages/noarch_probe.py").is_file()
    assert (prefix / "share/tool.txt").read_text() == "tool\n"
    assert (prefix / "bin/noarch-probe").is_file()
    assert downloads.linked == len(solved)


def test_the_prefix_stands_where_the_placeholder_was(solved: Solved, tmp_path: Path) -> None:
    put(solved, tmp_path / "env", tmp_path)
    assert (tmp_path / "env/share/probe/prefix.txt").read_text() == f"prefix={tmp_path / 'env'}\n"


def test_a_relative_prefix_is_written_absolute(solved: Solved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    put(solved, Path("inner/../env"), tmp_path)
    assert (tmp_path / "env/share/probe/prefix.txt").read_text() == f"prefix={tmp_path / 'env'}\n"


def test_conda_takes_the_prefix_for_an_environment(solved: Solved, tmp_path: Path) -> None:
    put(solved, tmp_path / "env", tmp_path)
    assert (tmp_path / "env/conda-meta/history").is_file()
    meta = json.loads(next((tmp_path / "env/conda-meta").glob("numpy-*.json")).read_text())
    assert (meta["name"], meta["version"], meta["sha256"]) == ("numpy", "2.5.5", by_name(solved)["numpy"].sha256)


def test_scripts_of_packages_are_not_run(channel: Path, tmp_path: Path) -> None:
    found = solve([ask_channel(channel, "link-probe")], settings(tmp_path))["osx-arm64"]
    put(found, tmp_path / "env", tmp_path)
    assert (tmp_path / "env/bin/.link-probe-post-link.sh").is_file()
    assert not (tmp_path / "env/post-link-ran.txt").exists()


def test_a_local_archive_that_was_exchanged_is_refused(solved: Solved, tmp_path: Path) -> None:
    by = by_name(solved)
    shutil.copy(local_path(by["tool"].url), local_path(by["numpy"].url))
    with pytest.raises(NetworkError, match=r"numpy-2\.5\.5-py312hlocal_0\.conda is not the archive that was locked"):
        put(solved, tmp_path / "env", tmp_path)
    assert not (tmp_path / "env").exists()


def test_a_local_archive_that_is_gone_is_named(solved: Solved, tmp_path: Path) -> None:
    path = local_path(by_name(solved)["numpy"].url)
    path.unlink()
    with pytest.raises(NetworkError, match=f"{path.name} cannot be read: No such file"):
        check_local(solved)


def test_what_was_changed_in_the_cache_does_not_get_in(solved: Solved, tmp_path: Path) -> None:
    put(solved, tmp_path / "first", tmp_path)
    (cached,) = (tmp_path / "cache/pkgs").glob("tool-1.0-h0_0*/share/tool.txt")
    cached.unlink()  # a hard link: written in place it would change the first prefix too
    cached.write_text("evil\n")
    put(solved, tmp_path / "second", tmp_path)
    assert (tmp_path / "second/share/tool.txt").read_text() == "tool\n"
    assert (tmp_path / "first/share/tool.txt").read_text() == "tool\n"


def test_pure_python_packages_move_along_with_python(channel: Path, tmp_path: Path) -> None:
    prefix = tmp_path / "env"
    for minor in ("3.11", "3.12"):
        request = ask_channel(channel, f"python {minor}.*", "noarch-probe")
        put(solve([request], settings(tmp_path))["osx-arm64"], prefix, tmp_path)
    assert (prefix / "lib/python3.12/site-packages/noarch_probe.py").is_file()
    assert not (prefix / "lib/python3.11/site-packages/noarch_probe.py").exists()


def test_a_second_link_changes_nothing(solved: Solved, tmp_path: Path) -> None:
    put(solved, tmp_path / "env", tmp_path)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "env").rglob("*") if path.is_file()}
    again = put(solved, tmp_path / "env", tmp_path)
    assert again.linked == 0
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "env").rglob("*") if path.is_file()} == before


def test_offline_what_is_cached_is_enough(solved: Solved, tmp_path: Path) -> None:
    put(solved, tmp_path / "first", tmp_path)
    put(solved, tmp_path / "second", tmp_path, offline=True)
    assert (tmp_path / "second/share/tool.txt").is_file()


def test_offline_what_is_not_cached_is_named(solved: Solved, tmp_path: Path) -> None:
    away = tuple(replace(one, url=f"http://127.0.0.1:9/forge/{one.subdir}/{one.file_name}") for one in solved)
    with pytest.raises(NetworkError, match="for one, and --offline forbids"):
        put(away, tmp_path / "env", tmp_path, offline=True)


def test_a_prefix_that_cannot_be_written_is_a_failure_of_building(solved: Solved, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TfsetupError) as caught:
        put(solved, tmp_path / "file" / "env", tmp_path)
    assert isinstance(caught.value, BuildError)


def test_rattler_itself_refuses_plain_text_that_we_take(channel: Path) -> None:
    """The reason for MatchSpec: if this no longer fails, text may be handed over."""
    library = rattler()
    text = "libblas=*=*accelerate"

    async def strict() -> None:
        await library.solve([library.Channel(channel.as_uri())], [text], platforms=["osx-arm64", "noarch"])

    from rattler.exceptions import InvalidMatchSpecError

    with pytest.raises(InvalidMatchSpecError):
        asyncio.run(strict())
    assert str(library.MatchSpec(text))


def by_name(packages: Solved) -> dict[str, CondaPackage]:
    return {one.name: one for one in packages}


def test_a_record_says_what_the_lock_says(solved: Solved) -> None:
    found = {record.name.normalized: record for record in records(solved, [one.url for one in solved])}
    for one in solved:
        record = found[one.name]
        assert (str(record.version), str(record.build), record.subdir) == (one.version, one.build, one.subdir)
        assert (record.sha256, record.md5) == (bytes.fromhex(one.sha256), bytes.fromhex(one.md5))
        assert record.url == one.url


@pytest.mark.parametrize(
    ("subdir", "depends", "kind"),
    [
        ("linux-64", ("python >=3.12",), None),
        ("noarch", ("numpy", "python >=3.12"), "python"),
        ("noarch", ("python",), "python"),
        ("noarch", ("python_abi 3.12",), "generic"),
        ("noarch", (), "generic"),
    ],
)
def test_the_kind_of_a_noarch_package(subdir: str, depends: tuple[str, ...], kind: str | None) -> None:
    assert noarch(package(subdir=subdir, depends=depends)) == kind


@pytest.mark.parametrize(
    ("build", "number"),
    [("py312h58c1407_0", 0), ("5_hlocal_openblas", 5), ("h0_12_cpython", 12), ("8_cp312", 8), ("custom", 0)],
)
def test_the_number_in_a_build_string(build: str, number: int) -> None:
    assert build_number(build) == number


def test_the_time_of_downloads_that_overlap_is_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([10.0, 14.0, 20.0, 21.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(moments))
    downloads = Downloads()
    downloads.on_download_start(1)
    downloads.on_download_start(2)
    downloads.on_download_completed(1)
    downloads.on_download_completed(2)
    downloads.on_download_start(3)
    downloads.on_download_completed(3)
    assert downloads.seconds == pytest.approx(5.0)


def test_a_package_s_own_activate_stays(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    write_activate(tmp_path, "ours")
    assert (tmp_path / "bin/activate").read_text() == "ours"
    (tmp_path / "bin/activate").write_text("theirs")
    write_activate(tmp_path, "ours")
    assert (tmp_path / "bin/activate").read_text() == "theirs"
