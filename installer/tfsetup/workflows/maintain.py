"""The generations of an environment: list them, go back to one, remove one, clear up what is old."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tfsetup.envs import generations
from tfsetup.envs.cures import uncured
from tfsetup.envs.store import NotWholeError, Store, layout_for
from tfsetup.envs.whole import added
from tfsetup.errors import InvalidFileError
from tfsetup.ground.looking import generation as linked
from tfsetup.ground.looking import look
from tfsetup.ground.prefix import Absent, Prefix, repair, sentence
from tfsetup.matrix.hazards import Hazard
from tfsetup.workflows.told import Told, silent


@dataclass(frozen=True, kw_only=True, slots=True)
class Generation:
    """One generation as its receipt and its files tell it.

    Where the receipt cannot be read `damaged` says why, and what only it could tell is empty.
    """

    generation: int
    """Its number; a number is never used twice."""
    row: str = ""
    """The row of the matrix it was built for; `adopted`: it was there before tfsetup came."""
    python: str = ""
    """The Python it is built on, `X.Y`."""
    requirements: tuple[str, ...] = ()
    """What it was built from, as requirements; empty where that is not known."""
    created: str = ""
    """When it was built: UTC, in ISO 8601."""
    tfsetup: str = ""
    """The version of tfsetup that built it."""
    rebuilt: bool = False
    """Whether its receipt was lost and written anew from its files."""
    cures: Mapping[str, str] = field(default_factory=dict)
    """The variables that its start-up file sets, against known defects."""
    tuned: Mapping[str, str] = field(default_factory=dict)
    """Those of them that cure nothing, and were measured to make it faster when it was built."""
    verified: bool = False
    """Whether it was verified when it was built."""
    damaged: str | None = None
    """Why its receipt cannot be read; null: it can."""
    whole: bool
    """Whether everything is there that was built."""
    missing: tuple[str, ...]
    """What it has lost since, a sentence each."""
    added: tuple[str, ...] = ()
    """What was put into it by hand since, `name==version`; it is whole nevertheless."""
    uncured: Mapping[str, str] = field(default_factory=dict)
    """The variables that known defects of what is installed need, and that it does not set."""
    current: bool
    """Whether the prefix leads to it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """All generations of a prefix, oldest first."""

    prefix: str
    """The prefix, as an absolute path."""
    current: int | None
    """The number of the generation that the prefix leads to; null: to none."""
    missing: str | None
    """What is wrong with the prefix itself, and what mends it; null: nothing."""
    generations: tuple[Generation, ...]
    """The generations that there are, and the one that the prefix leads to though it is gone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RolledBack:
    """The prefix leads to the generation that was asked for; `changed`: it did not before."""

    prefix: str
    """The prefix, as an absolute path."""
    generation: int
    """The number of the generation that the prefix leads to now."""
    before: int | None
    """The number of the generation it led to before; null: to none."""
    changed: bool
    """Whether these two differ."""
    row: str
    """The row of the matrix it was built for."""
    whole: bool = True
    """Everything is there that was built: nothing else is gone back to."""
    missing: tuple[str, ...] = ()
    """What it has lost: nothing."""
    cures: Mapping[str, str] = field(default_factory=dict)
    """The variables that its start-up file sets, against known defects."""
    uncured: Mapping[str, str] = field(default_factory=dict)
    """The variables that known defects of what is installed need, and that it does not set."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NotWhole:
    """There was no going back: the generation has lost something since it was built."""

    prefix: str
    """The prefix, as an absolute path."""
    generation: int
    """The number of the generation that was asked for."""
    changed: bool = False
    """Nothing was changed."""
    whole: bool = False
    """It is not whole."""
    missing: tuple[str, ...]
    """What it has lost, a sentence each."""
    refused: str
    """The same in one sentence."""
    hint: str
    """What to do instead."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Removed:
    """One generation is gone."""

    prefix: str
    """The prefix, as an absolute path."""
    generation: int
    """The number of the generation that was removed."""
    changed: bool = True
    """It was there before."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Collected:
    """What clearing up kept and removed, by the numbers of the generations."""

    prefix: str
    """The prefix, as an absolute path."""
    kept: tuple[int, ...]
    """The generations that stay."""
    removed: tuple[int, ...]
    """The generations that went."""
    unfinished: tuple[int, ...]
    """What killed runs had left, which went too."""
    changed: bool
    """Whether anything was removed."""


