"""Where tfsetup keeps things: one rule a kind (cache, state, temporary), for every room. (Touches the world.).

A variable of tfsetup's own wins, then the operating system's, then the home folder. A folder that a variable names by a
relative path would be another one in each working folder: that is an error, not a guess. The XDG Base Directory
Specification lets programs ignore such a value; a user who set it would look in vain for what he moved.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Final

from tfsetup.errors import Code, TfsetupError

CACHE: Final = "TFSETUP_CACHE_DIR"
STATE: Final = "TFSETUP_STATE_DIR"
OLD_STATE: Final = "TFSETUP_STATE"
"""What the variable of the state folder was called first; it still holds."""

Home = Callable[[], str | None]


def cache_folder(environ: Mapping[str, str], platform: str = sys.platform, home: Home | None = None) -> Path:
    """Return the folder for what may be deleted at any time: `TFSETUP_CACHE_DIR`, else the system's place for such.

    `home` answers for the user database, which is asked where no variable says it.

    Raises:
        TfsetupError: nothing says where the home folder is, or a variable in force is no absolute path (exit 3).
    """
    if named := folder_named(environ, CACHE, platform):
        return named
    if platform == "win32":
        return _local(environ, platform, home) / "tfsetup" / "cache"
    return cache_home(environ, platform, home) / "tfsetup"


def known_cache(environ: Mapping[str, str], platform: str = sys.platform, home: Home | None = None) -> Path | None:
    """Return the folder as `cache_folder` does; None where there is no home, for what only makes the next run faster.

    Raises:
        TfsetupError: a variable in force is no absolute path.
    """
    named = folder_named(environ, CACHE, platform)
    if named is None and not (environ.get(_base(platform, "CACHE")) or home_folder(environ, platform, home)):
        return None
    return cache_folder(environ, platform, home)


def cache_home(environ: Mapping[str, str], platform: str = sys.platform, home: Home | None = None) -> Path:
    """Return the folder in which programs of this system keep caches.

    Raises:
        TfsetupError: as `cache_folder`.
    """
    if platform == "win32":
        return _local(environ, platform, home)
    if platform == "darwin":
        return needed_home(environ, CACHE, platform, home) / "Library" / "Caches"
    return folder_named(environ, "XDG_CACHE_HOME", platform) or needed_home(environ, CACHE, platform, home) / ".cache"


def state_folder(environ: Mapping[str, str], platform: str = sys.platform, home: Home | None = None) -> Path:
    """Return the folder for what outlives a run and cannot be made anew: `TFSETUP_STATE_DIR`, else the system's place.

    Raises:
        TfsetupError: as `cache_folder`.
    """
    for name in (STATE, OLD_STATE):
        if named := folder_named(environ, name, platform):
            return named
    if platform == "win32":
        return _local(environ, platform, home) / "tfsetup"
    if platform == "darwin":
        return needed_home(environ, STATE, platform, home) / "Library" / "Application Support" / "tfsetup"
    base = folder_named(environ, "XDG_STATE_HOME", platform)
    return (base or needed_home(environ, STATE, platform, home) / ".local" / "state") / "tfsetup"


def judge_folders(environ: Mapping[str, str], platform: str = sys.platform) -> None:
    """Refuse variables that cannot name a folder, before anything is done.

    Raises:
        TfsetupError: with the variable's name and value (exit 3).
    """
    here = ("LOCALAPPDATA",) if platform == "win32" else ("XDG_CACHE_HOME", "XDG_STATE_HOME")
    for name in (CACHE, STATE, OLD_STATE, *(() if platform == "darwin" else here)):
        folder_named(environ, name, platform)


def folder_named(environ: Mapping[str, str], name: str, platform: str = sys.platform) -> Path | None:
    """Return the folder that a variable names; None where it is not set, or empty.

    Raises:
        TfsetupError: it is no absolute path.
    """
    value = environ.get(name)
    if not value:
        return None
    kind = PureWindowsPath if platform == "win32" else PurePosixPath
    if kind(value).is_absolute() and "\0" not in value:
        return Path(value)
    message = f"{name}={value} is not an absolute path: it would be another folder in each place tfsetup is started."
    raise TfsetupError(Code.INVALID_FILE, message, hint=f"Write the whole path, or unset {name}.")


def home_folder(environ: Mapping[str, str], platform: str = sys.platform, home: Home | None = None) -> Path | None:
    """Return the user's home folder: from the variable, else from the user database; None: neither knows one.

    Raises:
        TfsetupError: the variable is no absolute path.
    """
    if named := folder_named(environ, "USERPROFILE" if platform == "win32" else "HOME", platform):
        return named
    found = (home or _in_user_database)()
    return Path(found) if found else None


def needed_home(
    environ: Mapping[str, str], instead: str, platform: str = sys.platform, home: Home | None = None
) -> Path:
    """Return the home folder, for a caller that has no other place; `instead` is the variable that would spare it.

    Raises:
        TfsetupError: there is none, or the variable is no absolute path (exit 3).
    """
    if found := home_folder(environ, platform, home):
        return found
    name = "USERPROFILE" if platform == "win32" else "HOME"
    raise TfsetupError(
        Code.INVALID_FILE,
        f"There is no home folder: {name} is not set, and the system knows none for this user.",
        hint=f"Set {name} to a folder of yours, or {instead} to the folder tfsetup shall use.",
    )


def uv_folders(environ: Mapping[str, str], platform: str = sys.platform, home: Home | None = None) -> dict[str, str]:
    """Return the variables for a uv without a home, which would else put its caches into the working folder.

    Raises:
        TfsetupError: there is no home and no cache folder was named either.
    """
    if home_folder(environ, platform, home) or (environ.get("UV_CACHE_DIR") and environ.get("UV_PYTHON_INSTALL_DIR")):
        return {}
    base = cache_folder(environ, platform, home)
    ours = {"UV_CACHE_DIR": str(base / "uv"), "UV_PYTHON_INSTALL_DIR": str(base / "python")}
    return {name: value for name, value in ours.items() if not environ.get(name)}


def uv_cache(environ: Mapping[str, str], platform: str = sys.platform, home: Home | None = None) -> Path | None:
    """Return where uv keeps its cache (its documentation, "Cache directory"); None: nowhere that is known."""
    if environ.get("UV_CACHE_DIR"):
        return Path(environ["UV_CACHE_DIR"])
    if platform == "win32":
        return Path(environ["LOCALAPPDATA"]) / "uv" / "cache" if environ.get("LOCALAPPDATA") else None
    if environ.get("XDG_CACHE_HOME", "").startswith("/"):
        return Path(environ["XDG_CACHE_HOME"]) / "uv"
    found = home_folder(environ, platform, home)
    return found / ".cache" / "uv" if found else None


def temporary_place(environ: Mapping[str, str]) -> Path:
    """Return where temporary files go, by the rules of `tempfile.gettempdir`, which is asked last.

    It tries a folder by writing a file of a random name there, and a kill at that moment leaves the file.
    """
    named = (environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    usual = () if os.name == "nt" else ("/tmp",)  # noqa: S108 - only a folder of our own is made in it
    for folder in (*filter(None, named), *usual):
        if os.access(folder, os.R_OK | os.W_OK | os.X_OK) and Path(folder).is_dir():
            return Path(folder).absolute()
    import tempfile  # start-up is measured

    return Path(tempfile.gettempdir())


def _base(platform: str, kind: str) -> str:
    return {"win32": "LOCALAPPDATA", "darwin": ""}.get(platform, f"XDG_{kind}_HOME")


def _local(environ: Mapping[str, str], platform: str, home: Home | None) -> Path:
    """Return Windows' folder for what stays on this machine."""
    named = folder_named(environ, "LOCALAPPDATA", platform)
    return named or needed_home(environ, "LOCALAPPDATA", platform, home) / "AppData" / "Local"


def _in_user_database() -> str | None:
    if sys.platform == "win32":
        return None
    import pwd

    with suppress(KeyError):
        return pwd.getpwuid(os.getuid()).pw_dir or None
    return None
