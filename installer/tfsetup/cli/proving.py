"""Putting a lock through the preflight of its target: wheels read where they lie on the index, nothing is installed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tfsetup.cli.session import Session
from tfsetup.errors import Code, InvalidFileError, NetworkError, TfsetupError
from tfsetup.host.model import Host
from tfsetup.locks import files
from tfsetup.locks.model import Lock, LockedPackage, Origin
from tfsetup.locks.proof import Proof, subject
from tfsetup.matrix.model import Selection, Target
from tfsetup.matrix.reference import Levels, reference_host
from tfsetup.matrix.rows import Matrix

_SHOWN = 5


def unproven(origin: Origin, lock: Lock, why: str) -> Proof:
    """Return the record of a lock that was not judged, and why."""
    return Proof(row=origin.row, python=origin.python, sha256=lock.sha256, verdict="undecided", reasons=(why,))


def prove(
    session: Session, origin: Origin, packages: Sequence[LockedPackage], lock: Lock, host: Host, *, fresh: bool = False
) -> Proof:
    """Judge the packages of a lock (with their addresses) on the reference machine of its target.

    What was found before about the very same files on the same machine is not looked at again, unless `fresh`.
    """
    key = subject(packages, host, origin.python)
    known = None if fresh else files.known_proof(key)
    if known is not None:
        return replace(known, sha256=lock.sha256)
    session.say(f"Proving   {origin.row}: would it load on its target?")
    try:
        proof = _judged(session, origin, packages, lock, host)
    except NetworkError as error:
        return unproven(origin, lock, f"the wheels could not be read: {error.message}")
    files.keep_proof(key, proof)
    return proof


def prove_lock(session: Session, lock: Lock, matrix: Matrix, *, offline: bool, index_url: str | None) -> Proof | None:
    """Judge a lock that was read from disk, anew; the portable form has its addresses looked up first.

    None: the lock does not say what it is for.
    """
    origin = lock.origin
    row = next((row for row in matrix.rows if origin is not None and row.id == origin.row), None)
    if origin is None or row is None:
        return None
    host = reference_host(row, Levels(macos=origin.macos, glibc=origin.glibc))
    try:
        packages = lock.packages if lock.form == "pylock" else _looked_up(lock, origin, offline, index_url)
    except TfsetupError as error:
        if error.code not in {Code.NETWORK, Code.BUILD}:
            raise
        return unproven(origin, lock, f"the addresses could not be looked up: {error.message}")
    return prove(session, origin, packages, lock, host, fresh=True)


def _looked_up(lock: Lock, origin: Origin, offline: bool, index_url: str | None) -> tuple[LockedPackage, ...]:
    """Return the packages of a portable lock with the addresses of the very files it names."""
    from tfsetup.locks.solve import Wish, resolve

    target = Target(platform=origin.platform, python=origin.python, macos=origin.macos, glibc=origin.glibc)
    pins = tuple(f"{package.name}=={package.version}" for package in lock.packages)
    selection = Selection(
        installable=True, row=origin.row, requirements=pins, sdists=origin.sdists, target=target, accelerator="cpu"
    )
    environ = {"UV_DEFAULT_INDEX": index_url} if index_url else {}
    found = resolve(Wish(selection=selection, pre=origin.pre, offline=offline), environ=environ)
    wanted = {file.sha256 for package in lock.packages for file in package.files}
    kept = [replace(p, wheels=tuple(wheel for wheel in p.wheels if wheel.sha256 in wanted)) for p in found]
    return tuple(package for package in kept if package.files)


def _judged(session: Session, origin: Origin, packages: Sequence[LockedPackage], lock: Lock, host: Host) -> Proof:
    from tfsetup.cli.prediction import predict
    from tfsetup.cli.targets import of_locked

    try:
        report = predict(session, of_locked(packages, host, origin.python), host, origin.python)
    except InvalidFileError as error:
        return unproven(origin, lock, error.message)
    reasons = [f"{failure.image}: {failure.message}" for failure in report.failures]
    reasons += [each.reason for each in report.not_covered if each.matters]
    return Proof(
        row=origin.row,
        python=origin.python,
        sha256=lock.sha256,
        verdict=report.verdict,
        images=report.images,
        reasons=tuple(dict.fromkeys(reasons))[:_SHOWN],
    )
