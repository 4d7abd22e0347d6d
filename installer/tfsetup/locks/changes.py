"""What moved between two locks of one target, whichever backend wrote them. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from tfsetup.locks.model import LockedPackage


def moved(was: Iterable[LockedPackage], now: Iterable[LockedPackage]) -> tuple[str, ...]:
    """Return the packages whose version is another, came or went, by name."""
    old = {one.name: one.version for one in was}
    new = {one.name: one.version for one in now}
    names = sorted({*old, *new})
    return tuple(f"{n} {old.get(n, 'none')} → {new.get(n, 'none')}" for n in names if old.get(n) != new.get(n))