def list_generations(prefix: Path, known: Callable[[], Sequence[Hazard]]) -> Listed:
    """Return the generations of `prefix`, with what known defects each of them has uncured.

    `known` gives those of the matrix; it is asked only where there are generations, because reading them takes time.

    Raises:
        BuildError: something that is not ours stands at the prefix.
    """
    store = Store(layout_for(prefix))
    found = look(prefix)
    current = store.current() if isinstance(found, Prefix) or linked(prefix) is not None else None
    numbers = sorted({*store.numbers(), *([] if current is None else [current])})
    hazards = known() if numbers else ()
    nothing = not numbers and isinstance(found, Absent) and found.instead == "nothing"
    return Listed(
        prefix=str(store.layout.prefix),
        current=current,
        missing=None if isinstance(found, Prefix) or nothing else f"{sentence(found)} {repair(found)}",
        generations=tuple(_generation(store, number, hazards, current=number == current) for number in numbers),
    )


def _generation(store: Store, number: int, hazards: Sequence[Hazard], *, current: bool) -> Generation:
    """Return what a receipt says; one that cannot be read must not hide the others."""
    try:
        receipt = store.receipt(number)
    except InvalidFileError as error:
        lost = (store.unknown(number),)
        return Generation(generation=number, damaged=error.message, whole=False, missing=lost, current=current)
    missing = tuple(map(str, store.lacks(receipt)))
    return Generation(
        generation=receipt.generation, row=receipt.row, python=receipt.python, requirements=receipt.requirements,
        created=receipt.created, tfsetup=receipt.tfsetup, rebuilt=receipt.rebuilt, cures=receipt.cures,
        tuned=receipt.tuned, verified=receipt.verify is not None, whole=not missing, missing=missing,
        added=added(store.layout, receipt), uncured=uncured(receipt, hazards), current=current,
    )  # fmt: skip


def roll_back(
    prefix: Path, generation: int | None, hazards: Sequence[Hazard], *, told: Told = silent
) -> RolledBack | NotWhole:
    """Point `prefix` at a generation (None: the newest before the current one), if that is whole.

    Raises:
        UsageError: there is no such generation, or none to go back to.
        InvalidFileError: its receipt is damaged.
        BuildError: its Python does not start at the prefix, which leads back to where it did.
    """
    store = Store(layout_for(prefix))
    whole = str(store.layout.prefix)
    try:
        before, receipt = generations.roll_back(store, generation, say=told)
    except NotWholeError as refused:
        return NotWhole(
            prefix=whole, generation=refused.generation, missing=tuple(map(str, refused.lost)),
            refused=refused.message, hint=refused.hint,
        )  # fmt: skip
    return RolledBack(
        prefix=whole, generation=receipt.generation, before=before, changed=before != receipt.generation,
        row=receipt.row, cures=receipt.cures, uncured=uncured(receipt, hazards),
    )  # fmt: skip


def remove(prefix: Path, generation: int, *, told: Told = silent) -> Removed:
    """Remove a generation that is not the current one.

    Raises:
        UsageError: it does not exist, or it is the current one.
        BuildError: its files cannot be removed.
    """
    store = Store(layout_for(prefix))
    generations.remove(store, generation, say=told)
    return Removed(prefix=str(store.layout.prefix), generation=generation)


def collect(prefix: Path, keep: int, *, told: Told = silent) -> Collected:
    """Remove all generations but `keep` of them, and what killed runs left, of this prefix and in temporary folders.

    Raises:
        BuildError: something cannot be removed.
    """
    from tfsetup.host.temporary import sweep_temporary

    store = Store(layout_for(prefix))
    swept = generations.collect(store, keep, say=told)
    sweep_temporary()
    return Collected(
        prefix=str(store.layout.prefix), kept=swept.kept, removed=swept.removed, unfinished=swept.unfinished,
        changed=bool(swept.removed or swept.unfinished),
    )  # fmt: skip
