"""Which settings files of uv count, by its own rule. Pure.

uv: UV_CONFIG_FILE alone, where it is set; nothing under UV_NO_CONFIG; else the nearest folder from the working folder
upwards that has a uv.toml, or a pyproject.toml with `[tool.uv]`, then the user's file, then the first of the system's
(https://docs.astral.sh/uv/concepts/configuration-files/). Reading is the caller's business: `read` gives the text of a
file, None where there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import PurePath, PurePosixPath, PureWindowsPath
from typing import Any

from tfsetup.errors import InvalidFileError, UsageError
from tfsetup.ground.values import value

TRUE = frozenset({"1", "true", "t", "yes", "y", "on"})

Table = dict[str, Any]  # what TOML says: texts, numbers, lists and tables of them
Read = Callable[[str], str | None]


@value
class SettingsFile:
    """A settings file of uv that counts: where it stands, its text, and uv's table of it."""

    path: str
    text: str
    table: Table

    def where(self, word: str) -> str:
        """Return the file and the first line that has `word`, for people."""
        line = next((n for n, line in enumerate(self.text.splitlines(), 1) if word in line), None)
        return self.path if line is None else f"{self.path}:{line}"


@value
class Here:
    """Where uv would look: the working folder, the user's home (None: nobody knows), and whether this is Windows."""

    cwd: str
    home: str | None
    windows: bool = False

    def pure(self, path: str) -> PurePath:
        """Return a path of this system."""
        return PureWindowsPath(path) if self.windows else PurePosixPath(path)


def find(environ: Mapping[str, str], here: Here, read: Read) -> tuple[SettingsFile, ...]:
    """Return the settings files that count, the strongest first.

    Raises:
        InvalidFileError: one that counts is not valid TOML. A pyproject.toml that is not is passed over, as by uv.
        UsageError: the file that UV_CONFIG_FILE names cannot be read.
    """
    named = environ.get("UV_CONFIG_FILE")
    if named:
        return (_named(str(here.pure(here.cwd) / named), read),)
    if _true(environ, "UV_NO_CONFIG") or _true(environ, "UV_ISOLATED"):
        return ()
    found = [*_project(here, read)]
    systems = () if _true(environ, "UV_NO_SYSTEM_CONFIG") else _system(environ, here)
    for places in (_user(environ, here), systems):
        found += next(([file] for place in places for file in _toml(place, read)), [])
    return tuple(found)


def _true(environ: Mapping[str, str], name: str) -> bool:
    return environ.get(name, "").lower() in TRUE


def _named(path: str, read: Read) -> SettingsFile:
    for file in _toml(path, read):
        return file
    raise UsageError(f"UV_CONFIG_FILE names {path}, which cannot be read.", hint="Correct the variable, or unset it.")


def _project(here: Here, read: Read) -> Iterator[SettingsFile]:
    start = here.pure(here.cwd)
    for folder in (start, *start.parents):
        found = [*_toml(str(folder / "uv.toml"), read)] or [*_pyproject(str(folder / "pyproject.toml"), read)]
        if found:
            yield from found
            return


def _user(environ: Mapping[str, str], here: Here) -> Iterator[str]:
    if here.windows:
        root = environ.get("APPDATA")
    else:
        named = environ.get("XDG_CONFIG_HOME", "")
        # A relative one does not count (XDG Base Directory Specification).
        root = named if named.startswith("/") else f"{here.home}/.config" if here.home else None
    if root:
        yield str(here.pure(root) / "uv" / "uv.toml")


def _system(environ: Mapping[str, str], here: Here) -> Iterator[str]:
    if here.windows:
        data, drive = (environ.get(name.upper()) or environ.get(name) for name in ("ProgramData", "SystemDrive"))
        roots = [data or f"{drive}\\ProgramData"] if data or drive else []
    else:
        roots = [*(environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":"), "/etc"]
    yield from (str(here.pure(root) / "uv" / "uv.toml") for root in roots if root)


def _toml(path: str, read: Read) -> Iterator[SettingsFile]:
    text = read(path)
    if text is None:
        return
    from tfsetup.ground.marked_toml import load_toml  # most machines have no such file, and start-up is measured

    yield SettingsFile(path=path, text=text, table=load_toml(text, path))


def _pyproject(path: str, read: Read) -> Iterator[SettingsFile]:
    text = read(path)
    if text is None or "uv" not in text:
        return
    table = _of_project(text)
    if table is not None:
        yield SettingsFile(path=path, text=text, table=table)


@lru_cache(maxsize=8)
def _of_project(text: str) -> Table | None:
    """Return uv's table of a pyproject.toml, which is asked for before each run of uv; None: it has none."""
    from tfsetup.ground.marked_toml import load_toml

    try:
        tool = load_toml(text, "pyproject.toml").get("tool")
    except InvalidFileError:
        return None
    table = tool.get("uv") if isinstance(tool, dict) else None
    return table if isinstance(table, dict) else None
