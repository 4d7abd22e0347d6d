"""Which lock an installation takes: the one that was named, the one in place for the row, or none; and may it?"""

from __future__ import annotations

from pathlib import Path

from tfsetup.host.model import Host
from tfsetup.locks import files
from tfsetup.locks.model import Lock
from tfsetup.matrix.choose.select import select
from tfsetup.matrix.file.rows import Matrix
from tfsetup.matrix.model import Ask
from tfsetup.workflows.conda_choice import is_conda_lock, part_of, read_part
from tfsetup.workflows.lock_choice import Choice, Relock
from tfsetup.workflows.told import Told, silent


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
    from tfsetup.workflows.own_lock import InPlace

    return InPlace(host, ask, matrix, files.read_team(), told).choose(relock)


def _of_conda(path: Path, host: Host, ask: Ask, matrix: Matrix) -> Choice:
    from tfsetup.locks.conda.asking import asked_by

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
    from tfsetup.locks.conda.asking import check_fits

    check_fits(part_of(choice.conda), choice.selection, str(choice.path))
    return choice.conda


def _named(path: Path, host: Host, ask: Ask, matrix: Matrix) -> Choice:
    lock = files.read_lock(path)
    if lock.origin is None:
        from tfsetup.workflows.others_lock import of_others

        return of_others(path, lock, host, ask, matrix)
    from tfsetup.workflows.own_lock import named

    return named(path, lock, host, ask, matrix)
