"""Streams that break, for runs of the command line in this process."""

from __future__ import annotations

import errno
import io
import os
from typing import TextIO

FULL, LEFT, CLOSED = errno.ENOSPC, errno.EPIPE, errno.EBADF


class Broken(io.RawIOBase):
    """A raw end that takes some bytes and then fails with an error of the system; `tries` counts the failures."""

    def __init__(self, number: int, *, takes: int = 0, terminal: bool = False) -> None:
        super().__init__()
        self.number = number
        self.takes = takes
        self.terminal = terminal
        self.taken = bytearray()
        self.tries = 0

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self.terminal

    def write(self, block: object) -> int:
        some = bytes(block)[: self.takes - len(self.taken)]  # type: ignore[call-overload]
        if not some:
            self.tries += 1
            raise OSError(self.number, os.strerror(self.number))
        self.taken += some
        return len(some)


def broken(number: int, *, takes: int = 0) -> TextIO:
    """Return a text stream over a broken end, as `sys.stdout` is one over a descriptor."""
    return io.TextIOWrapper(io.BufferedWriter(Broken(number, takes=takes)), encoding="utf-8")
