"""A private uv is put in its place whole, or not at all; and what of a clone is read for it."""

from __future__ import annotations

import os
import re
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from bootstrap import environment, indexes, place
from bootstrap.failure import Failure
from bootstrap.wheels import Machine
from support.bare_clone import VERSION, wheel_of

ROOT = Path(__file__).parents[3]
HERE = Machine("linux", "x86_64", "glibc", (2, 36))
NAME = f"uv-{VERSION}-py3-none-manylinux_2_17_x86_64.whl"
BODY = wheel_of("#!/bin/sh\n")


def index_with(folder: Path, body: bytes) -> indexes.Said:
    """Return an index in a folder that has a wheel."""
    (folder / "uv").mkdir(parents=True)
    (folder / "uv" / NAME).write_bytes(body)
    (folder / "uv" / "index.html").write_text(f'<a href="{NAME}">x</a>', encoding="utf-8")
    return indexes.Said(folder.as_uri(), "a test")


def sha256(body: bytes) -> frozenset[str]:
    import hashlib

    return frozenset({"0" * 64, hashlib.sha256(body).hexdigest()})


def test_what_is_pinned_is_taken(tmp_path: Path) -> None:
    index = index_with(tmp_path / "simple", BODY)
    assert place.fetch(index, {}, HERE, VERSION, sha256(BODY)) == BODY


def test_what_is_not_pinned_is_refused(tmp_path: Path) -> None:
    index = index_with(tmp_path / "simple", wheel_of("#!/bin/sh\necho another\n"))
    with pytest.raises(Failure, match=r"is not the file that requirements/uv\.txt pins"):
        place.fetch(index, {}, HERE, VERSION, sha256(BODY))


def test_it_is_unpacked_beside_its_place_and_takes_it_in_one_step(tmp_path: Path) -> None:
    tool = tmp_path / ".tool"
    (tool / "uv" / "bin").mkdir(parents=True)
    (tool / "uv" / "left-of-the-old").touch()
    (tool / "draft-of-a-killed-one" / "bin").mkdir(parents=True)
    uv = place.unpack(tmp_path, BODY)
    assert uv == tool / "uv" / "bin" / "uv"
    assert os.access(uv, os.X_OK)
    assert [path.relative_to(tool).as_posix() for path in sorted(tool.rglob("*"))] == [
        "uv", "uv/bin", "uv/bin/uv", "uv/bin/uvx",
    ]  # fmt: skip


def test_what_is_no_wheel_leaves_the_old_one(tmp_path: Path) -> None:
    (tmp_path / ".tool" / "uv" / "bin").mkdir(parents=True)
    (tmp_path / ".tool" / "uv" / "bin" / "uv").write_text("old")
    with pytest.raises(zipfile.BadZipFile):
        place.unpack(tmp_path, b"no zip")
    assert (tmp_path / ".tool" / "uv" / "bin" / "uv").read_text() == "old"
    assert [path.name for path in (tmp_path / ".tool").iterdir()] == ["uv"]


def test_members_elsewhere_in_the_wheel_are_not_unpacked(tmp_path: Path) -> None:
    (tmp_path / ".tool").mkdir()
    path = tmp_path / "w.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member in ("uv-1.data/scripts/uv", "uv-1.data/scripts/../../../../evil", "uv-1.data/scripts/other", "x/uv"):
            archive.writestr(member, "#!/bin/sh\n")
    place.unpack(tmp_path, path.read_bytes())
    assert {one.name for one in tmp_path.rglob("*")} == {".tool", "w.whl", "uv", "bin"}


def test_this_clones_pin_and_the_oldest_uv_that_does(tmp_path: Path) -> None:
    version, hashes = place.pinned(ROOT)
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    assert len(hashes) > 10
    assert (0, 11) <= place.least_version(ROOT) <= tuple(map(int, version.split(".")))
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "uv.txt").write_text("")
    with pytest.raises(Failure, match="names no uv"):
        place.pinned(tmp_path)


