"""Work that threads do before anybody asks for it. (Touches the world.).

A thread is never waited for when all is over: it ends with its work, or with the process.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Generic, TypeVar

_MOST_THREADS: Final = 4
_WINDOW: Final = 8
_TICK: Final = 0.1  # seconds after which whoever waits looks up, and hears an interrupt on Windows
_Done = TypeVar("_Done")
_Item = TypeVar("_Item")


@dataclass(kw_only=True)
class Ahead(Generic[_Done]):
    """Pieces of work by name; the largest is begun first. What fails is left to whoever asks, and to be told why.

    `threads`: at most so many at a time.
    """

    threads: int = field(default_factory=lambda: min(os.cpu_count() or 1, _MOST_THREADS))
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _waiting: dict[Hashable, tuple[int, Callable[[], _Done]]] = field(default_factory=dict)
    _begun: set[Hashable] = field(default_factory=set)
    _done: dict[Hashable, _Done] = field(default_factory=dict)
    _running: int = 0

    def plan(self, works: Mapping[Hashable, tuple[int, Callable[[], _Done]]]) -> None:
        """Let work be done, each piece with its size; threads begin at once, while they are free.

        What was begun, or is done and not taken, is not planned anew.
        """
        with self._changed:
            known = {*self._begun, *self._done}
            self._waiting.update((name, work) for name, work in works.items() if name not in known)
            wanted = min(self.threads, len(self._waiting)) - self._running
        for _ in range(wanted):
            if not self._start():
                return

    def take(self, name: Hashable) -> _Done | None:
        """Return what a piece of work gave, and forget it; one that was begun is waited for.

        None: nobody has begun it, nor will, or it failed.
        """
        with self._changed:
            if self._waiting.pop(name, None) is not None:
                return None
            while name in self._begun:
                self._changed.wait(timeout=_TICK)
            return self._done.pop(name, None)

    def give_up(self) -> None:
        """Begin nothing more, and forget what nobody has taken."""
        with self._changed:
            self._waiting.clear()
            self._done.clear()

    def _start(self) -> bool:
        with self._changed:
            self._running += 1
        try:
            threading.Thread(target=self._work, daemon=True, name="tfsetup-ahead").start()
        except RuntimeError:  # the system has no thread to give
            with self._changed:
                self._running -= 1
                self._waiting.clear()
            return False
        return True

    def _work(self) -> None:
        while (found := self._next()) is not None:
            name, work = found
            done = list[_Done]()
            try:
                done.append(work())
            except Exception:  # noqa: BLE001, S110 - whoever asks for it does it again, and is told
                pass
            finally:
                with self._changed:
                    self._begun.remove(name)
                    self._done.update((name, each) for each in done)
                    self._changed.notify_all()

    def _next(self) -> tuple[Hashable, Callable[[], _Done]] | None:
        with self._changed:
            name = max(self._waiting, key=lambda one: self._waiting[one][0], default=None)
            if name is None:
                self._running -= 1
                return None
            self._begun.add(name)
            return name, self._waiting.pop(name)[1]


def in_order(work: Callable[[_Item], _Done], items: Iterable[_Item]) -> Iterator[_Done]:
    """Yield what `work` gives for each item, in order, threads helping; few items are taken before they are wanted.

    Raises:
        Exception: what `work` raises, or `items`.
    """
    helper, waiting = Ahead[_Done](threads=2), deque[tuple[int, _Item]]()

    def oldest() -> _Done:
        number, item = waiting.popleft()
        done = helper.take(number)
        return work(item) if done is None else done

    for number, item in enumerate(items):
        waiting.append((number, item))
        if number:  # a single item is nobody else's
            helper.plan({number: (-number, partial(work, item))})
        if len(waiting) > _WINDOW:
            yield oldest()
    while waiting:
        yield oldest()
