"""A generation that already is what is asked for: found, told, and switched to instead of building it again."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tfsetup.envs.cures import NOTHING, difference
from tfsetup.envs.model import Receipt, Tuning
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
    store: Store,
    now: int | None,
    digest: str,
    pinned_lock: str | None,
    cures: Mapping[str, str] = NOTHING,
    tuning: Tuning = "kept",
    *,
    say: Callable[[str], object],
) -> Receipt | None:
    """Return the receipt of a whole generation that is what is asked for: the current one (`now`), else the newest.

    `digest` is that of the selection, `pinned_lock` the sha256 of the lock file the user named, if any, `cures` the
    variables that it must set, and no others: an environment that computes something else is not what is asked for.
    `tuning`: what it may set besides, because that was measured to be faster.
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
        if other := difference(receipt, cures, tuning):
            if number == now:
                say(f"Note      {_sentence(other)}. What is asked for is another environment.")
            continue
        if not (lost := store.lacks(receipt)):
            return receipt
        say(f"Note      {NotWholeError(number, lost).what} It would be what is asked for; building anew.")
    return None


def switch_to(store: Store, now: int | None, kept: Receipt, say: Callable[[str], object]) -> Outcome:
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


def why_not(
    store: Store,
    now: int | None,
    digest: str,
    pinned_lock: str | None,
    cures: Mapping[str, str],
    tuning: Tuning = "kept",
) -> str:
    """Return, in a sentence, why what stands at the prefix (`now`: its generation) is not what is asked for."""
    prefix = store.layout.prefix
    if now is None:
        there = os.path.lexists(prefix)
        return f"{prefix} was not built by tfsetup." if there else f"There is no environment at {prefix}."
    try:
        receipt = store.receipt(now)
    except TfsetupError as unread:
        return unread.message
    if receipt.digest != digest:
        return f"Generation {now} was built for something else ({receipt.row or 'it is not known for what'})."
    if pinned_lock not in {None, receipt.lock_sha256}:
        return f"Generation {now} was built from another lock."
    if other := difference(receipt, cures, tuning):
        return f"{_sentence(other)}."
    lost = store.lacks(receipt)
    return NotWholeError(now, lost).what if lost else f"Generation {now} is what is asked for, and whole."


def _sentence(clause: str) -> str:
    return clause[:1].upper() + clause[1:]


def _asked_for(store: Store, number: int, digest: str, pinned_lock: str | None) -> Receipt | None:
    try:
        receipt = store.receipt(number)
    except TfsetupError:
        return None
    return receipt if receipt.digest == digest and pinned_lock in {None, receipt.lock_sha256} else None
