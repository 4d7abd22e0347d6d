"""The lock between processes: the operating system gives it back when its holder dies, so there are no stale ones."""

from __future__ import annotations

import errno
import os
import platform
import re
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from tfsetup.errors import BuildError
from tfsetup.ground.processes import alive

LIMIT = 3600.0
"""Seconds to wait for another tfsetup: longer than any installation over a usable network takes."""

_NAME = "lock"
_POLL = 0.1
_PLACE = 1 << 30  # where the byte is that Windows locks: behind the text, which others must be able to read
_BUSY = {errno.EWOULDBLOCK, errno.EAGAIN} | ({errno.EACCES, errno.EDEADLK} if sys.platform == "win32" else set())
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, getattr(errno, "ENOTSUP", errno.EOPNOTSUPP)}
_HOLDER = re.compile(r"(\d{1,10}) (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00) ([\w.-]{1,255})\n")


@contextmanager
def held(root: Path, folder: int | None, say: Callable[[str], object], *, limit: float = LIMIT) -> Iterator[int]:
    """Hold the lock of the folder `root` (open as `folder`), and yield the lock's descriptor.

    `say` is told once for whom this waits, if it must. `limit` is how many seconds it may.

    Raises:
        BuildError: somebody else holds it for longer than `limit`, the file system has no locks, or the file is not one
            that only its owner can hold.
        OSError: it cannot be opened.
    """
    descriptor = _open(root, folder)
    try:
        if not _taken(descriptor, root):
            _wait(descriptor, root, say, limit)
        _sign(descriptor, f"{os.getpid()} {datetime.now(UTC).isoformat(timespec='seconds')} {_node()}\n")
        yield descriptor
    finally:
        # Not emptied: a child that outlives this process still holds the lock, and closing gives back only our share.
        os.close(descriptor)


def _open(root: Path, folder: int | None) -> int:
    """Open the lock file, which only its owner can: whoever may read a file can hold its lock for ever.

    By its path, and then compared with what lies in the folder that was checked.
    """
    path = root / _NAME
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0), 0o600)
    try:
        if sys.platform != "win32" and folder is not None:
            _keep_to_ourselves(path, descriptor, folder)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _keep_to_ourselves(path: Path, descriptor: int, folder: int) -> None:
    if sys.platform == "win32":
        return
    found, around = os.fstat(descriptor), os.fstat(folder)
    same = os.path.samestat(found, os.stat(_NAME, dir_fd=folder, follow_symlinks=False))
    if not same or not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        raise BuildError(f"{path} is not the lock file of tfsetup; it is left alone.", hint="Remove it by hand.")
    if found.st_uid not in {0, os.geteuid(), around.st_uid}:
        message = f"{path} belongs to another user (user {found.st_uid}), who could hold it for ever."
        raise BuildError(message, hint="Remove it: nothing is lost with it.")
    if os.geteuid() == 0 and found.st_uid != around.st_uid:
        os.fchown(descriptor, around.st_uid, around.st_gid)  # else the owner of the folder were locked out by root
    if found.st_mode & 0o077 and os.geteuid() in {0, found.st_uid}:
        os.fchmod(descriptor, 0o600)


def _taken(descriptor: int, root: Path) -> bool:
    """Take the lock if nobody has it, and tell whether that was so."""
    while True:
        try:
            _lock(descriptor)
        except InterruptedError:
            continue
        except OSError as problem:
            if problem.errno in _BUSY:
                return False
            if problem.errno in _NO_LOCKS:
                raise _no_locks(root, problem) from problem
            raise
        return True


def _no_locks(root: Path, problem: OSError) -> BuildError:
    return BuildError(
        f"The file system of {root} has no locks ({problem.strerror or problem}); two runs of tfsetup could not be "
        "kept apart there. Nothing was changed.",
        hint="Build on a local disk: `tfsetup install --prefix DIR`; or have the locks of that file system turned on "
        "(NFS: its lock service, `mount -o local_lock=flock`).",
    )


def _wait(descriptor: int, root: Path, say: Callable[[str], object], limit: float) -> None:
    prefix = root.name.removesuffix(".generations")
    say(f"{_holder(descriptor)} is working on this prefix; waiting for it.")
    due = time.monotonic() + limit
    while not _taken(descriptor, root):
        if time.monotonic() >= due:
            raise BuildError(
                f"{_holder(descriptor)} is still working on {root.with_name(prefix)} after {_span(limit)}; this run "
                "gave up waiting. Nothing was changed.",
                hint=f"If it hangs, end it, then run this again. Who holds the lock: `fuser {root / _NAME}`.",
            )
        time.sleep(_POLL)


def _span(limit: float) -> str:
    return f"{limit / 60:.0f} minutes" if limit >= 120 else f"{limit:g} s"  # noqa: PLR2004 - two minutes


def _holder(descriptor: int) -> str:
    """Return who holds the lock, as far as that is known: it is text that anybody with the file could have written."""
    text = ""
    with suppress(OSError, UnicodeDecodeError):
        os.lseek(descriptor, 0, os.SEEK_SET)
        text = os.read(descriptor, 400).decode("ascii")
    found = _HOLDER.fullmatch(text)
    number, node = (int(found[1]), found[3]) if found else (0, _node())
    if found is None or (node == _node() and not alive(number)):
        return "Another tfsetup"  # a dead one: what it had started goes on, and holds the lock for it
    there = "" if node == _node() else f" on {node}"
    return f"Another tfsetup (process {number}{there}, since {_here(found[2])})"


def _here(time_said: str) -> str:
    """Return a time as this machine's clocks show it; what is no time, as it was written."""
    try:
        return f"{datetime.fromisoformat(time_said).astimezone():%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError, OSError):
        return time_said


def _sign(descriptor: int, text: str) -> None:
    """Write who holds the lock. A full disk must not keep anybody from clearing up."""
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, text.encode("ascii", "replace"))


def _node() -> str:
    return re.sub(r"[^\w.-]", "-", platform.node(), flags=re.ASCII) or "unknown"


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        os.lseek(descriptor, _PLACE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
