"""A wheel on an index, read through HTTP range requests. (Touches the world.).

What was fetched is kept in a temporary file, not in memory. A server that knows no ranges sends the whole file once.
"""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import IO

from tfsetup.errors import NetworkError
from tfsetup.ground.exchange import at_once
from tfsetup.ground.folders import temporary_place
from tfsetup.ground.http import Http, body_of
from tfsetup.ground.ranges import Span
from tfsetup.ground.settings import index_choice
from tfsetup.loader.bytes import MalformedImage, check_range
from tfsetup.loader.files.archive import Archive

CHUNK = 1 << 16
"""Bytes are fetched in multiples of this."""

TAIL = 1 << 17
"""Bytes fetched first, from the end of the file: the directory of most wheels fits."""

WHOLE = 16 << 20
"""Files up to this many bytes are fetched as a whole: in a small wheel most of it is what is wanted."""

_AHEAD_LIMIT = 16 << 20
_AT_ONCE = 8


@dataclass
class Traffic:
    """How much was fetched, in bytes and requests, over all files that share it."""

    fetched: int = 0
    requests: int = 0


@dataclass
class RemoteFile:
    """A file at an address as a `ByteSource`."""

    url: str
    session: Http
    traffic: Traffic = field(default_factory=Traffic)

    def __post_init__(self) -> None:
        """Ask for the end of the file, which also tells its size."""
        self._file: IO[bytes] = tempfile.TemporaryFile(dir=temporary_place(os.environ))  # noqa: SIM115 - lives as long as this object
        weakref.finalize(self, self._file.close)
        self._have: set[int] = set()
        self._expected = range(0)
        self.size = self._take(Span(first=None, last=TAIL), None)

    def read(self, offset: int, length: int) -> bytes:
        """Return `length` bytes from `offset`; see `ByteSource.read`.

        Raises:
            NetworkError: the server does not answer, or not with what was asked for.
        """
        check_range(offset, length, self.size)
        first, last = offset // CHUNK, (offset + length - 1) // CHUNK
        for start, stop in _runs(index for index in range(first, last + 1) if index not in self._have):
            self._fetch(start, self._look_ahead(start, stop))
        self._file.seek(offset)
        return self._file.read(length)

    def expect(self, offset: int, length: int) -> None:
        """Say that a range will be read from front to back: it is then fetched in large pieces, and nothing beyond."""
        self._expected = range(offset, offset + length)

    def fetch_whole(self) -> None:
        """Fetch the file as a whole, in one request."""
        self._fetch(0, -(-self.size // CHUNK))

    def _look_ahead(self, start: int, stop: int) -> int:
        """Return the chunk before which a fetch of `start` to `stop` should end."""
        if start * CHUNK not in self._expected and (start + 1) * CHUNK not in self._expected:
            return stop
        wanted = min(-(-self._expected.stop // CHUNK), start + _AHEAD_LIMIT // CHUNK)
        return next((index for index in range(stop, wanted) if index in self._have), max(stop, wanted))

    def _fetch(self, start: int, stop: int) -> None:
        self._take(Span(first=start * CHUNK, last=min(stop * CHUNK, self.size) - 1), self.size)

    def _take(self, span: Span, known: int | None) -> int:
        """Fetch a part, write it where it belongs, and return the size of the file as far as it is known now."""
        part, answer = self.session.part(self.url, span, known)
        self.traffic.requests += 1
        with answer:
            self._file.seek(part.first)
            for piece in body_of(part, answer):
                self._file.write(piece)
                self.traffic.fetched += len(piece)
        end = self._file.tell()
        size = end if part.total is None else part.total
        self._have.update(range(-(-part.first // CHUNK), -(-end // CHUNK) if end == size else end // CHUNK))
        return size


def _runs(indexes: Iterator[int]) -> list[tuple[int, int]]:
    """Join neighbouring numbers into half-open runs."""
    runs: list[tuple[int, int]] = []
    for index in indexes:
        if runs and runs[-1][1] == index:
            runs[-1] = (runs[-1][0], index + 1)
        else:
            runs.append((index, index + 1))
    return runs


def open_all(addresses: Mapping[str, str], traffic: Traffic | None = None) -> list[tuple[str, Archive]]:
    """Open wheels at their addresses, several at a time; return (file name, archive) in the order given.

    Raises:
        NetworkError: a server does not answer, or what it sends is no wheel.
        UsageError: an address, or one it leads on to, is plain http on another machine.
        InvalidFileError: the certificates that a variable names cannot be used.
    """
    from tfsetup.loader.files.archive import read_archive
    from tfsetup.loader.files.inflate import BlockCache

    if not addresses:
        return []
    counted, cache, session = traffic or Traffic(), BlockCache(), Http(choice=index_choice())

    def open_one(item: tuple[str, str]) -> tuple[str, Archive]:
        name, url = item
        try:
            file = RemoteFile(url, session, counted)
            if file.size <= WHOLE:
                file.fetch_whole()
            return name, replace(read_archive(file, cache), expect=file.expect)
        except MalformedImage as error:
            raise NetworkError(f"What the index sent as {name} is no wheel: {error}.") from error

    return at_once(open_one, list(addresses.items()), threads=_AT_ONCE)
