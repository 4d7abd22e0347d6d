"""The course of a proof: a lock through the preflight of its target; files are read where they lie, nothing is run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from queue import Empty, Queue
from threading import Thread

from tfsetup.errors import Code, InvalidFileError, NetworkError, TfsetupError
from tfsetup.locks import files
from tfsetup.locks.model import Lock
from tfsetup.locks.proof import Proof
from tfsetup.workflows.backends import Case, fingerprint
from tfsetup.workflows.progress import OFF_THE_INDEX, proven, proving
from tfsetup.workflows.subjects import Subject, of_locked
from tfsetup.workflows.told import Told, silent

Shown = Callable[[Case], AbstractContextManager[Subject]]
"""Shows what a lock installs; the files are there inside the `with` only."""
Judge = Callable[[Case, Shown, Told], Proof]
"""Finds out whether a lock would load. Raises NetworkError or InvalidFileError where its files could not be read."""

AT_ONCE = 3  # each holds the libraries it reads in a temporary file: a gigabyte at times


@contextmanager
def wheels_of(case: Case) -> Iterator[Subject]:
    """Show the wheels of a lock, read where they lie on the index."""
    yield of_locked(case.packages, case.host, case.origin.python)


def judged(case: Case, shown: Shown, told: Told) -> Proof:
    """Return the verdict of the preflight on a lock."""
    from tfsetup.workflows.preflight import preflight

    with shown(case) as subject:
        report = preflight(subject, case.host, python=case.origin.python, told=told)
    reasons = [f"{failure.image}: {failure.message}" for failure in report.failures]
    reasons += [each.reason for each in report.not_covered if each.matters]
    return case.proof(report.verdict, reasons, report.images)


def known(case: Case, recorded: Iterable[Proof]) -> Proof | None:
    """Return what was found before about the very same files on the same machine, wherever it was written down."""
    key = case.subject
    there = next((proof for proof in recorded if proof.subject == key and proof.verdict != "undecided"), None)
    found = there or files.known_proof(key)
    return replace(found, sha256=case.sha256, subject=key) if found else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Prover:
    """Judges locks: by whom (None: `judged`), shown as what, how many at once, in which words, and whom it tells."""

    told: Told = silent
    judge: Judge | None = None
    shown: Shown = wheels_of
    at_once: int = AT_ONCE
    how: str = OFF_THE_INDEX

    def prove(self, case: Case) -> Proof:
        """Judge one lock, whatever was found before, and remember the answer."""
        try:
            proof = (self.judge or judged)(case, self.shown, self.told)
        except NetworkError as error:
            what = "packages" if case.lock.part else "wheels"
            return case.unproven(f"the {what} could not be read: {error.message}")
        except InvalidFileError as error:
            return case.unproven(error.message)
        files.keep_proof(case.subject, proof)
        return proof

    def prove_all(self, cases: Mapping[str, Case], recorded: Iterable[Proof]) -> dict[str, Proof]:
        """Judge locks on the machines of their targets, but for what is `known`; the proofs are by the cases' names."""
        recorded = tuple(recorded)
        proofs = {name: proof for name, case in cases.items() if (proof := known(case, recorded)) is not None}
        missing = {name: case for name, case in cases.items() if name not in proofs}
        if missing:
            self.told(proving(len(missing), len(cases), self.how))
        for name, proof in self._each(missing):
            proofs[name] = proof
            self.told(proven(name, proof.verdict, proof.images))
        return proofs

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

    def _each(self, cases: Mapping[str, Case]) -> Iterator[tuple[str, Proof]]:
        """Yield the proofs as they are found.

        One at a time they are judged here, so that an interrupt clears away what lies in a temporary folder. The
        threads of several are daemons: an interrupt does not wait for a download of theirs.
        """
        if self.at_once == 1:
            yield from ((name, self.prove(case)) for name, case in cases.items())
            return
        waiting: Queue[tuple[str, Case]] = Queue()
        for item in cases.items():
            waiting.put(item)
        results: Queue[tuple[str, Proof | BaseException]] = Queue()
        for _ in range(min(self.at_once, len(cases))):
            Thread(target=self._work, args=(waiting, results), daemon=True).start()
        for _ in cases:
            name, found = _next(results)
            if isinstance(found, BaseException):
                raise found
            yield name, found

    def _work(self, waiting: Queue[tuple[str, Case]], results: Queue[tuple[str, Proof | BaseException]]) -> None:
        with suppress(Empty):
            while True:
                name, case = waiting.get_nowait()
                try:
                    results.put((name, self.prove(case)))
                except BaseException as error:  # noqa: BLE001 - raised again by whoever waits for the result
                    results.put((name, error))


def _next(results: Queue[tuple[str, Proof | BaseException]]) -> tuple[str, Proof | BaseException]:
    while True:
        with suppress(Empty):  # waiting without a timeout cannot be interrupted on Windows
            return results.get(timeout=0.5)
