"""Reading and writing at a place of an open file, by several threads at once. (Touches the world.)."""

from __future__ import annotations

import os
import sys

if sys.platform == "win32":
    import threading

    _ONE_AT_A_TIME = threading.Lock()  # a descriptor has one position there, and no way around it

    def _read(descriptor: int, length: int, offset: int) -> bytes:
        with _ONE_AT_A_TIME:
            os.lseek(descriptor, offset, os.SEEK_SET)
            return os.read(descriptor, length)

    def _write(descriptor: int, data: memoryview, offset: int) -> int:
        with _ONE_AT_A_TIME:
            os.lseek(descriptor, offset, os.SEEK_SET)
            return os.write(descriptor, data)

else:
    _read, _write = os.pread, os.pwrite


def read_at(descriptor: int, length: int, offset: int) -> bytes:
    """Return `length` bytes from `offset`; fewer where the file ends before.

    Raises:
        OSError: it cannot be read.
    """
    data = _read(descriptor, length, offset)
    while len(data) < length:
        piece = _read(descriptor, length - len(data), offset + len(data))
        if not piece:
            break
        data += piece
    return data


def write_at(descriptor: int, data: bytes, offset: int) -> None:
    """Write bytes at `offset`.

    Raises:
        OSError: they cannot be written.
    """
    left = memoryview(data)
    while left:
        written = _write(descriptor, left, offset)
        left, offset = left[written:], offset + written
