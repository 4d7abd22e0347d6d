"""One file written whole or not at all, and still there after the power was cut."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

# O_NOFOLLOW and O_EXCL: never through a link, nor into a file, that somebody else put where the draft belongs.
OURS_ALONE = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def draft_of(path: Path) -> Path:
    """Return where the new content of `path` is written first: beside it, hidden, named after this process."""
    return path.with_name(f".{path.name}.{os.getpid()}")


def write_draft(path: Path, content: str | bytes, *, mode: int = 0o644) -> Path:
    """Write the new content of `path` beside it, down to the disk, and return where.

    Raises:
        OSError: it cannot be written; nothing of it stays then.
    """
    data = content.encode() if isinstance(content, str) else content
    draft = draft_of(path)
    draft.unlink(missing_ok=True)
    try:
        with open(os.open(draft, OURS_ALONE, mode), "wb") as file:  # noqa: PTH123 - a descriptor
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise
    return draft


def write_whole(path: Path, content: str | bytes, *, mode: int = 0o644) -> None:
    """Write `path` so that at every moment it has its old content or its new one, also after a power cut.

    Raises:
        OSError: it cannot be written; `path` is as it was.
    """
    draft = write_draft(path, content, mode=mode)
    try:
        draft.replace(path)
    except BaseException:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Bring the names of a folder (what was renamed, made, removed in it) to the disk, where the system can do that.

    Windows cannot open a folder for it, and some network file systems refuse (fsync(2), EINVAL): the names are then
    as safe as that system makes them.
    """
    if sys.platform == "win32":
        return
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
