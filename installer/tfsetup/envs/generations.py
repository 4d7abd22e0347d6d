"""Going back to a generation, and removing one: under the same lock as building."""

from __future__ import annotations

from collections.abc import Callable

from tfsetup.envs.store import Store, existing
from tfsetup.errors import UsageError


def roll_back(store: Store, generation: int | None, *, waiting: Callable[[], None]) -> tuple[int | None, int]:
    """Point the prefix at `generation` (default: the newest one before the current); return before and after.

    Raises:
        UsageError: there is no such generation, or none to go back to.
    """
    with store.locked(waiting=waiting):
        current = store.current()
        wanted = _before(store, current) if generation is None else existing(store, generation)
        if wanted != current:
            store.switch(wanted)
        return current, wanted


def _before(store: Store, current: int | None) -> int:
    older = [number for number in store.numbers() if current is None or number < current]
    if not older:
        raise UsageError(
            f"There is no generation of {store.layout.prefix} to go back to.",
            hint="`tfsetup list` shows the generations; `tfsetup install` builds one.",
        )
    return older[-1]


def remove(store: Store, generation: int, *, waiting: Callable[[], None]) -> None:
    """Remove a generation that is not the current one.

    Raises:
        UsageError: it does not exist, or it is the current one.
    """
    with store.locked(waiting=waiting):
        if existing(store, generation) == store.current():
            raise UsageError(
                f"Generation {generation} is what {store.layout.prefix} is now.",
                hint="Roll back to another one first: `tfsetup rollback N`.",
            )
        store.discard(generation)
