"""Which platforms one conda lock holds, and what each of them asks for. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from tfsetup.errors import Code, TfsetupError, UsageError, Where
from tfsetup.ground.marked import Marked
from tfsetup.ground.platforms import Platform
from tfsetup.ground.versions import asked
from tfsetup.locks.conda.environment import Imported
from tfsetup.locks.conda.model import PlatformLock
from tfsetup.locks.conda.platforms import subdir_of
from tfsetup.locks.conda.resolve import Wanted
from tfsetup.locks.cooldown import Cooldown, old_enough
from tfsetup.locks.naming import markers_of, narrowed
from tfsetup.locks.taken import taken
from tfsetup.matrix.choose.reference import Levels, reference_host
from tfsetup.matrix.choose.releases import process_arch
from tfsetup.matrix.choose.select import decide
from tfsetup.matrix.file.rows import Matrix, Row
from tfsetup.matrix.model import Ask, Selection

_TEAM = Where(file="the team file")


@dataclass(frozen=True, kw_only=True, slots=True)
class CondaOrder:
    """What is wanted of every platform: the ask, the oldest systems, the team's requirements, an imported file.

    `cooldown` and `now` as in `Order`.
    """

    ask: Ask
    levels: Levels = field(default_factory=Levels)
    team: tuple[str, ...] = ()
    imported: Imported | None = None
    cooldown: Cooldown | None = None
    now: datetime | None = None


def one_a_platform(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Return the first row of each platform that every machine of the platform can use.

    Every Mac with Apple silicon has its GPU; of other machines only some have theirs.
    """
    found: dict[tuple[str, str], Row] = {}
    for row in rows:
        if row.when.gpu in {None, "apple"}:
            found.setdefault((row.when.os, row.when.arch), row)
    return tuple(found.values())


def wanted_for(
    rows: Sequence[Row],
    order: CondaOrder,
    matrix: Matrix,
    *,
    locked: Mapping[str, PlatformLock] | None = None,
    upgrade: Collection[str] | None = (),
) -> tuple[Wanted, ...]:
    """Return what to lock for each row. A locked release of TensorFlow stays while it fits, unless in `upgrade`.

    Raises:
        UsageError: two rows are for the same platform: a conda lock holds one environment a platform.
        TfsetupError: `NO_ROW`: a row has no release for this ask.
    """
    found: dict[str, Wanted] = {}
    for row in rows:
        wanted = _wanted(row, order, matrix, locked or {}, upgrade)
        if wanted.subdir in found:
            other = found[wanted.subdir].selection.row
            raise UsageError(
                f"A conda lock holds one environment a platform; {other} and {row.id} are both {wanted.subdir}.",
                hint="Name one of them with --platform, and lock the other into a folder of its own (-o).",
            )
        found[wanted.subdir] = wanted
    return tuple(found.values())


def _wanted(
    row: Row, order: CondaOrder, matrix: Matrix, locked: Mapping[str, PlatformLock], upgrade: Collection[str] | None
) -> Wanted:
    levels = replace(order.levels, macos=order.levels.macos or (matrix.conda.macos if matrix.conda else None))
    host = reference_host(row, levels)
    cooldown = _counted(order, locked, upgrade, row)
    alone = replace(old_enough(matrix, cooldown), rows=(row,))
    markers = markers_of(Platform(row.when.os, process_arch(row)), order.ask.python or row.python)
    ask = replace(narrowed(order.ask, order.team, markers, matrix), accelerator=row.accelerator, backend="conda")
    answer = decide(host, ask, alone)
    if not answer.installable or answer.target is None:
        reasons = "; ".join(reason.removeprefix(f"{row.id}: ") for reason in answer.reasons)
        hint = "Change what is asked for (--tensorflow, --python), or leave the platform out."
        raise TfsetupError(Code.NO_ROW, f"Nothing to lock for {row.id}: {reasons}", hint=hint)
    version = _version_in(locked.get(subdir_of(answer.target)), row)
    if (
        version is not None
        and upgrade is not None
        and row.distribution not in upgrade
        and (ask.tensorflow is None or asked(ask.tensorflow, version))
    ):
        kept = decide(host, replace(ask, tensorflow=f"=={version}"), alone)
        answer = kept if kept.installable else answer
    team = taken([Marked(text=text, where=_TEAM) for text in order.team], row, matrix, markers).requirements
    return _with_imported(Wanted(selection=answer, host=host, team=team, cooldown=cooldown), order.imported)


def _counted(
    order: CondaOrder, locked: Mapping[str, PlatformLock], upgrade: Collection[str] | None, row: Row
) -> Cooldown:
    """Return how young an archive may be, with a span counted from where the lock there has it, while nothing moves."""
    lock = next((one for one in locked.values() if one.row == row.id), None)
    was = _recorded(lock) if lock else None
    wanted = was if order.cooldown is None else order.cooldown
    moves = upgrade is None or bool(upgrade)
    return wanted.counted(order.now, None if moves else was) if wanted else Cooldown()


def _recorded(lock: PlatformLock) -> Cooldown:
    return Cooldown(newer=lock.exclude_newer or None, since=lock.exclude_newer_since or None)


def _version_in(lock: PlatformLock | None, row: Row) -> str | None:
    names = {row.distribution, row.conda.package if row.conda else row.distribution}
    return next((one.version for one in lock.entries if one.name in names), None) if lock else None


def _with_imported(wanted: Wanted, imported: Imported | None) -> Wanted:
    if imported is None:
        return wanted
    subdir = wanted.subdir
    mine = {spec.split(" ")[0] for spec in wanted.selection.conda}
    # A bare name that the row asks for anyway says nothing new; a bound on it does.
    more = tuple(spec for spec in imported.specs.get(subdir, ()) if spec not in mine)
    return replace(
        wanted, specs=more, channels=imported.channels, team=(*wanted.team, *imported.requirements.get(subdir, ()))
    )


def changes(lock: PlatformLock | None, wanted: Wanted) -> tuple[str, ...]:
    """Return what is no longer as it was when a platform was locked; empty: it is fresh."""
    if lock is None:
        return (f"there is no {wanted.subdir} in it",)
    if not lock.digest:
        return ("it was not written by `tfsetup lock`: what it was made for is not known",)
    now: Selection = wanted.selection
    if lock.row != now.row:
        return (f"the row: {lock.row} → {now.row}",)
    found = [f"Python: {lock.minor} → {now.python}"] if lock.minor != now.python else []
    was, asked_now = lock.exclude_newer or "any", wanted.cooldown.newer or "any"
    found += [f"how young an archive may be: {was} → {asked_now}"] if was != asked_now else []
    locked = {one.name: one.version for one in lock.entries}
    for requirement in now.requirements:
        name, exact, version = requirement.partition("==")
        there = locked.get(name.partition("[")[0], "none")
        if exact and there != version:
            found.append(f"{name}: {there} → {version}")
    if not found and lock.digest != wanted.digest:
        found.append("what is asked for: the row's specs and bounds, the team's requirements, or the systems it is for")
    return tuple(found)
