"""The locks that `tfsetup lock` wrote: the one that was named, or the one in place for a row; and is it fresh?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from tfsetup.errors import LockError, Where
from tfsetup.host.model import Host
from tfsetup.locks import files
from tfsetup.locks.model import Form, Lock
from tfsetup.locks.order import Order, takes
from tfsetup.locks.team import Team
from tfsetup.locks.venv.fresh import changes, recorded_order
from tfsetup.locks.venv.suits import Suits, Unsuited, suits
from tfsetup.matrix.choose.select import select
from tfsetup.matrix.file.rows import Matrix
from tfsetup.matrix.model import Ask, Selection
from tfsetup.workflows.backends import LockOrder, Scope
from tfsetup.workflows.lock_choice import Choice, Relock, cannot_be_used
from tfsetup.workflows.told import Told

_NO_LOCK = "`--no-lock` resolves without the locks."


def named(path: Path, lock: Lock, host: Host, ask: Ask, matrix: Matrix) -> Choice:
    """Return the choice of a lock that was named, and that `tfsetup lock` wrote.

    Raises:
        LockError: it is stale, or not for this machine.
    """
    suited = suits(lock, host, ask, matrix)
    match suited:
        case Unsuited(reason=reason):
            raise cannot_be_used(reason, path)
        case Suits(selection=selection):
            order = Order(ask=Ask()) if lock.origin is None else recorded_order(lock.origin)
            _refuse_stale(path, _stale(lock, order, matrix), "`tfsetup lock`")
            return Choice(path=path, selection=selection)
        case _:
            assert_never(suited)


@dataclass(frozen=True, slots=True)
class InPlace:
    """The choice among the locks in `environments/locks`."""

    host: Host
    ask: Ask
    matrix: Matrix
    team: Team | None
    told: Told

    def choose(self, relock: Relock | None) -> Choice:
        """Return the choice; `relock` writes one anew that is stale or missing, None: it may not.

        Raises:
            LockError: the lock is stale or not for this machine, or the team has none for it.
            InvalidFileError: a lock is damaged.
        """
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


def _python(lock: Lock) -> str | None:
    return lock.origin.python if lock.origin else None
