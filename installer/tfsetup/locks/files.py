"""Lock files on disk."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Final

from tfsetup.errors import InvalidFileError, LockError, Where
from tfsetup.locks.model import Lock
from tfsetup.locks.pylock import read_pylock

_LIMIT: Final = 16 * 1024 * 1024  # bytes; a TensorFlow lock has 30 kB


def read_lock(path: Path, *, sdists: Collection[str] = ()) -> Lock:
    """Read a lock file; `sdists` as in `read_pylock`.

    Raises:
        LockError: there is none.
        InvalidFileError: it cannot be read as one.
    """
    where = Where(file=str(path))
    try:
        if path.stat().st_size > _LIMIT:
            raise InvalidFileError("This file is too large to be a lock file.", where=where)
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as problem:
        raise LockError(
            "There is no such lock file.", hint="`tfsetup lock` writes lock files.", where=where
        ) from problem
    except (OSError, UnicodeDecodeError) as problem:
        raise InvalidFileError(f"The lock file cannot be read: {problem}", where=where) from problem
    return read_pylock(text, file=str(path), sdists=sdists)
