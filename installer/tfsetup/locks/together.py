"""Several runs of uv at once, each in a thread of its own; the first failure or an interrupt ends all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import TypeVar

from tfsetup.locks.run import Children

_In = TypeVar("_In")
_Out = TypeVar("_Out")


def at_once(
    work: Callable[[_In], _Out],
    items: Sequence[_In],
    children: Children,
    told: Callable[[_Out], object] = lambda _: None,
) -> tuple[_Out, ...]:
    """Do `work` for every item, and return the results in the order of the items; `told` hears of each as it ends.

    Whatever ends it early, a failure or an interrupt, first ends the `children` of all.

    Raises:
        Exception: what `work` raised.
    """
    pool = ThreadPoolExecutor(max_workers=max(len(items), 1), thread_name_prefix="lock")
    try:
        running = [pool.submit(work, item) for item in items]
        waiting = set(running)
        while waiting:
            # A timeout, because a thread that waits without one cannot be interrupted on Windows.
            ended, waiting = wait(waiting, timeout=0.5, return_when=FIRST_COMPLETED)
            for future in filter(ended.__contains__, running):
                told(future.result())
        return tuple(future.result() for future in running)
    except BaseException:
        children.end()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
