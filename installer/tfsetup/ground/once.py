"""A value that is made when it is first asked for, by whichever thread asks. Pure."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

_Value = TypeVar("_Value")


class Once(Generic[_Value]):
    """What `make` returns, made at the first call; other threads that call meanwhile wait. A failure is tried again."""

    def __init__(self, make: Callable[[], _Value]) -> None:
        """Keep how it is made."""
        self._make = make
        self._made: list[_Value] = []
        self._alone = threading.Lock()

    def __call__(self) -> _Value:
        """Return the value.

        Raises:
            BaseException: what `make` raises.
        """
        with self._alone:
            if not self._made:
                self._made.append(self._make())
            return self._made[0]