@pytest.mark.process
@pytest.mark.parametrize(
    ("script", "version"),
    [
        ("echo 'uv 0.9.30 (abc 2026-01-01)'", (0, 9, 30)),
        ("echo 'uv 1.2'", (1, 2)),
        ("echo 'uv 1.2'; exit 3", None),
        ("echo 'pyenv: uv: command not found'", None),
    ],
)
def test_the_version_of_a_uv(tmp_path: Path, script: str, version: tuple[int, ...] | None) -> None:
    uv = tmp_path / "uv"
    uv.write_text(f"#!/bin/sh\n{script}\n")
    uv.chmod(0o755)
    assert place.version_of(uv) == version
    assert place.version_of(tmp_path / "none") is None


# ------------------------------------------------------------------------------------------------ the environment


def test_uv_is_told_what_pips_settings_say_and_nothing_that_disturbs(tmp_path: Path) -> None:
    (tmp_path / "pip.conf").write_text(
        "[global]\nindex-url = https://me:pw@i.example/simple\nproxy = p.example:3128\ncert = /c/a.pem\n"
        "trusted-host = h.example\n"
    )
    environ = {
        "HOME": str(tmp_path),
        "PIP_CONFIG_FILE": str(tmp_path / "pip.conf"),
        "UV_NO_CONFIG": "1",
        "PATH": "/bin",
        "PYTHONHOME": "/nowhere",
        "UV_PYTHON": "2.7",
        "VIRTUAL_ENV": "/v",
        "UV_PYTHON_INSTALL_MIRROR": "https://m.example",
    }
    told = environment.variables_for_uv(ROOT, environ)
    assert told.keys() & {"PYTHONHOME", "UV_PYTHON", "VIRTUAL_ENV"} == set()
    assert told["UV_DEFAULT_INDEX"] == "https://me:pw@i.example/simple"
    assert told["HTTPS_PROXY"] == told["HTTP_PROXY"] == "http://p.example:3128"
    assert told["SSL_CERT_FILE"] == "/c/a.pem"
    assert told["UV_INSECURE_HOST"] == "h.example"
    assert told["UV_PYTHON_INSTALL_MIRROR"] == "https://m.example"
    assert "SSL_CERT_DIR" not in environment.variables_for_uv(ROOT, {**environ, "SSL_CERT_DIR": ""})
    assert "HTTP_PROXY" not in environment.variables_for_uv(ROOT, {**environ, "all_proxy": "http://other:1"})


@pytest.mark.process
def test_an_environment_is_whole_only_while_its_python_starts_and_it_is_made_from_the_same(tmp_path: Path) -> None:
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)
    assert not environment.is_whole(tmp_path, "abc")
    (tmp_path / "ready").write_text("abc")
    assert environment.is_whole(tmp_path, "abc")
    assert not environment.is_whole(tmp_path, "abd")
    python.write_text("#!/bin/sh\nexit 1\n")
    assert not environment.is_whole(tmp_path, "abc")


@given(
    st.integers(8, 17), st.integers(0, 20), st.sampled_from([">=3.11,<3.16", ">=3.10,<3.14,!=3.12.*", "<3.16,>=3.9"])
)
def test_a_python_is_in_the_range_as_packaging_says(minor: int, micro: int, pythons: str) -> None:
    assert environment.fits((3, minor, micro), pythons) == SpecifierSet(pythons).contains(f"3.{minor}.{micro}")


def test_what_it_is_made_from_is_told_by_content_and_name_alone(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("a")
    second.write_text("b")
    seen = {environment.digest([first, second])}
    os.utime(first, (1, 1))
    assert environment.digest([first, second]) in seen
    for a, b in (("ab", ""), ("", "ab"), ("b", "a")):
        first.write_text(a)
        second.write_text(b)
        found = environment.digest([first, second])
        assert found not in seen
        seen.add(found)


@pytest.mark.process
def test_the_range_of_pythons_is_closed_and_pyprojects() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    stated = re.search(r'requires-python = "(.*)"', text)
    assert stated is not None
    found = environment.python_range(ROOT, Path("requirements/tool.txt"))
    assert found.startswith(stated[1])
    assert re.match(r">=3\.\d+,<3\.\d+", found)
