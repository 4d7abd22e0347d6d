"""Many locks at once: every resolution in a thread of its own, the first failure or an interrupt ends all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tfsetup.errors import TfsetupError
from tfsetup.locks.model import LockedPackage
from tfsetup.locks.run import Children
from tfsetup.locks.together import at_once
from tfsetup.locks.venv.solve import Wish, answered


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolved:
    """What became of one wish: its packages, or the error; and how long it took in seconds.

    `wish` is the one that was answered, which may be the one it gave way to; None after an error.
    """

    name: str
    wish: Wish | None = None
    packages: tuple[LockedPackage, ...] = ()
    error: TfsetupError | None = None
    seconds: float = 0.0
    bounds: tuple[str, ...] = ()


def resolve_all(
    wishes: Mapping[str, Wish], *, environ: Mapping[str, str], told: Callable[[Resolved], object]
) -> tuple[Resolved, ...]:
    """Resolve all wishes at the same time; `told` hears of each as it ends. Errors are values: one does not end others.

    An interrupt ends every uv before it goes on.
    """
    children = Children()
    return at_once(lambda item: _one(*item, environ, children), list(wishes.items()), children, told)


def _one(name: str, wish: Wish, environ: Mapping[str, str], children: Children) -> Resolved:
    began, bounds = time.perf_counter(), list[str]()
    try:
        answer = answered(wish, environ=environ, children=children, bounds=bounds)
    except TfsetupError as error:
        return Resolved(name=name, error=error, seconds=time.perf_counter() - began, bounds=tuple(bounds))
    return Resolved(
        name=name,
        wish=answer.wish,
        packages=answer.packages,
        seconds=time.perf_counter() - began,
        bounds=tuple(bounds),
    )
