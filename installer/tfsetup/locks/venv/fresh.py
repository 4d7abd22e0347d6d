"""Fresh or stale: what a lock was made for against what would be made now. Pure, and offline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tfsetup.ground.versions import asked
from tfsetup.locks.cooldown import recorded
from tfsetup.locks.model import Lock, Origin
from tfsetup.locks.order import Order, runs_on
from tfsetup.locks.venv.targets import ask_of, origin_of, pinned
from tfsetup.matrix.beside import Beside, on, unmet
from tfsetup.matrix.choose.names import as_resolved
from tfsetup.matrix.file.rows import Matrix
from tfsetup.matrix.model import Ask

_NO_NOTE = "it was not written by `tfsetup lock`: what it was made for is not known"


def recorded_order(origin: Origin) -> Order:
    """Return what was asked for when a lock was written, to ask the same again."""
    ask = Ask(tensorflow=origin.tensorflow, pre=origin.pre)
    pythons = (origin.python,) if origin.asked_python else ()
    return Order(
        ask=ask, pythons=pythons, team=origin.team, cures=not origin.without_cures, cooldown=recorded(origin),
        builds=origin.allow_build,
    )  # fmt: skip


def changes(lock: Lock, order: Order, python: str | None, matrix: Matrix) -> tuple[str, ...]:
    """Return what is no longer as it was when `lock` was written; empty: it is fresh.

    `order` and `python` are what is asked for now. The locked release of TensorFlow counts as the answer for as long as
    it fits: a newer one on the index makes no lock stale.
    """
    origin = lock.origin
    if origin is None:
        return (_NO_NOTE,)
    row = next((row for row in matrix.rows if row.id == origin.row), None)
    if row is None:
        return (f"the matrix has no row {origin.row} any more",)
    row = as_resolved(row, {package.name for package in lock.packages})
    version = lock.version_of(row.distribution)
    if version is None:
        return (f"the row {row.id} is now about {row.distribution}, which is not in the lock",)
    if order.ask.tensorflow and not asked(order.ask.tensorflow, version):
        return (f"TensorFlow {order.ask.tensorflow} is asked for, and {version} is locked",)
    if origin.without_cures:  # a decision that stands in the lock; nothing but a new lock changes it
        order = replace(order, cures=False)
    if order.cooldown is None:  # nobody says: what the lock was made with stays in force
        order = replace(order, cooldown=recorded(origin))
    if not runs_on(order, origin.python):
        return (f"the project is for Python {order.requires_python}, and the lock for {origin.python}",)
    now = pinned(row, ask_of(row, order, python, matrix), order.levels, matrix, version)
    if now is None:
        return (f"the row {row.id} no longer takes {row.distribution} {version} for what is asked",)
    return (
        *_differences(origin, origin_of(row, order, python, now[1], matrix)),
        *_beside(lock, on(matrix.beside, row.when.os)),
    )


def _beside(lock: Lock, rules: Sequence[Beside]) -> Iterator[str]:
    """Yield the bounds of the matrix that what is locked calls for and does not keep."""
    versions = {package.name: package.version for package in lock.packages}
    yield from (one.sentence for one in unmet(rules, versions))


def _differences(was: Origin, now: Origin) -> Iterator[str]:
    yield from _value("TensorFlow asked for", was.tensorflow or "the newest", now.tensorflow or "the newest")
    yield from _value("pre-releases", _allowed(pre=was.pre), _allowed(pre=now.pre))
    yield from _value("Python", was.python, now.python)
    yield from _value("macOS", was.macos, now.macos)
    yield from _value("glibc", was.glibc, now.glibc)
    if (was.macos, was.glibc) == (now.macos, now.glibc):
        yield from _value("platform", was.platform, now.platform)
    yield from _lists("how young a file may be", recorded(was).says, recorded(now).says)
    yield from _lists("the team's requirements", was.team, now.team)
    yield from _lists("the row's requirements", _row_pins(was), _row_pins(now))
    yield from _lists("what may be built from source", was.sdists, now.sdists)
    yield from _lists("what pure Python may be built", was.allow_build, now.allow_build)
    yield from _lists("what known defects are cured by", _cures(was), _cures(now))
    parts = sorted(name for name in {*was.rules, *now.rules} if was.rules.get(name) != now.rules.get(name))
    if parts:
        yield f"the row {was.row} in the matrix: {', '.join(parts)}"


def _allowed(*, pre: bool) -> str:
    return "allowed" if pre else "not allowed"


def _row_pins(origin: Origin) -> tuple[str, ...]:
    return (*origin.requirements, *origin.source_builds)


def _cures(origin: Origin) -> tuple[str, ...]:
    return tuple(f"{name}={value}" for name, value in sorted(origin.cures.items()))


def _value(what: str, was: str | None, now: str | None) -> Iterator[str]:
    if was != now:
        yield f"{what}: {was or 'none'} → {now or 'none'}"


def _lists(what: str, was: tuple[str, ...], now: tuple[str, ...]) -> Iterator[str]:
    gone, new = [x for x in was if x not in now], [x for x in now if x not in was]
    if gone or new:
        yield f"{what}: " + ", ".join([*(f"-{x}" for x in gone), *(f"+{x}" for x in new)])
