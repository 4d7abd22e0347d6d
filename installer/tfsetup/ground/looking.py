"""Looks at the place of an environment; `prefix` judges what is found. (Touches the disk, and changes nothing.)."""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal

from tfsetup.errors import UsageError
from tfsetup.ground.folders import home_folder
from tfsetup.ground.prefix import (
    NAMES,
    Above,
    Absent,
    Found,
    Gone,
    Identity,
    Kept,
    Kind,
    Place,
    Prefix,
    What,
    interpreter_name,
    objection,
    repair,
    sentence,
)

_NOT_THERE = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}
_VERSION = re.compile(r"^version(?:_info)?\s*=\s*(3\.\d{1,2})(?!\d)", re.MULTILINE)
_PROJECT = (".git", ".hg", ".svn", "pyproject.toml", "setup.py", "setup.cfg")


def look(path: Path) -> Found:
    """Return what stands at `path`: an environment (or an interpreter), nothing of the kind, or the rest of one.

    Raises:
        UsageError: it cannot be looked at.
    """
    try:
        return _look(path)
    except OSError as error:
        hint = "Check the folder's permissions."
        raise UsageError(f"{path} cannot be looked at: {error.strerror}.", hint=hint) from error
    except ValueError as error:
        raise UsageError(f"{path!s:.200} cannot be looked at: {error}.", hint="Name a folder.") from error


def find(path: Path) -> Prefix:
    """Return the environment or interpreter at `path`.

    Raises:
        UsageError: there is none, or it cannot be looked at.
    """
    found = look(path)
    if isinstance(found, Prefix):
        return found
    raise missing(found)


def missing(found: Absent | Gone) -> UsageError:
    """Return the error that every command raises for an environment that is not there."""
    return UsageError(sentence(found), hint=repair(found))


def _look(path: Path) -> Found:
    status = _stat(path)
    if status is None:
        if _link(path) is None:
            return Absent(path=path)
        return Gone(path=path, link=path, target=_end(path), ours=generation(path) is not None)
    if stat.S_ISREG(status.st_mode):
        root = path.absolute().parent
        root = root.parent if root.name in {"bin", "Scripts"} else root
        return Prefix(path=path, root=root, python=path.absolute(), kind=kind_of(root) or "installation")
    if not stat.S_ISDIR(status.st_mode):
        return Absent(path=path, instead="other")
    return _look_inside(path)


def _look_inside(path: Path) -> Found:
    python = interpreter_in(path)
    lost = _lost(path, python)
    if lost is not None:
        return Gone(path=path, link=lost[0], target=lost[1], ours=generation(path) is not None)
    if python is None:
        return Absent(path=path, instead="folder")
    return Prefix(path=path, root=path.absolute(), python=python.absolute(), kind=kind_of(path) or "installation")


def interpreter_in(folder: Path) -> Path | None:
    """Return the interpreter of an environment or installation at `folder`, None: it has none that is there."""
    for name in NAMES:
        status = _stat(folder / name)
        if status is not None and stat.S_ISREG(status.st_mode):
            return folder / name
    return None


def _lost(folder: Path, python: Path | None) -> tuple[Path, Path] | None:
    """Return the link, and what it led to, of an environment whose Python was removed; None: nothing was.

    An interpreter that is a copy or a launcher (Windows, `--copies`) finds its Python through `home` of pyvenv.cfg.
    """
    config = folder / "pyvenv.cfg"
    if python is not None:
        home = _home_in(config) if _link(python) is None else None
        return (config, home) if home is not None and _stat(home) is None else None
    for name in NAMES:
        if _link(folder / name) is not None:
            return folder / name, _end(folder / name)
    at = folder / interpreter_name(windows=sys.platform == "win32")
    return (at, at) if _stat(config) is not None else None


def _home_in(config: Path) -> Path | None:
    found = re.search(r"^home\s*=\s*(\S.*?)\s*$", _settings(config), re.MULTILINE)
    return Path(found[1]) if found and Path(found[1]).is_absolute() else None


def _settings(config: Path) -> str:
    try:
        return config.read_bytes()[:65536].decode("utf-8", "replace")
    except OSError:
        return ""


def python_of(root: Path, libraries: Iterable[str]) -> str | None:
    """Return the Python `X.Y` an environment is for, None: it does not say.

    The names of its library folders tell (`python3.12`), or else, on Windows, its `pyvenv.cfg`.
    """
    named = (re.fullmatch(r"python(3\.\d{1,2})t?", name) for name in libraries)
    found = next(filter(None, named), None) or _VERSION.search(_settings(root / "pyvenv.cfg"))
    return found[1] if found else None


def kind_of(folder: Path) -> Kind | None:
    """Return what kind of interpreter's folder this is by its files, None: it is no such folder.

    A virtual environment has no standard library of its own (PEP 405): a folder with one is an installation, whatever
    else lies in it.
    """
    kind = environment_kind(folder)
    if kind is not None:
        return kind
    signs = (*NAMES, "Lib/os.py")
    if any(os.path.lexists(folder / name) for name in signs) or _first(folder, "lib/python3*/os.py", "bin/python[23]*"):
        return "installation"
    return None


