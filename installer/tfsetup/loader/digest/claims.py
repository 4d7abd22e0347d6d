"""One process at a time makes the copy of a file, and who comes meanwhile waits for it. (Touches the world.).

The lock is the system's, so that it ends with the process that holds it, however that ends. Where there are no locks
(some network disks) two may do the same work: what they write is the same too.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from tfsetup.ground.files import make_folder

PATIENCE: Final = 60.0
"""Seconds after which nobody waits any longer: a process may have been stopped, not ended."""

_PAUSE: Final = 0.02


@contextmanager
def claimed(path: Path, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the claim `path` while this lasts, if it can be had."""
    descriptor = _opened(path)
    if descriptor is None:
        yield
        return
    try:
        held = _waited(descriptor, patience)
        yield
        if held:
            with suppress(OSError):  # Windows keeps a file that somebody else has opened
                path.unlink()
    finally:
        os.close(descriptor)


def _opened(path: Path) -> int | None:
    try:
        make_folder(path.parent)
        return os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError:
        return None


def _waited(descriptor: int, patience: float) -> bool:
    """Wait until nobody else holds the file; False: that took too long, or there are no locks."""
    end = time.monotonic() + patience
    while True:
        try:
            _lock(descriptor)
        except BlockingIOError:
            if time.monotonic() > end:
                return False
            time.sleep(_PAUSE)
        except OSError:
            return False
        else:
            return True


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError as error:  # what it says where somebody else holds the byte
            raise BlockingIOError from error

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
