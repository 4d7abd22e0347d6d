"""Which lock an installation takes: the one that was named, the one in place for the row, or none; and may it?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import assert_never

from tfsetup.errors import LockError, Where
from tfsetup.ground.values import value
from tfsetup.host.model import Host
from tfsetup.locks import files
from tfsetup.locks.asked import asked_otherwise, made_by_others
from tfsetup.locks.conda.asking import asked_by, check_fits
from tfsetup.locks.model import Form, Lock, LockedPackage
from tfsetup.locks.order import Order, takes
from tfsetup.locks.team import Team
from tfsetup.locks.venv.applying import refuse_sources
from tfsetup.locks.venv.fresh import changes, recorded_order
from tfsetup.locks.venv.suits import Suits, Unsuited, suits
from tfsetup.locks.venv.write import write_lock
from tfsetup.matrix.choose.select import select
from tfsetup.matrix.file.rows import Matrix
from tfsetup.matrix.model import Ask, Selection
from tfsetup.workflows.applied import applied
from tfsetup.workflows.backends import LockOrder, Scope
from tfsetup.workflows.conda_choice import is_conda_lock, part_of, read_part
from tfsetup.workflows.told import Told, silent

Relock = Callable[[str, Sequence[str], Form | None], None]
"""Writes the lock of a row for these Pythons anew, in a form (None: as the team file says)."""

_ANY_PYTHON = "3.12"  # to say what is wrong with a lock where nothing can be installed anyway
_NO_LOCK = "`--no-lock` resolves without the locks."


@value
class Choice:
    """The lock file to install from (None: resolve), and the selection that goes with it.

    `conda` is what a lock of conda's says for this machine; None: it is no such lock. `others` is what a lock of
    another program says for this machine, as a lock of that alone: such a file may be for many machines.
    """

    path: Path | None
    selection: Selection
    conda: Lock | None = None
    others: Lock | None = None


def choose(
    host: Host,
    ask: Ask,
    matrix: Matrix,
    *,
    lock_file: Path | None = None,
    no_lock: bool = False,
    relock: Relock | None = None,
    told: Told = silent,
) -> Choice:
    """Return the lock to take on this machine, and the selection that goes with it.

    `lock_file` is the one that was named; `no_lock`: none may be taken. `relock` writes one anew that is stale or
    missing; None: it may not.

    Raises:
        LockError: the lock is stale or not for this machine, or the team has none for it.
        InvalidFileError: a lock or the team file is damaged.
    """
    if lock_file is not None:
        take = _of_conda if is_conda_lock(lock_file) else _named
        return take(lock_file, host, ask, matrix)
    if no_lock or ask.backend == "conda":
        return Choice(path=None, selection=select(host, ask, matrix))
    return _InPlace(host, ask, matrix, files.read_team(), told).choose(relock)


def _of_conda(path: Path, host: Host, ask: Ask, matrix: Matrix) -> Choice:
    lock = read_part(path, host)
    ask = asked_by(part_of(lock), ask, matrix, str(path))
    return Choice(path=path, selection=select(host, ask, matrix), conda=lock)


def read_of(choice: Choice) -> Lock | None:
    """Return what the chosen lock says; None: there is none, and something must be resolved.

    Raises:
        LockError: it was made for something else than what is asked for.
        InvalidFileError: it is damaged.
    """
    if choice.path is None:
        return None
    if choice.others is not None:
        return choice.others
    if choice.conda is None:
        return files.read_lock(choice.path, sdists=choice.selection.sdists)
    check_fits(part_of(choice.conda), choice.selection, str(choice.path))
    return choice.conda


def _named(path: Path, host: Host, ask: Ask, matrix: Matrix) -> Choice:
    lock = files.read_lock(path)
    if lock.origin is None:
        return _of_others(path, lock, host, ask, matrix)
    suited = suits(lock, host, ask, matrix)
    match suited:
        case Unsuited(reason=reason):
            raise _cannot_be_used(reason, path)
        case Suits(selection=selection):
            _refuse_stale(path, _stale(lock, recorded_order(lock.origin), matrix), "`tfsetup lock`")
            return Choice(path=path, selection=selection)
        case _:
            assert_never(suited)


def _of_others(path: Path, lock: Lock, host: Host, ask: Ask, matrix: Matrix) -> Choice:
    """Return the choice of another program's lock: its part for this machine, with the first Python that it is for."""
    _refuse_others((), path, replace(ask, tensorflow=None), matrix)
    found = applied([(path, lock)], host, _pythons(host, ask, matrix))
    packages = (*found.found[0].packages, *found.found[0].sources)
    version = _refuse_others(packages, path, ask, matrix)
    ask = replace(ask, python=found.python)
    selection = select(host, replace(ask, tensorflow=f"=={version}") if version else ask, matrix)
    if not selection.installable:  # a release that no row has: what the row says of its newest is the best there is
        selection = select(host, ask, matrix)
    alone = _alone(path, lock, host, selection) if selection.installable else None
    return Choice(path=path, selection=selection, others=alone)


