"""Two directory entries change places in one step, where the operating system can do that."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

_AT_FDCWD: Final = -100
_RENAME_EXCHANGE: Final = 2  # renameat2(2), Linux 3.15
_RENAME_SWAP: Final = 2  # renamex_np(2), macOS 10.12


def exchange(one: Path, other: Path) -> None:
    """Let the entries `one` and `other` change places.

    Where the file system has no such operation, three renames do it; a kill between them leaves `one` under the name of
    `other` with `.old` behind it.

    Raises:
        OSError: neither way works.
    """
    if not _exchange_at_once(os.fsencode(one), os.fsencode(other)):
        aside = other.with_name(other.name + ".old")
        one.rename(aside)
        other.rename(one)
        aside.rename(other)


def _exchange_at_once(one: bytes, other: bytes) -> bool:
    if sys.platform == "win32":
        return False
    import ctypes  # most switches change a link alone

    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "darwin":
            return bool(libc.renamex_np(one, other, _RENAME_SWAP) == 0)
        return bool(libc.renameat2(_AT_FDCWD, one, _AT_FDCWD, other, _RENAME_EXCHANGE) == 0)
    except (AttributeError, OSError):
        return False
