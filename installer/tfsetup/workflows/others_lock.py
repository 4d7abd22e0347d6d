"""The lock of another program: which of it one machine gets, and what is chosen for that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tfsetup.host.model import Host
from tfsetup.locks import files
from tfsetup.locks.asked import asked_otherwise, made_by_others
from tfsetup.locks.model import Lock, LockedPackage
from tfsetup.locks.venv.applying import refuse_sources
from tfsetup.locks.venv.write import write_lock
from tfsetup.matrix.choose.select import select
from tfsetup.matrix.file.rows import Matrix
from tfsetup.matrix.model import Ask, Selection
from tfsetup.workflows.applied import Applied, applied
from tfsetup.workflows.lock_choice import Choice, cannot_be_used

_ANY_PYTHON = "3.12"  # to say what is wrong with a lock where nothing can be installed anyway


def of_others(path: Path, lock: Lock, host: Host, ask: Ask, matrix: Matrix) -> Choice:
    """Return the choice of another program's lock: its part for this machine, with the first Python that it is for.

    Raises:
        LockError: it was made for something else than what is asked for, or holds nothing for this machine.
        InvalidFileError: it cannot be used here.
    """
    _refuse_others((), path, replace(ask, tensorflow=None), matrix)
    found = applied([(path, lock)], host, _pythons(host, ask, matrix))
    packages = (*found.found[0].packages, *found.found[0].sources)
    version = _refuse_others(packages, path, ask, matrix)
    ask = replace(ask, python=found.python)
    selection = select(host, replace(ask, tensorflow=f"=={version}") if version else ask, matrix)
    if not selection.installable:  # a release that no row has: what the row says of its newest is the best there is
        selection = select(host, ask, matrix)
    alone = _alone(path, lock, host, selection, found) if selection.installable else None
    return Choice(path=path, selection=selection, others=alone)


def _refuse_others(packages: tuple[LockedPackage, ...], path: Path, ask: Ask, matrix: Matrix) -> str | None:
    """Return the TensorFlow among packages of another program's lock; refuse what is not asked for."""
    made = made_by_others(packages, frozenset(row.distribution for row in matrix.rows))
    if reason := asked_otherwise(made, ask):
        raise cannot_be_used(reason, path)
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


def _alone(path: Path, lock: Lock, host: Host, selection: Selection, seen: Applied) -> Lock:
    """Return what a lock says for one machine as a lock of that alone, with its wheels where they lie.

    `seen` is what it says with a Python: where nothing more is known by now, that is not asked again.
    """
    if selection.sdists or selection.python != seen.python:
        known = files.read_lock(path, sdists=selection.sdists) if selection.sdists else lock
        seen = applied([(path, known)], host, [selection.python or ""])
    (found,) = seen.found
    refuse_sources(found, str(path))
    alone = write_lock([files.located(path, package) for package in found.packages], None, lock.form)
    return replace(alone, cut_from=lock.sha256)
