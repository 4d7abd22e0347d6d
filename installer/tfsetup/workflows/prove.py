"""Putting a lock through the preflight of its target: wheels read where they lie on the index, nothing is installed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from queue import Empty, Queue
from threading import Thread

from tfsetup.cli.session import Session
from tfsetup.errors import Code, InvalidFileError, NetworkError, TfsetupError
from tfsetup.host.model import Host
from tfsetup.locks import files
from tfsetup.locks.model import Lock, LockedPackage, Origin
from tfsetup.locks.proof import Proof, subject
from tfsetup.matrix.choose.reference import Levels, reference_host
from tfsetup.matrix.file.rows import Matrix
from tfsetup.matrix.model import Selection, Target
from tfsetup.report.lock import proven, proving

_SHOWN = 5
_AT_ONCE = 3  # each holds the libraries it reads in a temporary file: a gigabyte at times


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One lock to judge: its packages with their addresses, and the reference machine of its target."""

    lock: Lock
    origin: Origin
    packages: Sequence[LockedPackage]
    host: Host

    @property
    def subject(self) -> str:
        """The fingerprint of what is judged."""
        return subject(self.packages, self.host, self.origin.python)

    def unproven(self, why: str) -> Proof:
        """Return the record of a lock that was not judged, and why."""
        return _unproven(self.origin, self.lock, self.subject, why)


def _unproven(origin: Origin, lock: Lock, key: str, why: str) -> Proof:
    return Proof(
        row=origin.row, python=origin.python, sha256=lock.sha256, subject=key, verdict="undecided", reasons=(why,)
    )


def known(case: Case, recorded: Iterable[Proof]) -> Proof | None:
    """Return what was found before about the very same files on the same machine, wherever it was written down."""
    key = case.subject
    there = next((proof for proof in recorded if proof.subject == key and proof.verdict != "undecided"), None)
    found = there or files.known_proof(key)
    return replace(found, sha256=case.lock.sha256, subject=key) if found else None


def prove_all(session: Session, cases: Mapping[str, Case], recorded: Iterable[Proof]) -> dict[str, Proof]:
    """Judge locks on the reference machines of their targets, several at once, but for what is `known`.

    The threads are daemons: an interrupt does not wait for a download of theirs.
    """
    proofs = {name: proof for name, case in cases.items() if (proof := known(case, recorded)) is not None}
    waiting: Queue[tuple[str, Case]] = Queue()
    for name, case in cases.items():
        if name not in proofs:
            waiting.put((name, case))
    results: Queue[tuple[str, Proof | BaseException]] = Queue()
    missing = waiting.qsize()
    if missing:
        session.say(proving(missing, len(cases)))
    for _ in range(min(_AT_ONCE, missing)):
        Thread(target=_work, args=(session, waiting, results), daemon=True).start()
    for _ in range(missing):
        name, found = _next(results)
        if isinstance(found, BaseException):
            raise found
        proofs[name] = found
        session.say(proven(name, found.verdict, found.images))
    return proofs


def _next(results: Queue[tuple[str, Proof | BaseException]]) -> tuple[str, Proof | BaseException]:
    while True:
        with suppress(Empty):  # waiting without a timeout cannot be interrupted on Windows
            return results.get(timeout=0.5)


def _work(
    session: Session, waiting: Queue[tuple[str, Case]], results: Queue[tuple[str, Proof | BaseException]]
) -> None:
    with suppress(Empty):
        while True:
            name, case = waiting.get_nowait()
            try:
                results.put((name, prove(session, case)))
            except BaseException as error:  # noqa: BLE001 - raised again by whoever waits for the result
                results.put((name, error))


def prove(session: Session, case: Case) -> Proof:
    """Judge one lock, whatever was found before, and remember the answer."""
    try:
        proof = _judged(session, case)
    except NetworkError as error:
        return case.unproven(f"the wheels could not be read: {error.message}")
    files.keep_proof(case.subject, proof)
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
        return _unproven(origin, lock, "", f"the addresses could not be looked up: {error.message}")
    found = prove(session, Case(lock=lock, origin=origin, packages=packages, host=host))
    session.say(proven(f"{origin.row}, Python {origin.python}", found.verdict, found.images))
    return found


def _looked_up(lock: Lock, origin: Origin, offline: bool, index_url: str | None) -> tuple[LockedPackage, ...]:
    """Return the packages of a portable lock with the addresses of the very files it names."""
    from tfsetup.locks.venv.solve import Wish, resolve

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


def _judged(session: Session, case: Case) -> Proof:
    from tfsetup.workflows.preflight import predict
    from tfsetup.workflows.subjects import of_locked

    python = case.origin.python
    try:
        report = predict(session, of_locked(case.packages, case.host, python), case.host, python)
    except InvalidFileError as error:
        return case.unproven(error.message)
    reasons = [f"{failure.image}: {failure.message}" for failure in report.failures]
    reasons += [each.reason for each in report.not_covered if each.matters]
    return Proof(
        row=case.origin.row,
        python=python,
        sha256=case.lock.sha256,
        subject=case.subject,
        verdict=report.verdict,
        images=report.images,
        reasons=tuple(dict.fromkeys(reasons))[:_SHOWN],
    )
