"""Files written whole or not at all, one or many together, and still there after the power was cut."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tfsetup.ground.processes import alive

# O_NOFOLLOW and O_EXCL: never through a link, nor into a file, that somebody else put where the draft belongs.
OURS_ALONE = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def draft_of(path: Path) -> Path:
    """Return where the new content of `path` is written first: beside it, hidden, named after this process.

    A thread beside the main one has a draft of its own: two that write the same file do not write into one draft.
    """
    beside = "" if threading.current_thread() is threading.main_thread() else f"-{threading.get_ident()}"
    return path.with_name(f".{path.name}.{os.getpid()}{beside}")


def write_draft(path: Path, content: str | bytes, *, mode: int = 0o644) -> Path:
    """Write the new content of `path` beside it, down to the disk, and return where.

    Raises:
        OSError: it cannot be written; nothing of it stays then.
    """
    draft = draft_of(path)
    draft.unlink(missing_ok=True)
    try:
        with open(os.open(draft, OURS_ALONE, mode), "wb") as file:  # noqa: PTH123 - a descriptor
            file.write(_bytes(content))
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


def write_all(contents: Mapping[Path, str | bytes], *, mode: int = 0o666) -> list[Path]:
    """Write files, all or none, and return those that changed; their folders must be there (`make_folder`).

    Every file is written beside its place first, and only when all are on the disk do they take their places. An
    interrupt or a full disk before that leaves the old ones. During it an interrupt is put off until the last one is in
    place, and a place that cannot be taken gives the others back what they had.

    `mode` is what the user's umask is taken from, as for any file that a user makes.

    Raises:
        OSError: one of them cannot be written; all are as they were.
    """
    drafts: dict[Path, Path] = {}
    before = {path: _content(path) for path in contents}
    try:
        for path, content in contents.items():
            sweep_drafts(path)
            if before[path] != _bytes(content):
                drafts[path] = draft_of(path)
                write_draft(path, content, mode=mode)
        _take_places(drafts, before)
    finally:
        for draft in drafts.values():
            with suppress(OSError):
                draft.unlink(missing_ok=True)
    for folder in {path.parent for path in drafts}:
        sync_folder(folder)
    return list(drafts)


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def make_folder(folder: Path) -> None:
    """Make a folder with those above it, if it is not there, and bring the names of what was made to the disk.

    Raises:
        OSError: it cannot be made.
    """
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for one in missing:
        sync_folder(one.parent)


def sweep_drafts(path: Path) -> None:
    """Remove what killed processes have left beside a file; the draft of one that still lives is its own.

    Raises:
        OSError: a draft cannot be removed.
    """
    ours = f".{path.name}."
    for draft in [one for one in path.parent.iterdir() if one.name.startswith(ours)]:
        writer = draft.name.removeprefix(ours).partition("-")[0]
        if writer.isdigit() and not alive(int(writer)):
            draft.unlink(missing_ok=True)


def _take_places(drafts: Mapping[Path, Path], before: Mapping[Path, bytes | None]) -> None:
    waiting = dict(drafts)
    try:
        _to_the_end(waiting)
    except OSError:
        for path in drafts.keys() - waiting.keys():
            with suppress(OSError):
                _give_back(path, before[path])
        raise


def _to_the_end(waiting: dict[Path, Path]) -> None:
    try:
        _next_places(waiting)
    except KeyboardInterrupt:
        _next_places(waiting)
        raise


def _next_places(waiting: dict[Path, Path]) -> None:
    for path, draft in list(waiting.items()):
        if draft.exists():
            draft.replace(path)
        waiting.pop(path, None)


def _give_back(path: Path, content: bytes | None) -> None:
    if content is None:
        path.unlink(missing_ok=True)
    else:
        write_whole(path, content, mode=0o666)


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