def environment_kind(folder: Path) -> Literal["venv", "conda", "conda-base"] | None:
    """Return what kind of environment has its root at `folder`, None: none has."""
    if _stat(folder / "conda-meta") is not None:
        own = _first(folder, "condabin", "pkgs", "conda-meta/conda-[0-9]*.json")
        return "conda-base" if own else "conda"
    if _stat(folder / "pyvenv.cfg") is None or _first(folder, "Lib/os.py", "lib/python3*/os.py"):
        return None
    return "venv" if any(os.path.lexists(folder / name) for name in NAMES) else None


def _first(folder: Path, *patterns: str) -> Path | None:
    return next((found for pattern in patterns for found in folder.glob(pattern)), None)


def generation(prefix: Path) -> int | None:
    """Return the number of the generation that a link of tfsetup's leads to, there or not; None: it is no such link."""
    target = _read_link(prefix)
    if target is None or not target.name.isdigit():
        return None
    parent = Path(os.path.realpath(prefix.parent))
    beside = Path(os.path.abspath(parent / target)).parent  # noqa: PTH100 - as text: what it leads to may be gone
    return int(target.name) if beside == parent / f"{prefix.name}.generations" else None


def place_at(path: Path) -> Place:
    """Return the facts about `path` as the place of an environment. Raises nothing: what goes wrong is a fact, too."""
    text = str(path)
    try:
        parent = Path(os.path.abspath(path.parent)).resolve()  # noqa: PTH100 - `..` is cut as text, before links
        whole = parent / path.name
        return _place(text, whole)
    except (OSError, ValueError, RuntimeError) as error:
        problem = getattr(error, "strerror", None) or str(error)
        return Place(text=text, path=path, what="unreadable", problem=problem)


def _place(text: str, whole: Path) -> Place:
    what = _what(whole)
    return Place(
        text=text,
        path=whole,
        what=what,
        identity=_identity(whole),
        target=_link(whole),
        mount=os.path.ismount(whole),
        project=next((name for name in _PROJECT if os.path.lexists(whole / name)), None) if what != "link" else None,
        above=tuple(_above(whole)),
    )


def _what(whole: Path) -> What:
    if generation(whole) is not None:
        return "generation"
    if _link(whole) is not None:
        return "link"
    status = _stat(whole)
    if status is None:
        return "absent"
    if not stat.S_ISDIR(status.st_mode):
        return "file"
    with os.scandir(whole) as entries:
        if next(entries, None) is None:
            return "empty"
    return kind_of(whole) or "folder"


def _above(whole: Path) -> Iterator[Above]:
    for folder in whole.parents:
        if folder.name.endswith(".generations"):
            yield Above(path=folder, kind="generations")
        kind = environment_kind(folder)
        if kind is not None:
            yield Above(path=folder, kind=kind)


def kept(what: str, *paths: str | os.PathLike[str] | None) -> Kept:
    """Return something that must stay, by the paths that lead to it (None: left out), as written and without links."""
    spelled = [Path(os.path.abspath(path)) for path in paths if path]  # noqa: PTH100 - links are followed below
    found = tuple(dict.fromkeys([*spelled, *(Path(os.path.realpath(path)) for path in spelled)]))
    names = {name for path in found for name in (path, *path.parents)}
    return Kept(what=what, paths=found, identities=frozenset(filter(None, map(_identity, names))))


def kept_always() -> Iterator[Kept]:
    """Yield what no environment may take away, whatever is installed: home, the working folder, tfsetup's Python."""
    yield kept("your home folder", home_folder(os.environ), home_folder({}))  # as HOME says, and as the account says
    with suppress(OSError):
        yield kept("the working folder", Path.cwd())
    yield kept("the Python that runs tfsetup", sys.prefix, sys.base_prefix, sys.executable)


def refuse(path: Path, also: tuple[Kept, ...] = (), *, replace: bool = False) -> None:
    """Raise when `path` may not become an environment; `also` is kept besides what always is.

    Raises:
        UsageError: it may not; nothing was changed.
    """
    found = objection(place_at(path), (*kept_always(), *also), replace=replace, windows=sys.platform == "win32")
    if found is not None:
        raise found


def _stat(path: Path) -> os.stat_result | None:
    """Return the facts of what is at `path`, links followed; None: nothing is, or a link leads nowhere.

    Raises:
        OSError: it cannot be told.
    """
    try:
        return path.stat()
    except OSError as error:
        if error.errno in _NOT_THERE:
            return None
        raise


def _identity(path: Path) -> Identity | None:
    try:
        found = path.lstat()
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


def _read_link(path: Path) -> Path | None:
    """Return what a link or junction says, word for word; None: it is none."""
    try:
        target = os.readlink(path)  # noqa: PTH115 - also reads junctions, which Path.readlink did not before 3.12
    except OSError:
        return None
    return Path(target.removeprefix("\\\\?\\"))


def _link(path: Path) -> Path | None:
    """Return where a link or junction leads, one step, as a path from here; None: it is none."""
    target = _read_link(path)
    return None if target is None else path.parent / target


def _end(path: Path) -> Path:
    """Follow links as far as they lead, to what is missing; of links in a circle the one that closes it."""
    seen: set[Path] = set()
    while path not in seen and (target := _link(path)) is not None:
        seen.add(path)
        path = target
    return path
