"""Locks of conda: one `conda-lock.yml` for all platforms, a channel's packages with wheels on top."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from msgspec import UNSET

from tfsetup.errors import Code, InvalidFileError, LockError, TfsetupError, UsageError, Where
from tfsetup.ground.owners import SharedFiles
from tfsetup.locks.conda.environment import Imported
from tfsetup.locks.conda.files import PROOFS, read_conda_lock, read_environment_file, read_settings
from tfsetup.locks.conda.lockfile import as_lock
from tfsetup.locks.conda.model import CondaLock, PlatformLock
from tfsetup.locks.conda.resolve import Options, Wanted, request_for, resolve
from tfsetup.locks.conda.targets import CondaOrder, changes, one_a_platform, wanted_for
from tfsetup.locks.conda.writing import LOCK, write_conda_lock
from tfsetup.locks.cooldown import document, sentence
from tfsetup.locks.model import Lock, Origin
from tfsetup.locks.order import rows_for
from tfsetup.locks.team import ALL, Marked
from tfsetup.matrix.file.rows import Row
from tfsetup.workflows.backends import Case, Made, Scope, Standing
from tfsetup.workflows.progress import progress
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
    _refuse_exceptions(scope)
    if scope.order.source is None:
        return CondaBackend(scope=scope)
    names = sorted({row.distribution for row in scope.matrix.rows})
    imported = read_environment_file(scope.order.source, tensorflow=names)
    for line in imported.left_out:
        told(f"Left out  {line}")
    return CondaBackend(scope=scope, imported=imported)


def _refuse_exceptions(scope: Scope) -> None:
    """Refuse what rattler cannot do: a moment for one package and another one for the rest.

    Raises:
        UsageError: `--exclude-newer-package` was given.
        InvalidFileError: the team file has exceptions.
    """
    cooldown, team = scope.asked.cooldown, scope.team
    if not cooldown or not cooldown.packages:
        return
    message = "A conda lock has one moment for all archives of its channels; exceptions by package cannot be held."
    hint = "Leave `exclude-newer-package` out, or lock for --backend venv."
    if scope.order.cooldown is None and team is not None and team.cooled is not None:
        raise InvalidFileError(message, where=team.cooled, hint=hint)
    raise UsageError(message, hint=hint)


@dataclass(frozen=True, kw_only=True, slots=True)
class CondaBackend:
    """The conda lock in a folder; `imported` is what a file asks for besides."""

    scope: Scope
    imported: Imported | None = None

    proofs: ClassVar[str] = PROOFS
    how: ClassVar[str] = "packages and wheels are read, nothing is linked"
    remedy: ClassVar[str] = "Ask for other versions or another channel"

    @property
    def path(self) -> Path:
        """The lock file."""
        return self.scope.order.folder / LOCK

    # ---------------------------------------------------------------------------------------------------- writing

    def targets(self, there: Mapping[str, PlatformLock], told: Told) -> tuple[Wanted, ...]:
        """Return what to lock, a platform each.

        Raises:
            UsageError: several Pythons are asked for, or two rows are for one platform.
            TfsetupError: `NO_ROW`: a row has no release for what is asked.
        """
        found = self._wanted(self._rows(), there)
        for cooldown in dict.fromkeys(sentence(document(one.cooldown)) for one in found if one.cooldown):
            told(f"Cooldown  {cooldown}")
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
        conda = CondaOrder(
            ask=ask, levels=order.levels, team=order.team, imported=imported, cooldown=order.cooldown, now=order.now
        )
        return wanted_for(rows, conda, self.scope.matrix, locked=locked, upgrade=self.scope.order.upgrade)

    def made(self, told: Told) -> Made:
        """Resolve all platforms at once; the lock stands with the two files that conda-lock would make it from.

        Raises:
            UsageError: conda-lock is not installed.
            TfsetupError: as `tfsetup.locks.conda.resolve.resolve`.
        """
        try:
            there = read_conda_lock(self.path)
        except LockError:
            there = CondaLock(text="", channels=())
        targets = self.targets(there.platforms, told)
        order, mine = self.scope.order, read_settings()
        options = Options(settings=mine, pre=self.scope.asked.ask.pre, offline=order.offline, index_url=order.index_url)
        parts = resolve(targets, options, told=lambda *done: told(progress(*done)))
        requests = [request_for(one, mine) for one in targets]
        return Made(
            there={name: as_lock(part, text=there.text) for name, part in there.platforms.items()},
            cases=[case_of(one, as_lock(part)) for one, part in zip(targets, parts, strict=True)],
            texts={**write_conda_lock(parts, requests, {one.subdir: one.requirements for one in targets})},
            left_out=tuple(self.imported.left_out) if self.imported else UNSET,
        )

    def cheapest(self, name: str, conflict: SharedFiles) -> str:
        """Return what ends a conflict; which other versions would do without it is not looked for here."""
        return f"leave out what brings {' or '.join(conflict.rivals)} to {name}."

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
        case = case_of(one, as_lock(part or PlatformLock(subdir=one.subdir, packages=()), text=there.text))
        return Standing(
            path=self.path, row=one.selection.row, key=one.subdir, lock=case.lock, changes=changes(part, one),
            conda=case.conda, case=lambda: case,
        )  # fmt: skip


def case_of(wanted: Wanted, lock: Lock) -> Case:
    """Return a platform as one to judge, with the note of what it is locked for."""
    selection, target = wanted.selection, wanted.selection.target
    origin = Origin(
        row=selection.row or "", platform=wanted.subdir, python=selection.python or "",
        macos=target.macos if target else None, requirements=wanted.requirements, team=wanted.team,
        exclude_newer=wanted.cooldown.newer, exclude_newer_since=wanted.cooldown.since,
        digest=wanted.digest,
    )  # fmt: skip
    return Case(
        name=wanted.subdir, file=LOCK, key=wanted.subdir, lock=replace(lock, origin=origin), origin=origin,
        packages=lock.packages, host=wanted.host, conda=(*selection.conda, *wanted.specs),
    )  # fmt: skip
