"""Whether a lock, made for a reference machine, can be installed on a real one. Pure."""

from __future__ import annotations

from dataclasses import replace

from tfsetup.ground.values import value
from tfsetup.host.model import Host
from tfsetup.locks.asked import asked_otherwise, made_for
from tfsetup.locks.model import Lock, LockedPackage, Origin
from tfsetup.locks.venv.targets import why_not
from tfsetup.matrix.choose.names import as_resolved
from tfsetup.matrix.choose.releases import process_arch
from tfsetup.matrix.choose.select import decide
from tfsetup.matrix.file.rows import Matrix, Row
from tfsetup.matrix.machine import fits, floor_version
from tfsetup.matrix.model import Ask, Selection


@value
class Suits:
    """It can; `selection` is the row's answer on this machine, with the lock's TensorFlow and Python."""

    selection: Selection


@value
class Unsuited:
    """It cannot, and why. `asked`: because something else was asked for in so many words."""

    reason: str
    asked: bool = False


def suits(lock: Lock, host: Host, ask: Ask, matrix: Matrix) -> Suits | Unsuited:
    """Tell whether `lock` may be installed on `host` for somebody who asks `ask`."""
    origin = lock.origin
    if origin is None:
        return Unsuited(reason="it was not written by `tfsetup lock`, so what it is for is not known")
    names = {package.name for package in lock.packages}
    row = next((as_resolved(row, names) for row in matrix.rows if row.id == origin.row), None)
    version = lock.version_of(row.distribution) if row else None
    if row is None or version is None:
        return Unsuited(reason=f"the matrix knows nothing of its row {origin.row}")
    if refused := asked_otherwise(made_for(origin, row.accelerator, version), ask):
        return Unsuited(reason=refused, asked=True)
    return _on(row, version, origin, lock, host, ask, matrix)


def _on(row: Row, version: str, origin: Origin, lock: Lock, host: Host, ask: Ask, matrix: Matrix) -> Suits | Unsuited:
    alone = replace(matrix, rows=(row,))
    narrowed = replace(
        ask, tensorflow=f"=={version}", python=origin.python, pre=origin.pre, accelerator=row.accelerator
    )
    selection = decide(host, narrowed, alone)
    if not selection.installable:
        return Unsuited(reason=f"{row.id} with Python {origin.python}: {why_not(selection, row)}")
    if set(selection.requirements) != set(origin.requirements):
        return Unsuited(reason=f"here the row asks for {', '.join(selection.requirements)}")
    missing = [package for package in lock.packages if not _installs(package, row, host)]
    if missing:
        name, have = f"{missing[0].name} {missing[0].version}", floor_version(host)
        return Unsuited(reason=f"it has no wheel of {name} for this system ({have})")
    return Suits(selection=selection)


def _installs(package: LockedPackage, row: Row, host: Host) -> bool:
    """Tell whether one of the locked wheels is for this system; files without a name are left to the installer."""
    tags = [wheel.filename.removesuffix(".whl").rpartition("-")[2] for wheel in package.wheels if wheel.filename]
    if package.sdist is not None or package.marker or len(tags) < len(package.wheels):
        return True
    have = floor_version(host)
    return any(fits(tag, row.when.os, process_arch(row), have) for tag in tags)
