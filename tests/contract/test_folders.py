"""No home, and variables that cannot name a folder: a message and 3, never a bug; named folders spare the home."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from support.cli import Tfsetup

pytestmark = pytest.mark.process  # interpreters are asked

if sys.platform != "win32":
    import pwd


@pytest.fixture
def homeless(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A user without a home: no variable says one, and the user database knows nothing."""

    def unknown(_number: int) -> None:
        raise KeyError

    for name in ("HOME", "TFSETUP_CACHE_DIR", "XDG_CACHE_HOME", "XDG_STATE_HOME", "UV_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    return monkeypatch


@pytest.mark.parametrize(
    "name", ["TFSETUP_CACHE_DIR", "TFSETUP_STATE_DIR", "TFSETUP_STATE", "XDG_CACHE_HOME", "XDG_STATE_HOME"]
)
@pytest.mark.parametrize("argv", [["host"], ["install", "--no-lock", "--accelerator", "cpu"], ["resolve"]])
def test_a_relative_folder_is_refused_before_anything_is_done(
    tfsetup: Tfsetup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, argv: list[str]
) -> None:
    monkeypatch.setenv(name, "relative/folder")
    ran = tfsetup(*argv)
    assert ran.status == 3
    assert f"error: {name}=relative/folder is not an absolute path" in ran.err
    assert f"unset {name}" in ran.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="users of POSIX")
def test_what_needs_no_folder_needs_no_home(tfsetup: Tfsetup, homeless: pytest.MonkeyPatch) -> None:
    assert tfsetup("resolve", "--host", "linux-x86_64-cpu", "--json").status == 0


@pytest.mark.skipif(sys.platform == "win32", reason="users of POSIX")
def test_no_home_is_said_with_what_to_set(tfsetup: Tfsetup, tmp_path: Path, homeless: pytest.MonkeyPatch) -> None:
    homeless.setenv("UV_DEFAULT_INDEX", "https://127.0.0.1:9/simple")
    ran = tfsetup("matrix", "check")
    assert ran.status == 3
    assert "There is no home folder: HOME is not set" in ran.err
    assert "TFSETUP_CACHE_DIR" in ran.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="users of POSIX")
def test_uv_without_a_home_does_not_put_its_cache_where_the_user_works(
    tfsetup: Tfsetup, tmp_path: Path, homeless: pytest.MonkeyPatch
) -> None:
    homeless.setenv("UV_PYTHON_DOWNLOADS", "never")  # the probe would look up the server's name
    ran = tfsetup("install", "--no-lock", "--accelerator", "cpu", "--dry-run")
    assert ran.status == 3
    assert "There is no home folder: HOME is not set" in ran.err
    assert list(tmp_path.iterdir()) == []
