"""Going back to a generation, removing one, and clearing up: under the same lock as building."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tfsetup.envs.model import ADOPTED, Receipt
from tfsetup.envs.store import Store, existing
from tfsetup.errors import TfsetupError, UsageError


def roll_back(store: Store, generation: int | None, *, say: Callable[[str], object]) -> tuple[int | None, Receipt]:
    """Point the prefix at `generation` (default: the newest before the current one); return the old and the new one.

    Raises:
        UsageError: there is no such generation, or none to go back to.
        InvalidFileError: its receipt is damaged.
        NotWholeError: it is not what was built any more; the prefix stays as it is.
        BuildError: its Python does not start at the prefix; the prefix leads back to where it did.
    """
    with store.locked(say=say):
        current = store.current()
        wanted = _before(store, current) if generation is None else existing(store, generation)
        receipt = store.receipt(wanted)
        if wanted == current:
            store.require_whole(receipt)
        else:
            store.switch(wanted)
        return current, receipt


def _before(store: Store, current: int | None) -> int:
    older = [number for number in store.numbers() if current is None or number < current]
    if not older:
        raise UsageError(
            f"There is no generation of {store.layout.prefix} to go back to.",
            hint="`tfsetup list` shows the generations; `tfsetup install` builds one.",
        )
    return older[-1]


def remove(store: Store, generation: int, *, say: Callable[[str], object]) -> None:
    """Remove a generation that is not the current one.

    Raises:
        UsageError: it does not exist, or it is the current one.
    """
    with store.locked(say=say):
        if existing(store, generation) == store.current():
            raise UsageError(
                f"Generation {generation} is what {store.layout.prefix} is now.",
                hint="Roll back to another one first: `tfsetup rollback N`.",
            )
        store.discard(generation)


@dataclass(frozen=True, kw_only=True, slots=True)
class Swept:
    """What clearing up kept and removed; `unfinished` are what killed runs had left."""

    kept: tuple[int, ...]
    removed: tuple[int, ...]
    unfinished: tuple[int, ...]


def collect(store: Store, keep: int, *, say: Callable[[str], object]) -> Swept:
    """Remove all generations but `keep` of them, and whatever killed runs left.

    The current one always stays and counts; the others stay newest first. What was there before tfsetup came is never
    removed by this: only `remove` with its number does that.

    Raises:
        BuildError: something cannot be removed.
    """
    if not store.layout.root.is_dir():
        return Swept(kept=(), removed=(), unfinished=())
    with store.locked(say=say):
        unfinished = store.clean()
        current = store.current()
        own = [number for number in store.numbers() if not _adopted(store, number)]
        others = [number for number in reversed(own) if number != current]
        removed = others[max(keep - (current in own), 0) :]
        for number in removed:
            store.discard(number)
        return Swept(kept=tuple(store.numbers()), removed=tuple(sorted(removed)), unfinished=tuple(unfinished))


def _adopted(store: Store, number: int) -> bool:
    try:
        return store.receipt(number).row == ADOPTED
    except TfsetupError:
        return False
