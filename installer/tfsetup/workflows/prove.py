"""The course of a proof: a lock through the preflight of its target; files are read where they lie, nothing is run."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from tfsetup.errors import Code, InvalidFileError, NetworkError, TfsetupError
from tfsetup.ground.values import value
from tfsetup.locks import files
from tfsetup.locks.model import Lock, LockedPackage
from tfsetup.locks.proof import Proof
from tfsetup.locks.venv.consent import sources
from tfsetup.workflows.backends import Case, fingerprint
from tfsetup.workflows.progress import OFF_THE_INDEX, proven, proving
from tfsetup.workflows.told import Told, silent

if TYPE_CHECKING:  # what reads wheels is loaded where something is proven
    from tfsetup.workflows.opened import Opened

Judge = Callable[..., Proof]
"""Finds out whether a lock would load, called as `judged`. Raises NetworkError or InvalidFileError for unread files."""


def judged(case: Case, told: Told, *, offline: bool = False, opened: Opened | None = None) -> Proof:
    """Return the verdict of the preflight on a lock: on a conda lock as a prefix, on wheels as they lie on the index.

    A lock of wheels in which two packages bring a path with different contents is none: nothing else is judged then.
    `offline` forbids to fetch what a conda lock needs. `opened` is how wheels are read.
    """
    from tfsetup.workflows.owners import shared_files
    from tfsetup.workflows.prefixes import prefix_of
    from tfsetup.workflows.preflight import preflight
    from tfsetup.workflows.subjects import of_locked

    conflicts = () if case.lock.part else shared_files(case.packages, case.host, case.origin.python, opened)
    if conflicts:
        return case.proof("fails", [f"{one.words}; which of them stay is chance" for one in conflicts], 0, conflicts)
    with (
        prefix_of(case.lock.part, case.host, offline=offline, opened=opened)
        if case.lock.part
        else nullcontext(of_locked(_native(case), case.host, case.origin.python, opened=opened))
    ) as subject:
        report = preflight(subject, case.host, python=case.origin.python, told=told)
    reasons = [*report.reasons]
    reasons += [each.reason for each in report.not_covered if each.matters]
    return case.proof(report.verdict, reasons, report.images)


def _native(case: Case) -> tuple[LockedPackage, ...]:
    """Return the packages that a loader may look into: what is built by consent was seen to be pure Python."""
    built = {*sources(case.packages)} & {*case.origin.allow_build}
    return tuple(package for package in case.packages if package.name not in built)


def known(case: Case, recorded: Iterable[Proof]) -> Proof | None:
    """Return what was found before about the very same files on the same machine, wherever it was written down."""
    key = case.subject
    there = next((proof for proof in recorded if proof.subject == key and proof.verdict != "undecided"), None)
    found = there or files.known_proof(key)
    return replace(found, sha256=case.sha256, subject=key) if found else None


@value
class Prover:
    """Judges locks: by whom (None: `judged`), in which words, and whom it tells."""

    told: Told = silent
    judge: Judge | None = None
    offline: bool = False
    how: str = OFF_THE_INDEX
    opening: Callable[[], Opened] | None = None
    """How the wheels of each lock are read; None: through our own digests."""

    def prove(self, case: Case) -> Proof:
        """Judge one lock, whatever was found before, and remember the answer."""
        try:
            proof = self._judged(case)
        except NetworkError as error:
            what = "packages" if case.lock.part else "wheels"
            return case.unproven(f"the {what} could not be read: {error.message}")
        except InvalidFileError as error:
            return case.unproven(error.message)
        files.keep_proof(case.subject, proof)
        return proof

    def _judged(self, case: Case) -> Proof:
        if self.judge is not None:
            return self.judge(case, self.told, offline=self.offline)
        opened = self.opening() if self.opening is not None else None
        proof = judged(case, self.told, offline=self.offline, opened=opened)
        gc.collect()  # what was read is large, and its parts know one another
        if opened is not None and (names := list(opened.unbelieved())):
            self.told(f"{len(names)} digests that were handed on stand in no list that is trusted: not believed")
        return proof

    def prove_all(self, cases: Mapping[str, Case], recorded: Iterable[Proof]) -> dict[str, Proof]:
        """Judge locks on the machines of their targets, but for what is `known`; the proofs are by the cases' names."""
        recorded = tuple(recorded)
        proofs = {name: proof for name, case in cases.items() if (proof := known(case, recorded)) is not None}
        missing = [(name, case) for name, case in cases.items() if name not in proofs]
        if missing:
            self.told(proving(len(missing), len(cases), self.how))
        return proofs | dict(self._each(missing))

    def prove_again(self, lock: Lock, find: Callable[[], Case | None]) -> Proof | None:
        """Judge a lock that was read from disk, anew; `find` gives it with its addresses, which may ask the index.

        None: the lock does not say what it is for.
        """
        try:
            case = find()
        except TfsetupError as error:
            if error.code not in {Code.NETWORK, Code.BUILD}:
                raise
            why = f"the addresses could not be looked up: {error.message}"
            row, python = (lock.origin.row, lock.origin.python) if lock.origin else ("", "")
            return Proof(row=row, python=python, sha256=fingerprint(lock), verdict="undecided", reasons=(why,))
        if case is None:
            return None
        found = self.prove(case)
        self.told(proven(f"{case.origin.row}, Python {case.origin.python}", found.verdict, found.images))
        return found

    def _each(self, cases: Iterable[tuple[str, Case]]) -> Iterator[tuple[str, Proof]]:
        """Yield the proofs, and tell of each as it is found.

        They are judged one after the other: a reading uses all cores, and what waits is done by threads of its own;
        several would hold several gigabytes in temporary files. Here, so that an interrupt clears those away.
        """
        for name, case in cases:
            proof = self.prove(case)
            self.told(proven(name, proof.verdict, proof.images))
            yield name, proof
