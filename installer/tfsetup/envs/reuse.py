"""A generation that already is what is asked for: found, told, and switched to instead of building it again."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field

from tfsetup.envs.model import Receipt
from tfsetup.envs.store import NotWholeError, Store
from tfsetup.errors import TfsetupError


@dataclass(kw_only=True, slots=True)
class Outcome:
    """What an installation did. `seconds` by phase: download, build, preflight, verify."""

    generation: int
    changed: bool
    receipt: Receipt
    seconds: dict[str, float] = field(default_factory=dict)


def silent(_text: str) -> None:
    """Leave out what was said a moment ago, without the lock."""


def fitting(
    store: Store, now: int | None, digest: str, pinned_lock: str | None, *, say: Callable[[str], None]
) -> Receipt | None:
    """Return the receipt of a whole generation that is what is asked for: the current one (`now`), else the newest.

    `digest` is that of the selection, `pinned_lock` the sha256 of the lock file the user named, if any.
    `say` is told of each that would be, were it whole. A folder at the prefix that may be replaced stays in its place
    until something was built for it.
    """
    if now is None and os.path.lexists(store.layout.prefix):
        return None
    others = [number for number in reversed(store.numbers()) if number != now]
    for number in [*([] if now is None else [now]), *others]:
        receipt = _asked_for(store, number, digest, pinned_lock)
        if receipt is None:
            continue
        if not (lost := store.lacks(receipt)):
            return receipt
        say(f"Note      {NotWholeError(number, lost).what} It would be what is asked for; building anew.")
    return None


def switch_to(store: Store, now: int | None, kept: Receipt, say: Callable[[str], None]) -> Outcome:
    """Switch to the generation of `kept`, if it is not the current one (`now`), and say so, and how to go back.

    Raises:
        NotWholeError, BuildError: as `Store.switch`.
    """
    if kept.generation == now:
        return Outcome(generation=kept.generation, changed=False, receipt=kept)
    back = "" if now is None else f" It is generation {now} now: `tfsetup rollback {now}` goes back."
    built = kept.created.removesuffix("+00:00").replace("T", " ")
    say(
        f"Reusing   generation {kept.generation}, built {built}: it is what is asked for, and whole. "
        f"{store.layout.prefix} is switched to it.{back}"
    )
    store.switch(kept.generation)
    return Outcome(generation=kept.generation, changed=True, receipt=kept)


def _asked_for(store: Store, number: int, digest: str, pinned_lock: str | None) -> Receipt | None:
    try:
        receipt = store.receipt(number)
    except TfsetupError:
        return None
    return receipt if receipt.digest == digest and pinned_lock in {None, receipt.lock_sha256} else None
