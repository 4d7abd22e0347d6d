"""Reads the user's settings of uv and pip from this machine, and refuses those that somebody else could have written.

The one place that does. What the settings mean is `index`' business. (Touches the world.)
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tfsetup.errors import InvalidFileError, UsageError
from tfsetup.ground.folders import home_folder
from tfsetup.ground.index import choose
from tfsetup.ground.pip_files import pip_variables, speaks
from tfsetup.ground.strangers import Me, Owned, stranger
from tfsetup.ground.text import find_regular
from tfsetup.ground.uv_files import Here, SettingsFile, find
from tfsetup.ground.uv_settings import Choice

_LIMIT = 4 << 20  # bytes of a settings file; a longer one is none


def index_choice(environ: Mapping[str, str] | None = None, index_url: str | None = None) -> Choice:
    """Return the indexes that uv will use here and now; `environ` are the variables (this process's by default).

    Raises:
        UsageError: a settings file could have been written by another user.
        InvalidFileError: a settings file of uv's is not valid TOML, or one of pip's cannot be parsed.
    """
    variables = os.environ if environ is None else environ
    return choose(variables, uv_settings(variables), index_url, pip_variables(pip_settings(variables)))


def uv_settings(environ: Mapping[str, str]) -> tuple[SettingsFile, ...]:
    """Return uv's settings files that count here, the strongest first.

    Raises:
        UsageError: one of them could have been written by another user.
        InvalidFileError: one of them is not valid TOML.
    """
    here = Here(cwd=_cwd(), home=_home(environ), windows=sys.platform == "win32")
    files = find(environ, here, read)
    for file in files:
        refuse_strangers(Path(file.path))
    return files


def pip_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the text of each settings file of pip that says something of indexes, by its path, the strongest first.

    Raises:
        UsageError: one of them could have been written by another user.
    """
    named = environ.get("PIP_CONFIG_FILE")
    if named == os.devnull:  # pip's way to say that no file counts
        return {}
    places = [*([named] if named else []), *pip_places(environ, _home(environ), windows=sys.platform == "win32")]
    found = {path: text for path in places if (text := read(path)) is not None and speaks(text)}
    for path in found:
        refuse_strangers(Path(path))
    return found


def pip_places(environ: Mapping[str, str], home: str | None, *, windows: bool) -> list[str]:
    """Return where pip looks for settings, the strongest first: the user's, then the machine's. Pure."""
    if windows:
        roots = [environ.get("APPDATA"), home, environ.get("PROGRAMDATA")]
        return [f"{root}\\pip\\pip.ini" for root in roots if root]
    config = environ.get("XDG_CONFIG_HOME") or (f"{home}/.config" if home else "")
    users = [f"{config}/pip/pip.conf"] if config else []
    users += [f"{home}/.pip/pip.conf", f"{home}/Library/Application Support/pip/pip.conf"] if home else []
    shared = [
        f"{folder}/pip/pip.conf" for folder in (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":") if folder
    ]
    return [*users, "/etc/pip.conf", "/Library/Application Support/pip/pip.conf", *shared]


def read(path: str) -> str | None:
    """Return the text of a settings file; None where there is none, or nothing that could be one (a pipe, a folder)."""
    try:
        return find_regular(Path(path), "settings file", most=_LIMIT)
    except InvalidFileError:
        return None


def refuse_strangers(path: Path) -> None:
    """Refuse a settings file that another user could have written, or put there.

    Raises:
        UsageError: with the file and why.
    """
    if sys.platform == "win32":  # who may write there is a list of rights, not an owner
        return
    me = _me()
    # A link as well as what it leads to: either decides what is read.
    for one in {path, path.resolve()}:
        try:
            why = stranger(_owned(one.lstat()), _owned(one.parent.stat()), me)
        except OSError as error:
            why = f"its owner cannot be seen ({error.strerror})"
        if why is not None:
            raise UsageError(
                f"{one} would decide which package index is used, but {why}.",
                hint="Remove it, or take it over (chown, chmod go-w). UV_NO_CONFIG=1 uses no settings file of uv's, "
                f"PIP_CONFIG_FILE={os.devnull} none of pip's.",
            )


def _owned(found: os.stat_result) -> Owned:
    # The mode of a link says nothing: nobody can write one, only replace it.
    mode = 0 if stat.S_ISLNK(found.st_mode) else found.st_mode
    return Owned(uid=found.st_uid, gid=found.st_gid, mode=mode)


def _me() -> Me:
    uid = os.geteuid()
    groups = {group for group in (os.getegid(),) if _alone(uid, group)}
    cwd = None
    if uid == 0:
        with suppress(OSError):
            here = Path.cwd().stat()
            cwd = here.st_uid
            groups |= {here.st_gid} if cwd and _alone(cwd, here.st_gid) else set()
    return Me(uid=uid, own_groups=groups, cwd_owner=cwd)


def _alone(uid: int, gid: int) -> bool:
    """Tell whether a group is a user's private one, which is named or numbered as the user is (`useradd -U`)."""
    if uid == gid:
        return True
    try:
        import grp
        import pwd

        return pwd.getpwuid(uid).pw_name == grp.getgrgid(gid).gr_name
    except (ImportError, KeyError):
        return False


def _cwd() -> str:
    try:
        return str(Path.cwd())
    except OSError:  # the folder is gone: nothing lies in it
        return "/"


def _home(environ: Mapping[str, str]) -> str | None:
    found = home_folder(environ)
    return str(found) if found else None
