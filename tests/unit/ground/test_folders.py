"""Where things are kept: one rule a kind, and a message for every variable that cannot name a folder."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tfsetup.errors import Code, TfsetupError
from tfsetup.ground.folders import (
    cache_folder,
    cache_home,
    home_folder,
    judge_folders,
    known_cache,
    needed_home,
    state_folder,
    uv_cache,
    uv_folders,
)

ROOT = Path(__file__).parents[3] / "installer" / "tfsetup"


def nobody() -> str | None:
    """Answer as a user database without this user."""
    return None


@pytest.mark.parametrize(
    ("env", "platform", "folder"),
    [
        ({"TFSETUP_CACHE_DIR": "/c", "HOME": "/h", "XDG_CACHE_HOME": "/x"}, "linux", "/c"),
        ({"TFSETUP_CACHE_DIR": "/c"}, "darwin", "/c"),
        ({"TFSETUP_CACHE_DIR": "C:/c"}, "win32", "C:/c"),
        ({"XDG_CACHE_HOME": "/x", "HOME": "/h"}, "linux", "/x/tfsetup"),
        ({"XDG_CACHE_HOME": "", "HOME": "/h"}, "linux", "/h/.cache/tfsetup"),
        ({"HOME": "/h"}, "linux", "/h/.cache/tfsetup"),
        ({"HOME": "/h", "XDG_CACHE_HOME": "/x"}, "darwin", "/h/Library/Caches/tfsetup"),
        ({"LOCALAPPDATA": "C:/l"}, "win32", "C:/l/tfsetup/cache"),
        ({"USERPROFILE": "C:/u"}, "win32", "C:/u/AppData/Local/tfsetup/cache"),
    ],
)
def test_what_may_be_deleted(env: dict[str, str], platform: str, folder: str) -> None:
    assert cache_folder(env, platform, nobody) == Path(folder)
    assert known_cache(env, platform, nobody) == Path(folder)


@pytest.mark.parametrize(
    ("env", "platform", "folder"),
    [
        ({"TFSETUP_STATE_DIR": "/d", "TFSETUP_STATE": "/s", "HOME": "/h"}, "linux", "/d"),
        ({"TFSETUP_STATE": "/s", "HOME": "/h"}, "linux", "/s"),
        ({"XDG_STATE_HOME": "/x", "HOME": "/h"}, "linux", "/x/tfsetup"),
        ({"HOME": "/h"}, "linux", "/h/.local/state/tfsetup"),
        ({"HOME": "/h"}, "darwin", "/h/Library/Application Support/tfsetup"),
        ({"LOCALAPPDATA": "C:/l"}, "win32", "C:/l/tfsetup"),
    ],
)
def test_what_outlives_a_run(env: dict[str, str], platform: str, folder: str) -> None:
    assert state_folder(env, platform, nobody) == Path(folder)


def test_the_user_database_is_asked_where_no_variable_says_it() -> None:
    assert home_folder({}, "linux", lambda: "/from/database") == Path("/from/database")
    assert cache_folder({"HOME": ""}, "linux", lambda: "/d") == Path("/d/.cache/tfsetup")
    assert home_folder({"HOME": "/h"}, "linux", lambda: "/d") == Path("/h")
    assert home_folder({}, "linux", nobody) is None
    assert home_folder({}) == Path("~").expanduser() or os.environ.get("HOME")


@pytest.mark.parametrize(("platform", "name"), [("linux", "HOME"), ("darwin", "HOME"), ("win32", "USERPROFILE")])
def test_no_home_is_said_with_what_to_set(platform: str, name: str) -> None:
    for ask, instead in ((cache_folder, "TFSETUP_CACHE_DIR"), (state_folder, "TFSETUP_STATE_DIR")):
        with pytest.raises(TfsetupError, match=rf"There is no home folder: {name} is not set") as caught:
            ask({}, platform, nobody)
        assert caught.value.code is Code.INVALID_FILE
        assert name in caught.value.hint
        assert (instead if platform != "win32" else "LOCALAPPDATA") in caught.value.hint
    with pytest.raises(TfsetupError):
        cache_home({}, platform, nobody)
    assert known_cache({}, platform, nobody) is None


def test_named_folders_spare_the_home() -> None:
    env = {"TFSETUP_CACHE_DIR": "/c", "TFSETUP_STATE_DIR": "/s"}
    assert (cache_folder(env, "linux", nobody), state_folder(env, "linux", nobody)) == (Path("/c"), Path("/s"))
    assert known_cache({"XDG_CACHE_HOME": "/x"}, "linux", nobody) == Path("/x/tfsetup")
    assert uv_folders(env, "linux", nobody) == {"UV_CACHE_DIR": "/c/uv", "UV_PYTHON_INSTALL_DIR": "/c/python"}
    assert uv_folders(env | {"UV_CACHE_DIR": "/u"}, "linux", nobody) == {"UV_PYTHON_INSTALL_DIR": "/c/python"}
    assert uv_folders({"HOME": "/h"}, "linux", nobody) == {}
    with pytest.raises(TfsetupError, match="There is no home folder"):
        uv_folders({}, "linux", nobody)


@pytest.mark.parametrize(
    "value", ["relative", "./here", "~/cache", "$HOME/x", "../up", " /space", "C:/windows", "/nul\0"]
)
@pytest.mark.parametrize(
    ("name", "ask"),
    [
        ("TFSETUP_CACHE_DIR", cache_folder),
        ("XDG_CACHE_HOME", cache_folder),
        ("XDG_CACHE_HOME", known_cache),
        ("TFSETUP_STATE_DIR", state_folder),
        ("TFSETUP_STATE", state_folder),
        ("XDG_STATE_HOME", state_folder),
        ("HOME", cache_folder),
        ("HOME", state_folder),
        ("TFSETUP_CACHE_DIR", judge_folders),
        ("TFSETUP_STATE_DIR", judge_folders),
        ("TFSETUP_STATE", judge_folders),
        ("XDG_CACHE_HOME", judge_folders),
        ("XDG_STATE_HOME", judge_folders),
    ],
)
def test_a_relative_folder_is_an_error_that_names_the_variable(name: str, ask: object, value: str) -> None:
    with pytest.raises(TfsetupError, match="is not an absolute path") as caught:
        ask({"HOME": "/h"} | {name: value}, "linux")  # type: ignore[operator]
    assert caught.value.code.exit_status == 3
    assert caught.value.message.startswith(f"{name}={value}")
    assert name in caught.value.hint


def test_a_variable_that_is_not_in_force_is_not_judged() -> None:
    assert cache_folder({"TFSETUP_CACHE_DIR": "/c", "XDG_CACHE_HOME": "relative"}, "linux") == Path("/c")
    judge_folders({"XDG_CACHE_HOME": "relative", "HOME": "/h"}, "darwin")
    judge_folders({"HOME": "/h", "TFSETUP_CACHE_DIR": ""}, "linux")
    assert needed_home({"HOME": "/h"}, "X", "linux", nobody) == Path("/h")


def test_nobody_else_looks_for_the_home_or_the_cache() -> None:
    asks = re.compile(r"Path\.home\(|expanduser\(|gettempdir\(|\"XDG_(CACHE|STATE)_HOME\"|TFSETUP_(CACHE|STATE)")
    found = {path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py") if asks.search(path.read_text())}
    assert found == {"ground/folders.py"}


def test_where_uv_caches_without_a_word() -> None:
    assert uv_cache({"HOME": "/home/me"}, "linux") == Path("/home/me/.cache/uv")
    assert uv_cache({"HOME": "/home/me", "XDG_CACHE_HOME": "relative"}, "darwin") == Path("/home/me/.cache/uv")
    assert uv_cache({"HOME": "/home/me", "XDG_CACHE_HOME": "/c"}, "linux") == Path("/c/uv")
    assert uv_cache({"UV_CACHE_DIR": "/x", "HOME": "/home/me"}, "linux") == Path("/x")
    assert uv_cache({}, "linux", lambda: None) is None
    assert uv_cache({}, "win32", lambda: None) is None
