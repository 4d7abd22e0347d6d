"""Pure functions that are asked the same again and again while one answer is found, and need answer but once. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Once(Protocol):
    """Asks a pure function, or says what it said of the very same values before."""

    def __call__(self, question: Callable[[*Ts], T], *on: *Ts) -> T:
        """Return what `question` says of these values."""


def directly(question: Callable[[*Ts], T], *on: *Ts) -> T:
    """Ask each time."""
    return question(*on)


class Memo:
    """What was said in the course of one answer; each has its own, and none outlives it.

    Values are told apart by identity, and kept as long as the memo: to compare machines and rows, or to hash them,
    would cost more than most questions. So whoever asks hands over no more than the question is about.
    """

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._said: dict[tuple[int, ...], tuple[object, object]] = {}

    def __call__(self, question: Callable[[*Ts], T], *on: *Ts) -> T:
        """Return what `question` says of these values, or said of them before."""
        key = (id(question), *map(id, on))
        found = self._said.get(key)
        if found is None:
            found = self._said[key] = ((question, on), question(*on))
        return found[1]  # type: ignore[return-value] # the key has the question, and that says of which type it is
