"""What moved between two locks of one target, whichever backend wrote them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol


class Pinned(Protocol):
    """A locked package: a wheel's or conda's."""

    @property
    def name(self) -> str:
        """Its normalized name."""

    @property
    def version(self) -> str:
        """Its one version."""


def moved(was: Iterable[Pinned], now: Iterable[Pinned]) -> tuple[str, ...]:
    """Return the packages whose version is another, came or went, by name."""
    old = {one.name: one.version for one in was}
    new = {one.name: one.version for one in now}
    names = sorted({*old, *new})
    return tuple(f"{n} {old.get(n, 'none')} → {new.get(n, 'none')}" for n in names if old.get(n) != new.get(n))
