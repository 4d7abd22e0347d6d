"""Putting a lock through the preflight of its target: wheels read where they lie on the index, nothing is installed."""

from __future__ import annotations

from collections.abc import Sequence

from tfsetup.cli.session import Session
from tfsetup.errors import NetworkError, TfsetupError
from tfsetup.host.model import Host
from tfsetup.locks.model import Lock, LockedPackage, Origin
from tfsetup.locks.proof import Proof
from tfsetup.locks.targets import LockTarget
from tfsetup.matrix.rows import Matrix

_SHOWN = 5


def unproven(target: LockTarget, lock: Lock, why: str) -> Proof:
    """Return the record of a lock that was not judged, and why."""
    return Proof(
        row=target.row.id, python=target.origin.python, sha256=lock.sha256, verdict="undecided", reasons=(why,)
    )


def prove(session: Session, target: LockTarget, packages: Sequence[LockedPackage], lock: Lock) -> Proof:
    """Judge the packages of a lock (with their addresses) on the reference machine of its target."""
    return unproven(target, lock, "not yet")


def prove_lock(
    session: Session, lock: Lock, origin: Origin, matrix: Matrix, index_url: str | None, *, offline: bool
) -> Proof:
    """Judge a lock that was read from disk; the portable form has its addresses looked up first."""
    return Proof(row=origin.row, python=origin.python, sha256=lock.sha256, verdict="undecided", reasons=("not yet",))
