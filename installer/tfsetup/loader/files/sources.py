"""The disk: files mapped into memory, folders as file systems, wheels from files. (Touches the world.)."""

from __future__ import annotations

import mmap
import os
import posixpath
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tfsetup.ground.looking import interpreter_in, python_of
from tfsetup.loader.bytes import MalformedImage, check_range
from tfsetup.loader.files.archive import Archive, read_archive
from tfsetup.loader.files.inflate import BlockCache
from tfsetup.loader.files.places import read_at
from tfsetup.loader.model import Entry


class MappedFile:
    """A file on disk as a `ByteSource`, mapped at the first reading; no descriptor stays open."""

    __slots__ = ("_map", "_path", "size")

    def __init__(self, path: Path, size: int | None = None) -> None:
        """Show the file at `path`; `size` (bytes) saves asking for it again."""
        self._path = path
        self.size = path.stat().st_size if size is None else size
        self._map: mmap.mmap | None = None

    def read(self, offset: int, length: int) -> bytes:
        """Return `length` bytes from `offset`; see `ByteSource.read`.

        Raises:
            MalformedImage: also when the file cannot be opened, or has become shorter since it was looked at.
        """
        check_range(offset, length, self.size)
        if not length:
            return b""
        if self._map is None:
            self._map = self._open()
        return self._map[offset : offset + length]

    def _open(self) -> mmap.mmap:
        try:
            with self._path.open("rb") as file:
                return mmap.mmap(file.fileno(), self.size, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise MalformedImage(f"cannot be read: {error}") from error


class OpenFile:
    """A file on disk read through one open descriptor: for wheels, whose pages a mapping would keep in memory.

    Threads may read it at once.
    """

    __slots__ = ("__weakref__", "_descriptor", "size")

    def __init__(self, path: Path) -> None:
        """Open `path` until this object is dropped."""
        self._descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        weakref.finalize(self, os.close, self._descriptor)
        self.size = os.fstat(self._descriptor).st_size

    def read(self, offset: int, length: int) -> bytes:
        """Return `length` bytes from `offset`; see `ByteSource.read`."""
        check_range(offset, length, self.size)
        data = read_at(self._descriptor, length, offset)
        if len(data) < length:
            raise MalformedImage("the file became shorter while it was read", offset=offset)
        return data


class LocalTree:
    """A folder of this machine as a `Filesystem`. `at`: the absolute path at which the target sees it."""

    def __init__(self, root: Path, *, at: str | None = None) -> None:
        """Show `root`, everything below it and nothing else, at `at` (None: where it is)."""
        self._root = Path(os.path.realpath(root))
        self._prefix = self._root.as_posix().rstrip("/")
        self.at = self._prefix if at is None else at.rstrip("/")

    def lookup(self, path: str) -> Entry | None:
        """See `Filesystem.lookup`; a link that leads out of the folder leads nowhere."""
        local = self._local(path)
        if local is None:
            return None
        real = os.path.realpath(local)
        shown = self._shown(Path(real).as_posix())
        try:
            facts = os.stat(real)  # noqa: PTH116 - `Path.stat` builds a Path for each of thousands of look-ups
        except OSError:
            return None
        if shown is None:
            return None
        source = None if os.path.isdir(real) else MappedFile(Path(real), facts.st_size)  # noqa: PTH112
        return Entry(path=shown, identity=(facts.st_dev, facts.st_ino, facts.st_mtime_ns), source=source)

    def listdir(self, path: str) -> Sequence[str]:
        """See `Filesystem.listdir`."""
        local = self._local(path)
        try:
            return sorted(os.listdir(local)) if local else []  # noqa: PTH208 - names are wanted, not paths
        except OSError:
            return []

    def _local(self, path: str) -> str | None:
        if path == self.at or path.startswith(f"{self.at}/"):
            return (self._prefix + path[len(self.at) :]) or "/"
        clean = posixpath.normpath(path)
        return self._local(clean) if clean != path else None

    def _shown(self, real: str) -> str | None:
        if real == self._prefix or real.startswith(f"{self._prefix}/"):
            return self.at + real[len(self._prefix) :]
        return None


def open_wheel(path: Path, cache: BlockCache | None = None) -> Archive:
    """Open a wheel on disk.

    Raises:
        MalformedImage: it is not a zip archive, or a damaged one.
    """
    return read_archive(OpenFile(path), cache)


def library_path() -> str:
    """Return this process's LD_LIBRARY_PATH: what a Python started from here would inherit."""
    return os.environ.get("LD_LIBRARY_PATH", "")


def preloaded() -> str:
    """Return this process's LD_PRELOAD."""
    return os.environ.get("LD_PRELOAD", "")


def dyld_variables() -> tuple[str, ...]:
    """Return the names of the variables for dyld that a Python started from here would inherit."""
    return tuple(sorted(name for name in os.environ if name.startswith("DYLD_")))


@dataclass(frozen=True, kw_only=True, slots=True)
class Environment:
    """An environment on this disk: its site-packages and, as far as they show, root, interpreter and Python `X.Y`."""

    site: Path
    prefix: Path
    executable: Path | None
    python: str | None


def find_wheels(folder: Path) -> tuple[Path, ...]:
    """Return the wheels in a folder, sorted by name."""
    return tuple(sorted(folder.glob("*.whl")))


def find_environment(folder: Path) -> Environment | None:
    """Recognise an environment's root, or a site-packages folder; None when `folder` is neither."""
    folder = folder.resolve()
    if folder.name in _SITE_NAMES or next(folder.glob("*.dist-info"), None):
        prefix = _prefix_of(folder)
        return _environment(folder, prefix or folder.parent, interpreter_in(prefix) if prefix else None)
    sites = [site for pattern in _SITES for site in sorted(folder.glob(pattern)) if site.is_dir()]
    return _environment(sites[0].resolve(), folder, interpreter_in(folder)) if sites else None


_SITE_NAMES = ("site-packages", "dist-packages")
_SITES = ("lib/python3*/site-packages", "Lib/site-packages", "lib/python3*/dist-packages", "lib/python3/dist-packages")


def _prefix_of(site: Path) -> Path | None:
    """Return the root of the environment a site-packages belongs to, if that is where it lies."""
    levels = 1 if site.parent.name == "Lib" else 2
    above = site.parents[min(levels, len(site.parents) - 1)]
    return above if interpreter_in(above) else None


def _environment(site: Path, prefix: Path, executable: Path | None) -> Environment:
    python = python_of(prefix, [site.parent.name])
    return Environment(site=site, prefix=prefix, executable=executable, python=python)