def _refuse_others(packages: tuple[LockedPackage, ...], path: Path, ask: Ask, matrix: Matrix) -> str | None:
    """Return the TensorFlow among packages of another program's lock; refuse what is not asked for."""
    made = made_by_others(packages, frozenset(row.distribution for row in matrix.rows))
    if reason := asked_otherwise(made, ask):
        raise _cannot_be_used(reason, path)
    return made.tensorflow


def _pythons(host: Host, ask: Ask, matrix: Matrix) -> Iterator[str]:
    """Yield the Pythons to try: the one asked for, else the one a row would take, then others that a row takes."""
    if ask.python:
        yield ask.python
        return
    own = [each.minor for each in host.pythons or ()]
    yield select(host, ask, matrix).python or next(iter(own), _ANY_PYTHON)
    for python in (*own, *(f"3.{minor}" for minor in range(30, 6, -1))):
        if select(host, replace(ask, python=python), matrix).installable:
            yield python


def _alone(path: Path, lock: Lock, host: Host, selection: Selection) -> Lock:
    """Return what a lock says for one machine as a lock of that alone, with its wheels where they lie."""
    known = files.read_lock(path, sdists=selection.sdists) if selection.sdists else lock
    (found,) = applied([(path, known)], host, [selection.python or ""]).found
    refuse_sources(found, str(path))
    alone = write_lock([files.located(path, package) for package in found.packages], None, lock.form)
    return replace(alone, cut_from=lock.sha256)


def _cannot_be_used(reason: str, path: Path) -> LockError:
    hint = "Name another lock with --lock, or resolve without: leave --lock out."
    return LockError(f"This lock cannot be used here: {reason}.", hint=hint, where=Where(file=str(path)))


def _stale(lock: Lock, order: Order, matrix: Matrix) -> tuple[str, ...]:
    origin = lock.origin
    if origin is not None and not takes(order, origin.python):
        return (f"Python {origin.python} is not among those asked for ({', '.join(order.pythons)})",)
    python = origin.python if origin is not None and (order.pythons or origin.asked_python) else None
    return changes(lock, order, python, matrix)


def _refuse_stale(path: Path, changed: Sequence[str], how: str) -> None:
    if changed:
        lines = "\n".join(f"  {line}" for line in changed)
        raise LockError(f"The lock is stale:\n{lines}", hint=f"Write it anew with {how}.", where=Where(file=str(path)))


