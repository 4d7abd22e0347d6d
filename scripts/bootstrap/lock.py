"""One make at a time in a clone: what another has begun is waited for. (Touches the world.)."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from bootstrap.failure import Failure, say

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Be the only one that works on .tool; the system lets go of it, however this process ends.

    Raises:
        Failure: .tool cannot be written.
    """
    tool = root / ".tool"
    try:
        tool.mkdir(exist_ok=True)
        file = (tool / "lock").open("a")
    except OSError as error:
        raise Failure(
            f"{tool} cannot be written: {error.strerror or error}.",
            "Clone into a folder of your own, or take this one over (chown).",
        ) from None
    with file:
        _hold(file.fileno())
        yield


def _hold(descriptor: int) -> None:
    try:
        import fcntl
    except ImportError:
        return  # Windows, where nothing but this process makes what is made here
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("Another make is at work in this folder; waiting for it")
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError:
        return  # a file system without locks
