"""What to change so that a lock has one owner for each path: versions that do without one of two owners. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from tfsetup.ground.marked import Marked
from tfsetup.locks.changes import moved
from tfsetup.locks.model import LockedPackage
from tfsetup.locks.taken import name_of
from tfsetup.locks.venv.solve import Wish


def forbidding(wish: Wish, owner: str) -> Wish:
    """Return the wish whose answer must do without a distribution; what is locked already moves on for it."""
    other = forbidding(wish.otherwise, owner) if wish.otherwise else None
    return replace(wish, forbidden=(*wish.forbidden, owner), otherwise=other, keep={})


def cost(now: Iterable[LockedPackage], then: Iterable[LockedPackage]) -> int:
    """Return how many packages another answer moves."""
    return len(moved(now, then))


def change(team: Sequence[Marked], owner: str, now: Iterable[LockedPackage], then: Iterable[LockedPackage]) -> str:
    """Return which line of the team's to change so that nothing brings `owner`; "" when no line would do it.

    `now` and `then` are uv's answers with it and without: the lines are those whose package has another version then.
    """
    was, found = ({package.name: package.version for package in each} for each in (now, then))
    named = [(item, name_of(item.text)) for item in team]
    return "; ".join(
        f"`{name}<={found[name]}` in place of `{item.text}` ({item.where}), which does without {owner}"
        for item, name in named
        if name in found and found[name] != was.get(name)
    )