@dataclass(frozen=True, slots=True)
class _InPlace:
    """The choice among the locks in `environments/locks`."""

    host: Host
    ask: Ask
    matrix: Matrix
    team: Team | None
    told: Told

    def choose(self, relock: Relock | None) -> Choice:
        plain = select(self.host, self._scope(self.ask).asked.ask, self.matrix)
        if not plain.installable or plain.row is None:
            return Choice(path=None, selection=plain)
        return self._of_row(plain.row, plain, relock)

    def _scope(self, ask: Ask) -> Scope:
        return Scope(order=LockOrder(ask=ask), matrix=self.matrix, team=self.team)

    def _of_row(self, row: str, plain: Selection, relock: Relock | None) -> Choice:
        locks = self._locks(row)
        if not locks:
            if relock is not None and (self.team is not None or files.lock_names(files.LOCKS)):
                return self._again(row, plain, relock, None)
            return self._none(row, plain)
        reasons = []
        for path, lock in sorted(locks, key=lambda found: _python(found[1]) != plain.python):
            suited = suits(lock, self.host, self.ask, self.matrix)
            if isinstance(suited, Suits):
                return self._fresh(path, lock, suited.selection, plain, relock)
            reasons.append(f"{path}: {suited.reason}")
            if suited.asked:
                self.told(f"Note      {reasons[-1]}; resolving instead")
                return Choice(path=None, selection=plain)
        return self._unsuited(reasons, plain)

    def _locks(self, row: str) -> list[tuple[Path, Lock]]:
        names = [n for n in files.lock_names(files.LOCKS) if n == row or n.startswith(f"{row}-py")]
        paths = [files.locks_of(files.LOCKS, name)[0] for name in names]
        return [(path, files.read_lock(path)) for path in paths]

    def _fresh(self, path: Path, lock: Lock, selection: Selection, plain: Selection, relock: Relock | None) -> Choice:
        changed = _stale(lock, self._asked(lock), self.matrix)
        if changed and relock is not None:
            self.told(f"Lock      {path} is stale: {'; '.join(changed)}")
            return self._again(selection.row or "", plain, relock, lock.form)
        _refuse_stale(path, changed, "`tfsetup lock`, or here and now with `tfsetup install --update-lock`")
        self.told(f"Lock      {path} is fresh; nothing is resolved")
        return Choice(path=path, selection=selection)

    def _again(self, row: str, plain: Selection, relock: Relock, form: Form | None) -> Choice:
        relock(row, self.team.pythons if self.team else (), form)
        return self._of_row(row, plain, None)

    def _asked(self, lock: Lock) -> Order:
        """Return what must have been asked for when the lock was written: the team file, else the lock's own note."""
        if self.team is not None:
            return self._scope(Ask()).asked
        return Order(ask=Ask()) if lock.origin is None else recorded_order(lock.origin)

    def _none(self, row: str, plain: Selection) -> Choice:
        if self.team is None:
            if files.lock_names(files.LOCKS):
                self.told(f"Note      there is no lock for {row} in {files.LOCKS}; resolving")
            return Choice(path=None, selection=plain)
        if row in {found.id for found, _ in self._scope(Ask()).rows()}:
            message = f"The team's lock for {row} is missing in {files.LOCKS}."
            raise LockError(message, hint=f"`tfsetup lock` writes it. {_NO_LOCK}", where=Where(file=self.team.file))
        message = f"This machine gets the row {row}, for which the team locks nothing."
        hint = f"Add it to `platforms` in the team file, or choose another --accelerator. {_NO_LOCK}"
        raise LockError(message, hint=hint, where=Where(file=self.team.file))

    def _unsuited(self, reasons: Sequence[str], plain: Selection) -> Choice:
        if self.team is None:
            for reason in reasons:
                self.told(f"Note      {reason}")
            self.told("Note      no lock in place can be used on this machine; resolving instead")
            return Choice(path=None, selection=plain)
        message = "The team's lock cannot be used on this machine:\n" + "\n".join(f"  {line}" for line in reasons)
        hint = f"Add what this machine has to the team file and run `tfsetup lock`. {_NO_LOCK}"
        raise LockError(message, hint=hint, where=Where(file=self.team.file))


def _python(lock: Lock) -> str | None:
    return lock.origin.python if lock.origin else None
