"""A file at an address, fetched in parts as it is read, or in pieces beside its reading. (Touches the world.).

What was fetched is kept in a temporary file, not in memory. A server that knows no ranges sends the whole file once.
"""

from __future__ import annotations

import os
import tempfile
import threading
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

from tfsetup.errors import NetworkError
from tfsetup.ground.folders import temporary_place
from tfsetup.ground.http import Http, body_of
from tfsetup.ground.ranges import Span
from tfsetup.loader.bytes import check_range
from tfsetup.loader.files.places import read_at, write_at

CHUNK = 1 << 16
"""Bytes are fetched in multiples of this."""

TAIL = 1 << 17
"""Bytes fetched first, from the end of the file: the directory of most wheels fits."""

MOSTLY = 0.5
"""A wheel is fetched as a whole in pieces, beside the reading, where what is read is at least this share of it."""

_AHEAD_LIMIT = 16 << 20

STREAMS = 4
"""Requests at a time for one file: the wait for the first byte of a range is half of all waiting."""

PIECE = 16 << 20
"""Bytes of one of them."""

_TICK = 0.2


@dataclass
class Traffic:
    """How much was fetched, in bytes and requests, over all files that share it."""

    fetched: int = 0
    requests: int = 0


@dataclass
class Pieces:
    """A file at an address, as far as it was fetched. Threads may read it at once."""

    url: str
    session: Http
    traffic: Traffic = field(default_factory=Traffic)

    def __post_init__(self) -> None:
        """Ask for the end of the file, which also tells its size."""
        self._file: IO[bytes] = tempfile.TemporaryFile(buffering=0, dir=temporary_place(os.environ))  # noqa: SIM115 - as this object
        weakref.finalize(self, self._file.close)
        self._have: set[int] = set()
        self._expected = range(0)
        self._changed = threading.Condition()
        self._waiting: list[range] = []
        self._coming: list[range] = []
        self.size = self._take(Span(first=None, last=TAIL), None)

    def read(self, offset: int, length: int) -> bytes:
        """Return `length` bytes from `offset`; see `ByteSource.read`.

        Raises:
            NetworkError: the server does not answer, or not with what was asked for.
        """
        check_range(offset, length, self.size)
        first, last = offset // CHUNK, (offset + length - 1) // CHUNK
        while missing := self._missing(range(first, last + 1)):
            self._fetch(missing.start, self._look_ahead(missing.start, missing.stop))
        return read_at(self._file.fileno(), length, offset)

    def expect(self, offset: int, length: int) -> None:
        """Say that a range will be read from front to back: it is then fetched in large pieces, and nothing beyond."""
        self._expected = range(offset, offset + length)

    def fetch_whole(self) -> None:
        """Fetch the file as a whole, in one request."""
        self._fetch(0, -(-self.size // CHUNK))

    def fetch_beside(self) -> None:
        """Begin to fetch the whole file in pieces, several at a time, while others read it.

        What a reading waits for comes first. A piece that fails is left to whoever reads there, and to be told it.
        """
        with self._changed:
            if self._waiting or self._coming:
                return
            step = PIECE // CHUNK
            chunks = -(-self.size // CHUNK)
            self._waiting = [range(at, min(at + step, chunks)) for at in range(0, chunks, step)]
        try:
            for _ in range(STREAMS):
                threading.Thread(target=self._fetch_pieces, daemon=True, name="tfsetup-pieces").start()
        except RuntimeError:  # the system has no thread to give
            self.give_up()

    def give_up(self) -> None:
        """Begin no further piece: nobody will read the file any more."""
        with self._changed:
            self._waiting = []
            self._changed.notify_all()

    def _fetch_pieces(self) -> None:
        while self._next_piece():
            pass

    def complete(self) -> bool:
        """Say whether the whole file is here, after waiting for what comes, and fetching what little may be missing."""
        chunks = -(-self.size // CHUNK)
        with self._changed:
            comes = bool(self._waiting or self._coming)
            if not comes and len(self._have) < chunks * MOSTLY:
                return False
        try:
            while missing := self._missing(range(chunks)):
                self._fetch(missing.start, min(missing.stop, missing.start + _AHEAD_LIMIT // CHUNK))
        except NetworkError:
            return False
        return True

    def _next_piece(self) -> bool:
        """Fetch the next piece of a whole file; False: there is none left."""
        with self._changed:
            if not self._waiting:
                return False
            piece = self._waiting.pop(0)
            self._coming.append(piece)
        try:
            for start, stop in _runs(index for index in piece if index not in self._have):
                self._fetch(start, stop)
        except Exception:  # noqa: BLE001, S110 - whoever reads there asks again, and is told
            pass
        finally:
            with self._changed:
                self._coming.remove(piece)
                self._changed.notify_all()
        return True

    def _missing(self, wanted: range) -> range | None:
        """Return the first run of chunks that is neither here nor on its way; what is on its way is waited for."""
        with self._changed:
            while True:
                missing = next((index for index in wanted if index not in self._have), None)
                if missing is None:
                    return None
                self._hasten(missing)
                if not any(missing in piece for piece in (*self._coming, *self._waiting)):
                    stop = next((index for index in range(missing, wanted.stop) if index in self._have), wanted.stop)
                    return range(missing, stop)
                self._changed.wait(timeout=_TICK)

    def _hasten(self, chunk: int) -> None:
        """Let the piece that somebody waits for be the next."""
        wanted = next((piece for piece in self._waiting if chunk in piece), None)
        if wanted is not None:
            self._waiting.remove(wanted)
            self._waiting.insert(0, wanted)

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
        at, begun = part.first, -(-part.first // CHUNK)
        with answer:
            for piece in body_of(part, answer):
                at = self._write(at, piece)
                if at // CHUNK > begun:  # who waits for a part of the piece need not wait for all of it
                    begun = self._is_here(range(begun, at // CHUNK))
        size = at if part.total is None else part.total
        with self._changed:
            self.traffic.requests += 1
            self._have.update(range(-(-part.first // CHUNK), -(-at // CHUNK) if at == size else at // CHUNK))
            self._changed.notify_all()
        return size

    def _is_here(self, chunks: range) -> int:
        """Say that whole chunks were written; return the one behind them."""
        with self._changed:
            self._have.update(chunks)
            self._changed.notify_all()
        return chunks.stop

    def _write(self, at: int, piece: bytes) -> int:
        write_at(self._file.fileno(), piece, at)
        with self._changed:
            self.traffic.fetched += len(piece)
        return at + len(piece)


def _runs(indexes: Iterator[int]) -> list[tuple[int, int]]:
    """Join neighbouring numbers into half-open runs."""
    runs: list[tuple[int, int]] = []
    for index in indexes:
        if runs and runs[-1][1] == index:
            runs[-1] = (runs[-1][0], index + 1)
        else:
            runs.append((index, index + 1))
    return runs
