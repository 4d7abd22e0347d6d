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


def moved(was: Iterable[Pinned] | None, now: Iterable[Pinned]) -> list[str] | None:
    """Return the packages whose version is another, came or went, by name.

    None when there was no lock before: then everything is new, and a list of it says nothing.
    """
    if was is None:
        return None
    old = {one.name: one.version for one in was}
    new = {one.name: one.version for one in now}
    names = sorted({*old, *new})
    return [f"{n} {old.get(n, 'none')} → {new.get(n, 'none')}" for n in names if old.get(n) != new.get(n)]
