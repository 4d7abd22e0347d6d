"""Locks of conda: one `conda-lock.yml` for all platforms, a channel's packages with wheels on top."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from msgspec import UNSET, UnsetType

from tfsetup.errors import Code, LockError, TfsetupError, UsageError, Where
from tfsetup.locks.conda.environment import Imported
from tfsetup.locks.conda.files import PROOFS, read_conda_lock, read_environment_file, read_settings
from tfsetup.locks.conda.lockfile import as_lock
from tfsetup.locks.conda.model import CondaLock, PlatformLock
from tfsetup.locks.conda.resolve import Options, Wanted, request_for, resolve
from tfsetup.locks.conda.targets import CondaOrder, changes, one_a_platform, wanted_for
from tfsetup.locks.conda.writing import LOCK, write_conda_lock
from tfsetup.locks.model import Lock, Origin
from tfsetup.locks.order import rows_for
from tfsetup.locks.team import ALL, Marked
from tfsetup.matrix.file.rows import Row
from tfsetup.workflows.backends import Case, Scope, Standing
from tfsetup.workflows.prefixes import prefix_of
from tfsetup.workflows.progress import progress
from tfsetup.workflows.subjects import Subject
from tfsetup.workflows.told import Told


def conda_backend(scope: Scope, told: Told) -> CondaBackend:
    """Return the backend, with what is to be taken over read; `told` hears what of it has no place in a lock.

    Raises:
        UsageError: the form without addresses is asked for.
        InvalidFileError: the file to take over cannot be read, or asks for what a lock cannot hold.
    """
    if scope.order.form == "portable":
        message = "A conda lock names its archives by their addresses; there is no portable form of it."
        raise UsageError(message, hint="Leave --format out.")
    if scope.order.source is None:
        return CondaBackend(scope=scope)
    names = sorted({row.distribution for row in scope.matrix.rows})
    imported = read_environment_file(scope.order.source, tensorflow=names)
    for line in imported.left_out:
        told(f"Left out  {line}")
    return CondaBackend(scope=scope, imported=imported)


@dataclass(frozen=True, kw_only=True, slots=True)
class CondaBackend:
    """The conda lock in a folder; `imported` is what a file asks for besides."""

    scope: Scope
    imported: Imported | None = None

    proofs: ClassVar[str] = PROOFS
    how: ClassVar[str] = "packages and wheels are read, nothing is linked"
    at_once: ClassVar[int] = 1
    remedy: ClassVar[str] = "Ask for other versions or another channel"
    index: ClassVar[UnsetType] = UNSET

    @property
    def path(self) -> Path:
        """The lock file."""
        return self.scope.order.folder / LOCK

    @property
    def left_out(self) -> tuple[str, ...] | UnsetType:
        """What of the file taken over has no place in a lock."""
        return tuple(self.imported.left_out) if self.imported else UNSET

    def read(self) -> dict[str, Lock]:
        """Return the platforms of the lock that is there, by subdir."""
        try:
            there = read_conda_lock(self.path)
        except LockError:
            return {}
        return {name: as_lock(part, text=there.text) for name, part in there.platforms.items()}

    # ---------------------------------------------------------------------------------------------------- writing

    def targets(self, there: Mapping[str, Lock], told: Told) -> tuple[Wanted, ...]:
        """Return what to lock, a platform each.

        Raises:
            UsageError: several Pythons are asked for, or two rows are for one platform.
            TfsetupError: `NO_ROW`: a row has no release for what is asked.
        """
        found = self._wanted(self._rows(), _parts(there))
        told(f"Locking {len(found)} platforms at once: {', '.join(one.subdir for one in found)}")
        return found

    def _rows(self) -> tuple[Row, ...]:
        scope, platforms = self.scope, self.scope.order.platforms
        if self.imported is not None and not platforms:
            nowhere = Where(file=str(scope.order.source))
            named = [Marked(text=name, where=nowhere) for name in self.imported.platforms]
            return one_a_platform(row for row, _ in rows_for(named, scope.matrix, scope.order.ask.accelerator))
        rows = [row for row, _ in scope.rows()]
        exact = [row for row in rows if row.id in platforms]
        taken = {(row.when.os, row.when.arch) for row in exact}
        return (*exact, *one_a_platform(row for row in rows if (row.when.os, row.when.arch) not in taken))

    def _wanted(self, rows: Sequence[Row], locked: Mapping[str, PlatformLock]) -> tuple[Wanted, ...]:
        order = self._order()
        return wanted_for(rows, order, self.scope.matrix, locked=locked, upgrade=self.scope.order.upgrade)

    def _order(self) -> CondaOrder:
        order, imported = self.scope.asked, self.imported
        if len(order.pythons) > 1 or ALL in order.pythons:
            message = "A conda lock holds one Python; several are asked for."
            hint = "Name one with --python, and lock the others into folders of their own (-o)."
            raise UsageError(message, hint=hint)
        ask = replace(
            order.ask,
            python=next(iter(order.pythons), imported.python if imported else None),
            tensorflow=order.ask.tensorflow or (imported.tensorflow if imported else None),
        )
        return CondaOrder(ask=ask, levels=order.levels, team=order.team, imported=imported)

    def resolve(self, targets: Sequence[Wanted], told: Told) -> tuple[Case, ...]:
        """Resolve all platforms at once.

        Raises:
            TfsetupError: as `tfsetup.locks.conda.resolve.resolve`.
        """
        found = resolve(targets, self._options(), told=lambda *done: told(progress(*done)))
        return tuple(_case(one, as_lock(part)) for one, part in zip(targets, found, strict=True))

    def _options(self) -> Options:
        order = self.scope.order
        pre = self.scope.asked.ask.pre
        return Options(settings=read_settings(), pre=pre, offline=order.offline, index_url=order.index_url)

    def text(self, targets: Sequence[Wanted], cases: Sequence[Case]) -> dict[str, str | bytes]:
        """Return the lock and the two files that conda-lock would make it from, by name.

        Raises:
            UsageError: conda-lock is not installed.
        """
        mine = read_settings()
        parts = [case.lock.part for case in cases if case.lock.part]
        requests = [request_for(one, mine) for one in targets]
        return {**write_conda_lock(parts, requests, {one.subdir: one.requirements for one in targets})}

    # --------------------------------------------------------------------------------------------------- checking

    def stale(self) -> list[Standing]:
        """Return how each platform of the lock stands.

        Raises:
            LockError: there is no lock.
        """
        try:
            there = read_conda_lock(self.path)
        except LockError as error:
            hint = "`tfsetup lock --backend conda` writes it."
            raise LockError(error.message, hint=hint, where=error.where) from error
        rows = self._rows()
        if not self.scope.order.platforms and self.imported is None:
            locked = {part.row for part in there.platforms.values()}
            rows = tuple(row for row in self.scope.matrix.rows if row.id in locked) or rows
        return [self._standing(there, row) for row in rows]

    def _standing(self, there: CondaLock, row: Row) -> Standing:
        try:
            (one,) = self._wanted([row], there.platforms)
        except TfsetupError as error:
            if error.code is not Code.NO_ROW:
                raise
            return Standing(path=self.path, row=row.id, key="", changes=(error.message,))
        part = there.platforms.get(one.subdir)
        case = _case(one, as_lock(part or PlatformLock(subdir=one.subdir, packages=()), text=there.text))
        return Standing(
            path=self.path,
            row=one.selection.row,
            key=one.subdir,
            lock=case.lock,
            changes=changes(part, one),
            host=one.host,
            conda=case.conda,
        )

    def case(self, standing: Standing) -> Case | None:
        """Return a platform as one to judge."""
        lock, host = standing.lock, standing.host
        if lock is None or lock.origin is None or host is None:
            return None
        return Case(name=standing.key, lock=lock, origin=lock.origin, packages=lock.packages, host=host)

    def subject(self, case: Case) -> AbstractContextManager[Subject]:
        """Show a platform as the prefix it would become; archives lie in a temporary folder inside the `with`."""
        if case.lock.part is None:
            raise ValueError("a lock of wheels is no conda lock")
        return prefix_of(case.lock.part, case.host, offline=self.scope.order.offline)


def _parts(there: Mapping[str, Lock]) -> dict[str, PlatformLock]:
    return {name: lock.part for name, lock in there.items() if lock.part}


def _case(wanted: Wanted, lock: Lock) -> Case:
    origin = _origin(wanted)
    return Case(
        name=wanted.subdir,
        file=LOCK,
        key=wanted.subdir,
        lock=replace(lock, origin=origin),
        origin=origin,
        packages=lock.packages,
        host=wanted.host,
        conda=(*wanted.selection.conda, *wanted.specs),
    )


def _origin(wanted: Wanted) -> Origin:
    """Return what a platform is locked for, as the note of a lock says it."""
    selection, target = wanted.selection, wanted.selection.target
    return Origin(
        row=selection.row or "",
        platform=wanted.subdir,
        python=selection.python or "",
        macos=target.macos if target else None,
        requirements=wanted.requirements,
        team=wanted.team,
        digest=wanted.digest,
    )
