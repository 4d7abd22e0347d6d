"""From a selection to a lock: ask uv, read what it answers, make the text repeatable."""

from __future__ import annotations

from tfsetup.locks.compile import compile_job
from tfsetup.locks.model import Lock
from tfsetup.locks.pylock import read_pylock
from tfsetup.locks.run import run_uv
from tfsetup.matrix.model import Selection


def solve(selection: Selection, *, pre: bool = False, offline: bool = False) -> Lock:
    """Resolve `selection` for its target and return the lock.

    Raises:
        NetworkError: the index could not be reached, or `offline` and something is not cached.
        BuildError: the requirements do not fit together.
    """
    job = compile_job(selection, pre=pre, offline=offline)
    done = run_uv(job.arguments, doing="Locking", environ=job.environ, stdin=job.requirements)
    return read_pylock(done.stdout, file=f"pylock.{selection.row}.toml", sdists=selection.sdists)
