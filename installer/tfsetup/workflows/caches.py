"""The caches: where they are, how large, and emptying them. Whatever lies there can be made anew at any time."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NamedTuple

from tfsetup.errors import BuildError
from tfsetup.ground.folders import known_cache

_ALL: Final = -1


class Kind(NamedTuple):
    """A cache of ours, in a folder (or one file) of that name; `limit` is in bytes, None: it stays small by itself."""

    name: str
    what: str
    limit: int | None = None


KINDS: Final = (
    Kind("digests", "what a loader needs of wheels that were read", 2_000_000_000),
    Kind("listings", "the names of the files in wheels", 200_000_000),
    Kind("index", "pages and metadata of package indexes", 200_000_000),
    Kind("proofs", "what was found of whole locks", 50_000_000),
    Kind("probe.json", "what interpreters and drivers said of this machine"),
)
"""Those that tfsetup fills itself. What uv and rattler keep there (packages, interpreters) is theirs to clear."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cache:
    """One cache."""

    name: str
    """What it is called: the name of its folder, or of its file."""
    what: str
    """What is in it."""
    path: str
    """Where it is."""
    files: int
    """How many files it has."""
    bytes: int
    """How large they are together."""
    limit: int | None
    """How large they may be, in bytes, before those that were used longest ago go. None: it stays small by itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Caches:
    """The caches as they are now."""

    folder: str | None
    """The folder of all of them. None: there is no home folder, and nothing is kept."""
    caches: tuple[Cache, ...]
    """Each of them."""
    files: int
    """How many files they have."""
    bytes: int
    """How large they are together."""
    changed: bool = False
    """Whether anything was removed just now."""
    removed_files: int = 0
    """How many files went."""
    removed_bytes: int = 0
    """How large they were together."""


class _File(NamedTuple):
    path: Path
    size: int
    used: int


def caches() -> Caches:
    """Return the caches of this user.

    Raises:
        TfsetupError: a variable names no absolute path.
    """
    folder = known_cache(os.environ)
    found = tuple(_cache(folder, kind) for kind in KINDS) if folder is not None else ()
    return Caches(
        folder=None if folder is None else str(folder), caches=found,
        files=sum(one.files for one in found), bytes=sum(one.bytes for one in found),
    )  # fmt: skip


def prune() -> Caches:
    """Bring the caches within their limits: what was used longest ago goes first.

    Raises:
        TfsetupError: a variable names no absolute path.
        BuildError: something cannot be removed.
    """
    return _without(lambda kind: kind.limit)


def clear() -> Caches:
    """Empty the caches.

    Raises:
        TfsetupError: a variable names no absolute path.
        BuildError: something cannot be removed.
    """
    return _without(lambda _kind: _ALL)


def _without(limit_of: Callable[[Kind], int | None]) -> Caches:
    folder = known_cache(os.environ)
    gone: list[_File] = []
    for kind in KINDS if folder is not None else ():
        limit = limit_of(kind)
        if folder is not None and limit is not None:
            gone += _removed(_beyond(_files(folder / kind.name), limit))
            _sweep_folders(folder / kind.name)
    return replace(caches(), changed=bool(gone), removed_files=len(gone), removed_bytes=sum(one.size for one in gone))


def _cache(folder: Path, kind: Kind) -> Cache:
    found = list(_files(folder / kind.name))
    return Cache(
        name=kind.name, what=kind.what, path=str(folder / kind.name), files=len(found),
        bytes=sum(one.size for one in found), limit=kind.limit,
    )  # fmt: skip


def _files(path: Path) -> Iterator[_File]:
    """Yield the files at and below a path; a link is a file, wherever it leads."""
    with suppress(OSError):
        facts = path.lstat()
        if not stat.S_ISDIR(facts.st_mode):
            yield _File(path, facts.st_size, facts.st_mtime_ns)
            return
        for each in sorted(path.iterdir()):
            yield from _files(each)


def _beyond(files: Iterable[_File], limit: int) -> Iterator[_File]:
    """Yield what does not fit: what was used last is kept."""
    for one in sorted(files, key=lambda one: one.used, reverse=True):
        limit -= one.size
        if limit < 0:
            yield one


def _removed(files: Iterable[_File]) -> Iterator[_File]:
    """Remove files and yield those that were there."""
    for one in files:
        try:
            one.path.unlink()
        except FileNotFoundError:
            continue
        except OSError as problem:
            message = f"{one.path} cannot be removed: {problem.strerror or problem}."
            raise BuildError(message, hint="Remove it by hand: whatever lies in a cache can be made anew.") from problem
        yield one


def _sweep_folders(path: Path) -> None:
    """Remove folders that are empty now; one into which somebody writes just now stays."""
    if path.is_symlink() or not path.is_dir():
        return
    with suppress(OSError):
        for each in path.iterdir():
            _sweep_folders(each)
        path.rmdir()
