"""Putting a conda lock through the preflight: packages and wheels read as the prefix they would become."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tfsetup.cli.session import Session
from tfsetup.errors import InvalidFileError, LockError, NetworkError, UsageError, Where
from tfsetup.ground.prefix import site_packages
from tfsetup.ground.versions import minor
from tfsetup.host.model import Host
from tfsetup.loader.report import Report
from tfsetup.locks import files
from tfsetup.locks.conda.lockfile import seal
from tfsetup.locks.conda.model import PlatformLock
from tfsetup.locks.proof import Proof, Verdict, fingerprint
from tfsetup.workflows.subjects import Subject

_SHOWN: Final = 5
_PREFIX: Final = {"macos": "/conda", "linux": "/conda", "windows": "C:/conda"}


@dataclass(frozen=True, kw_only=True, slots=True)
class CondaCase:
    """One platform of a lock to judge, on the machine it is for."""

    lock: PlatformLock
    host: Host

    @property
    def python(self) -> str:
        """The Python in it, `X.Y`."""
        return minor(self.lock.python)

    @property
    def subject(self) -> str:
        """The fingerprint of what is judged: the files, the machine and the Python."""
        return fingerprint([one.sha256 for one in self.lock.entries], self.host, self.python)

    def proof(self, verdict: Verdict, reasons: Sequence[str], images: int = 0) -> Proof:
        """Return a verdict as it is written down."""
        return Proof(
            row=self.lock.row,
            python=self.python,
            sha256=seal(self.lock),
            subject=self.subject,
            verdict=verdict,
            images=images,
            reasons=tuple(dict.fromkeys(reasons))[:_SHOWN],
        )


def known(case: CondaCase, recorded: Mapping[str, Proof]) -> Proof | None:
    """Return what was found before about the very same files on the same machine."""
    key = case.subject
    there = recorded.get(case.lock.subdir)
    if there is not None and there.subject == key and there.verdict != "undecided":
        return there
    return files.known_proof(key)


def prove_all(
    session: Session, cases: Sequence[CondaCase], recorded: Mapping[str, Proof], *, offline: bool
) -> dict[str, Proof]:
    """Judge each platform, but for what is known; the archives lie in a temporary folder meanwhile."""
    proofs = {case.lock.subdir: proof for case in cases if (proof := known(case, recorded)) is not None}
    for case in cases:
        if case.lock.subdir not in proofs:
            proofs[case.lock.subdir] = prove(session, case, offline=offline)
    return proofs


def prove(session: Session, case: CondaCase, *, offline: bool = False) -> Proof:
    """Judge one platform, whatever was found before, and remember the answer."""
    from tfsetup.workflows.preflight import predict

    session.say(f"Proving   {case.lock.subdir}: would it load? Its packages and wheels are read, nothing is linked")
    try:
        with subject_of_platform(case.lock, case.host, offline=offline) as subject:
            report = predict(session, subject, case.host, case.python)
            reasons = [f"{failure.image}: {failure.message}" for failure in report.failures]
            reasons += [each.reason for each in report.not_covered if each.matters]
    except NetworkError as error:
        return case.proof("undecided", [f"the packages could not be read: {error.message}"])
    except InvalidFileError as error:
        return case.proof("undecided", [error.message])
    proof = case.proof(report.verdict, reasons, report.images)
    files.keep_proof(case.subject, proof)
    return proof


def predict_conda_lock(session: Session, targets: Sequence[str], host: Host, python: str | None) -> Report:
    """Judge the part of a conda lock that is for `host`.

    Raises:
        UsageError: there are other targets beside it.
        LockError: there is no such file, nothing in it is for this machine, or it is for another Python.
        InvalidFileError: it is no conda lock.
        NetworkError: an archive or a wheel cannot be fetched, or is not the locked one.
    """
    from tfsetup.workflows.conda_choice import read_choice
    from tfsetup.workflows.preflight import predict

    if len(targets) > 1:
        raise UsageError("A conda lock is judged by itself, without other targets.")
    case = CondaCase(lock=read_choice(Path(targets[0]), host).platform, host=host)
    if python is not None and python != case.python:
        message = f"This lock is for Python {case.python or 'none'}, and {python} is asked for."
        raise LockError(message, where=Where(file=targets[0]), hint="Leave --python out.")
    session.say(f"Reading the {case.lock.subdir} packages and wheels where they lie; nothing is linked")
    with subject_of_platform(case.lock, host) as subject:
        return predict(session, subject, host, case.python)


@contextmanager
def subject_of_platform(lock: PlatformLock, host: Host, *, offline: bool = False) -> Iterator[Subject]:
    """Show one platform of a lock as the prefix it would become on `host`; the files are there inside the `with` only.

    Raises:
        NetworkError: an archive or a wheel cannot be fetched, or is not the locked one.
        UsageError: py-rattler is missing.
    """
    from tfsetup.envs.conda.unpack import pieces, unpacked
    from tfsetup.loader.files.prefix import PrefixView
    from tfsetup.loader.files.remote import open_all
    from tfsetup.loader.files.view import Overlay, WheelView
    from tfsetup.locks.conda.files import read_settings

    python = minor(lock.python)
    windows = lock.subdir.startswith("win")
    prefix = _PREFIX[host.os or "linux"]
    site = site_packages(prefix, python, windows=windows)
    native = {one.file_name: one.url for one in lock.wheels if not one.file_name.endswith("-any.whl")}
    with unpacked(lock.packages, read_settings(), offline=offline) as folders:
        linked = PrefixView(pieces(folders, prefix), at=prefix, fold=windows)
        wheels = WheelView(open_all(_addresses(native, offline=offline)), at=site, fold=windows)
        executable = f"{prefix}/python.exe" if windows else f"{prefix}/bin/python{python}"
        yield Subject(
            files=Overlay(wheels, linked),
            site=site,
            prefix=prefix,
            executable=executable if linked.lookup(executable) else None,
            python=python,
            wheels=tuple(native),
            conflicts=wheels.conflicts,
        )


def _addresses(native: dict[str, str], *, offline: bool) -> dict[str, str]:
    if offline and any(url.startswith("http") for url in native.values()):
        raise NetworkError(
            "The wheels lie on the index, and --offline forbids to read them.", hint="Run once without --offline."
        )
    return native
