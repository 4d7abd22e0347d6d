"""Wheels laid over one another as a site-packages folder, so that nothing has to be installed to be looked at.

Layout: the binary distribution format (PEP 427, "Installing a wheel"): the archive's root is site-packages, and so are
`NAME.data/purelib` and `NAME.data/platlib`; the other parts of `NAME.data` go elsewhere and hold no library.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tfsetup.loader.bytes import Answers, ByteSource, answers
from tfsetup.loader.files.archive import Contents
from tfsetup.loader.model import Entry, Filesystem

_ODD = re.compile(r"/\.{0,2}(?:/|$)")
"""A part of a path that another path is spelled without."""
_DATA = re.compile(r"[^/]+\.data/(?P<scheme>[^/]+)/(?P<rest>.+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Conflict:
    """A path, relative to site-packages, that two wheels bring with different content; the later one is what stays."""

    path: str
    wheels: tuple[str, str]


class WheelView:
    """Several wheels as one site-packages, shown at an absolute path.

    Later wheels cover earlier ones, as installing them in that order would. `fold` ignores case (Windows).
    """

    def __init__(self, wheels: Sequence[tuple[str, Contents]], *, at: str, fold: bool = False) -> None:
        """Lay out (file name, archive) pairs at `at`."""
        self.at = at.rstrip("/")
        self._fold = fold
        self._owner: dict[str, tuple[str, Contents, str]] = {}
        self._children: dict[str, set[str]] = {self._key(self.at): set()}
        self._names: dict[str, str] = {}
        self.conflicts: tuple[Conflict, ...] = tuple(self._lay(wheels))

    def lookup(self, path: str) -> Entry | None:
        """See `Filesystem.lookup`."""
        key = self._key(posixpath.normpath(path))
        if key in self._owner:
            wheel, archive, member = self._owner[key]
            source = _LazyMember(archive, member)
            return Entry(path=self._names[key], identity=(wheel, member), source=source)
        if key in self._children:
            return Entry(path=self._names.get(key, self.at), identity=(self.at, key), source=None)
        return None

    def listdir(self, path: str) -> Sequence[str]:
        """See `Filesystem.listdir`."""
        return sorted(self._children.get(self._key(posixpath.normpath(path)), ()))

    def _key(self, path: str) -> str:
        return path.casefold() if self._fold else path

    def _lay(self, wheels: Sequence[tuple[str, Contents]]) -> Iterator[Conflict]:
        for wheel, archive in wheels:
            for name, member in archive.members.items():
                path = installed_path(name)
                if path is None:
                    continue
                full = f"{self.at}/{path}"
                full = posixpath.normpath(full) if _ODD.search(full) else full
                if not full.startswith(f"{self.at}/"):
                    continue  # a member that would climb out of site-packages is installed by nobody
                earlier = self._owner.get(self._key(full))
                if earlier and earlier[1].members[earlier[2]].crc != member.crc:
                    yield Conflict(path=path, wheels=(earlier[0], wheel))
                self._add(full, wheel, archive, name)

    def _add(self, full: str, wheel: str, archive: Contents, member: str) -> None:
        key = self._key(full)
        self._owner[key] = (wheel, archive, member)
        self._names[key] = full
        while full != self.at:
            parent, _, name = full.rpartition("/")
            key = self._key(parent)
            siblings = self._children.get(key)
            if siblings is None:
                siblings = self._children[key] = set()
                self._names.setdefault(key, parent)
            elif name in siblings:
                return
            known = bool(siblings)
            siblings.add(name)
            if known:  # what lies above was told of the first
                return
            full = parent


class Overlay:
    """Several file systems as one: the first that has something at a path decides."""

    def __init__(self, *layers: Filesystem) -> None:
        """Ask `layers` in order."""
        self._layers = layers

    def lookup(self, path: str) -> Entry | None:
        """See `Filesystem.lookup`."""
        return next((entry for layer in self._layers if (entry := layer.lookup(path))), None)

    def listdir(self, path: str) -> Sequence[str]:
        """See `Filesystem.listdir`; the names of all layers together."""
        return sorted({name for layer in self._layers for name in layer.listdir(path)})


def installed_path(member: str) -> str | None:
    """Return where a wheel's member lands relative to site-packages, None when it lands elsewhere."""
    data = _DATA.fullmatch(member)
    if not data:
        return member
    return data["rest"] if data["scheme"] in ("purelib", "platlib") else None


class _LazyMember:
    """A member opened at its first reading, so that laying out thousands of files reads none of them."""

    __slots__ = ("_archive", "_name", "_source", "size")

    def __init__(self, archive: Contents, name: str) -> None:
        self._archive, self._name = archive, name
        self._source: ByteSource | None = None
        self.size = archive.members[name].size

    def read(self, offset: int, length: int) -> bytes:
        return self._opened().read(offset, length)

    def answers(self, base: int) -> tuple[Answers, int] | None:
        return answers(self._opened(), base)

    def _opened(self) -> ByteSource:
        if self._source is None:
            self._source = self._archive.open(self._name)
        return self._source
