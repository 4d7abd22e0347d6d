"""Checksums of a file that is inflated from front to back, in a thread beside the inflating where it is a large one.

(Touches the world.).
"""

from __future__ import annotations

import hashlib
import threading
import weakref
import zlib
from queue import Queue
from typing import Final

LARGE: Final = 16 << 20
"""Of files of at least so many bytes the sums are taken by a thread of their own."""

_AHEAD: Final = 4


class Sums:
    """CRC-32 and, if `hashing`, the sha256 of what came so far."""

    def __init__(self, *, hashing: bool) -> None:
        """Begin with nothing."""
        self._crc, self._hash = 0, hashlib.sha256() if hashing else None

    def add(self, block: bytes) -> None:
        """Take what comes next."""
        self._crc = zlib.crc32(block, self._crc)
        if self._hash is not None:
            self._hash.update(block)

    def crc(self) -> int:
        """Return the CRC-32 of all that came."""
        return self._crc

    def sha256(self) -> str | None:
        """Return the sha256 of all that came; None: nobody wanted it."""
        return self._hash.hexdigest() if self._hash is not None else None


class SumsBeside(Sums):
    """The same, taken by a thread; it ends with the asking, or with this object."""

    def __init__(self, *, hashing: bool) -> None:
        """Begin with nothing.

        Raises:
            RuntimeError: the system has no thread to give.
        """
        super().__init__(hashing=hashing)
        self._queue = Queue[bytes | None](_AHEAD)
        # The thread holds the sums, never this object.
        self._thread = threading.Thread(
            target=_take, args=(self._queue, sums := Sums(hashing=hashing)), daemon=True, name="tfsetup-sums"
        )
        self._sums = sums
        self._thread.start()
        weakref.finalize(self, self._queue.put, None).atexit = False

    def add(self, block: bytes) -> None:
        """Take what comes next."""
        self._queue.put(block)

    def crc(self) -> int:
        """Return the CRC-32 of all that came; nothing comes any more."""
        self._end()
        return self._sums.crc()

    def sha256(self) -> str | None:
        """Return the sha256 of all that came; nothing comes any more."""
        self._end()
        return self._sums.sha256()

    def _end(self) -> None:
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()


def _take(queue: Queue[bytes | None], sums: Sums) -> None:
    while (block := queue.get()) is not None:
        sums.add(block)


def sums_of(size: int, *, hashing: bool) -> Sums:
    """Return what takes the sums of a file of that size."""
    if hashing and size >= LARGE:
        try:
            return SumsBeside(hashing=hashing)
        except RuntimeError:
            pass
    return Sums(hashing=hashing)
