"""Whose the folder of generations is: what lies in it is run, so nobody else may put anything there.

The folder is opened once and every question goes to that descriptor; a path could lead elsewhere by the second look.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tfsetup.errors import BuildError

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_MODE = 0o755  # whatever the umask adds: nobody but the owner writes there


def may_own(owner: int, me: int, parent: int) -> bool:
    """Tell whether `me` may run what lies in a folder of `owner`; all three are user numbers.

    One's own, root's, and for root also what belongs to the user whose the folder around it (`parent`) is: containers,
    bind mounts.
    """
    return owner in {0, me} or (me == 0 and owner == parent)


@contextmanager
def owned(root: Path, say: Callable[[str], object]) -> Iterator[int | None]:
    """Make the folder `root` if it is not there, check whose it is, and yield its descriptor (None on Windows).

    A link of one's own (to a larger disk, for example) is followed. What is made inside the `with` is not writable by
    group or others either.

    Raises:
        BuildError: it is somebody else's.
        OSError: it cannot be made or opened.
    """
    if sys.platform == "win32":  # a folder inherits the rights of the one around it there
        root.mkdir(parents=True, exist_ok=True)
        yield None
        return
    descriptor = _open(root, say)
    before = os.umask(0)
    os.umask(before | _OTHERS_WRITE)
    try:
        yield descriptor
    finally:
        os.umask(before)
        os.close(descriptor)


def _open(root: Path, say: Callable[[str], object]) -> int:
    _make_around(root.parent)
    around = os.open(root.parent, _folder(getattr(os, "O_PATH", os.O_RDONLY)))
    try:
        parent = os.fstat(around).st_uid
        with suppress(FileExistsError):
            os.mkdir(root.name, _MODE, dir_fd=around)
        descriptor = _follow(root, around, parent)
    finally:
        os.close(around)
    try:
        _refuse_foreign(root, os.fstat(descriptor).st_uid, parent)
        _tighten(root, descriptor, say)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _folder(flags: int) -> int:
    return flags | os.O_DIRECTORY | os.O_CLOEXEC if sys.platform != "win32" else flags


def _make_around(folder: Path) -> None:
    """Make the folders around, as far as they are missing; their modes are the umask's, but for others' writing."""
    if not folder.is_dir():
        _make_around(folder.parent)
        with suppress(FileExistsError):
            os.mkdir(folder, _MODE)  # noqa: PTH102 - so that a mode reads the same in both places


def _follow(root: Path, around: int, parent: int) -> int:
    """Open the folder; where a link stands, where that leads, if the link is not somebody else's."""
    name = root.name
    try:
        return os.open(name, _folder(os.O_RDONLY) | os.O_NOFOLLOW, dir_fd=around)
    except OSError:
        owner, target = _link(name, around)
        if target is None:
            raise
    _refuse_foreign(root, owner, parent, what="is a link that belongs to another user; nothing is written through it")
    return os.open(target, _folder(os.O_RDONLY), dir_fd=around)


def _link(name: str, around: int) -> tuple[int, str | None]:
    """Return the owner of a link and where it leads, None when it is no link. One object answers both, on Linux."""
    if (only_the_name := getattr(os, "O_PATH", 0)) == 0:
        found = os.stat(name, dir_fd=around, follow_symlinks=False)
        return found.st_uid, os.readlink(name, dir_fd=around) if stat.S_ISLNK(found.st_mode) else None
    descriptor = os.open(name, only_the_name | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=around)
    try:
        found = os.fstat(descriptor)
        return found.st_uid, os.readlink("", dir_fd=descriptor) if stat.S_ISLNK(found.st_mode) else None
    finally:
        os.close(descriptor)


def _refuse_foreign(root: Path, owner: int, parent: int, *, what: str = "belongs to another user") -> None:
    if sys.platform != "win32" and not may_own(owner, os.geteuid(), parent):
        raise BuildError(
            f"{root} {what} (user {owner}); what lies there would be run. Nothing was changed.",
            hint="Build elsewhere: `tfsetup install --prefix OTHER`.",
        )


def _tighten(root: Path, descriptor: int, say: Callable[[str], object]) -> None:
    """Take the right to write from group and others, and say so.

    Raises:
        BuildError: they can write, and only the owner could change that.
    """
    mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
    if not mode & _OTHERS_WRITE:
        return
    try:
        os.fchmod(descriptor, mode & ~_OTHERS_WRITE)
    except PermissionError as problem:
        raise BuildError(
            f"{root} can be written by other users; what they put there would be run. Nothing was changed.",
            hint=f"Its owner can change that: chmod go-w {root}. Or build elsewhere: `tfsetup install --prefix OTHER`.",
        ) from problem
    if os.fstat(descriptor).st_mode & _OTHERS_WRITE:
        say(f"Note      Others can write to {root}: its file system does not know otherwise.")
    else:
        say(f"Note      Others could write to {root}; now only its owner can.")
