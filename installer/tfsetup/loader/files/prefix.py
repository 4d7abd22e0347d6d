"""Unpacked conda packages laid over one another as the prefix they would be linked into, before they are.

Layout: conda's package specification. Links stay links, and may lead from one package into another (`libblas.so.3` is
one into OpenBLAS's package); a binary that was built for a placeholder gets the prefix, padded with NULs
(conda, `core/portability.py`, `binary_replace`).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tfsetup.loader.bytes import ByteSource, Memory
from tfsetup.loader.model import Entry

_HOPS = 40
"""Links that are followed on one way: the kernel's own limit (Linux `MAXSYMLINKS`)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """One path of one package, relative to the prefix: a file (`source`) or a symbolic link (`link`, its text)."""

    path: str
    source: ByteSource | None = None
    link: str | None = None


class PrefixView:
    """The files of all packages as a `Filesystem`, shown at an absolute path; of two equal paths the later stays.

    `fold` ignores case (Windows, and a Mac's usual disk).
    """

    def __init__(self, pieces: Iterable[Piece], *, at: str, fold: bool = False) -> None:
        """Lay out the pieces at `at`."""
        self.at = at.rstrip("/")
        self._fold = fold
        self._pieces: dict[str, Piece] = {}
        self._folders: dict[str, set[str]] = {self._key(self.at): set()}
        for piece in pieces:
            full = posixpath.normpath(f"{self.at}/{piece.path}")
            if full.startswith(f"{self.at}/"):  # a path that would climb out of the prefix is linked by nobody
                self._add(full, piece)

    def lookup(self, path: str) -> Entry | None:
        """See `Filesystem.lookup`."""
        real = self._real(path)
        if real is None:
            return None
        piece = self._pieces.get(self._key(real))
        if piece is not None:
            return Entry(path=real, identity=(self.at, self._key(real)), source=piece.source)
        if self._key(real) in self._folders:
            return Entry(path=real, identity=(self.at, self._key(real)), source=None)
        return None

    def listdir(self, path: str) -> Sequence[str]:
        """See `Filesystem.listdir`."""
        real = self._real(path)
        return sorted(self._folders.get(self._key(real), ())) if real is not None else []

    def _key(self, path: str) -> str:
        return path.casefold() if self._fold else path

    def _add(self, full: str, piece: Piece) -> None:
        self._pieces[self._key(full)] = piece
        while full != self.at:
            parent, name = posixpath.split(full)
            siblings = self._folders.setdefault(self._key(parent), set())
            if name in siblings:
                return
            siblings.add(name)
            full = parent

    def _real(self, path: str) -> str | None:
        """Return the path with every link on the way followed; None when links go round, or out of the prefix."""
        path = posixpath.normpath(path)
        for _ in range(_HOPS):
            if not self._key(f"{path}/").startswith(self._key(f"{self.at}/")):
                return None
            followed = self._follow(path)
            if followed == path:
                return path
            path = followed
        return None

    def _follow(self, path: str) -> str:
        """Return the path with the first link on the way replaced by where it leads."""
        at = len(self.at)
        while 0 <= at < len(path):
            end = path.find("/", at + 1)
            at = len(path) if end < 0 else end
            piece = self._pieces.get(self._key(path[:at]))
            if piece is not None and piece.link is not None:
                return posixpath.normpath(posixpath.join(posixpath.dirname(path[:at]), piece.link) + path[at:])
        return path


class Replaced:
    """A binary with its placeholder replaced by the prefix, as an installer writes it; read as a whole when needed."""

    __slots__ = ("_content", "_placeholder", "_prefix", "_source", "size")

    def __init__(self, source: ByteSource, placeholder: str, prefix: str) -> None:
        """Show `source` with `prefix` where `placeholder` was."""
        self._source, self._placeholder, self._prefix = source, placeholder.encode(), prefix.encode()
        self._content: Memory | None = None
        self.size = source.size  # which the replacement keeps

    def read(self, offset: int, length: int) -> bytes:
        """Return `length` bytes from `offset`; see `ByteSource.read`."""
        if self._content is None:
            self._content = Memory(self._replace(self._source.read(0, self._source.size)))
        return self._content.read(offset, length)

    def _replace(self, data: bytes) -> bytes:
        """Replace within each NUL-terminated string, and pad that string to its old length.

        A prefix longer than the placeholder cannot be linked at all; the bytes then stay.
        """
        shorter = len(self._placeholder) - len(self._prefix)
        if shorter < 0:
            return data

        def replaced(found: re.Match[bytes]) -> bytes:
            text = found[0]
            count = text.count(self._placeholder)
            return text.replace(self._placeholder, self._prefix) + b"\0" * (shorter * count)

        return re.sub(re.escape(self._placeholder) + rb"[^\0]*", replaced, data)
