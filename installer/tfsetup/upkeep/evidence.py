"""`tfsetup matrix check --prove`: every row's answer through the preflight of its machine, and what was found kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Final

from tfsetup.errors import Code, TfsetupError
from tfsetup.locks import files
from tfsetup.locks.evidence import Evidence, Finding, bare, render_evidence
from tfsetup.locks.model import Lock
from tfsetup.locks.order import Order
from tfsetup.locks.proof import Proof, Verdict
from tfsetup.locks.venv.many import resolve_all
from tfsetup.locks.venv.solve import Wish, rendered
from tfsetup.locks.venv.targets import LockTarget, targets_for
from tfsetup.matrix.file.disk import environments
from tfsetup.matrix.file.rows import Matrix, Row
from tfsetup.matrix.model import Ask
from tfsetup.upkeep.checks.common import names_of
from tfsetup.verify.programs import ProgramsTried
from tfsetup.workflows.backends import Case
from tfsetup.workflows.lock_venv import telling
from tfsetup.workflows.prove import Prover, known
from tfsetup.workflows.venv_cases import case_of

EVIDENCE: Final = Path("environments/evidence")


@dataclass(frozen=True, kw_only=True, slots=True)
class ProvedRow:
    """What the preflight said of one row's answer."""

    row: str
    """Its identifier."""
    verdict: Verdict
    """`fails` where it fails with any Python."""
    pythons: tuple[str, ...]
    """The Pythons it was judged with, its own first."""
    error: str | None
    """The first failure, with its Python; None where nothing fails."""
    because: str
    """Why there is nothing to judge, or why it could not be; else empty."""
    programs: ProgramsTried | None = None
    """What the programs of its own Python's lock came to; None: they were not tried."""
    written: bool
    """Whether its evidence is worth keeping, and is kept."""
    changed: bool
    """Whether the file of its evidence is another one than before."""


@dataclass(kw_only=True)
class Proving:
    """One run. The locks that come with tfsetup are judged as they are; what has none is resolved first."""

    matrix: Matrix
    folder: Path
    offline: bool
    prover: Prover
    attempt: Callable[[Case], ProgramsTried] | None = None
    shipped: dict[str, Lock] = field(init=False)
    because: dict[str, str] = field(init=False, default_factory=dict)
    unread: set[str] = field(init=False, default_factory=set)

    def run(self) -> tuple[ProvedRow, ...]:
        """Judge every row, write what was found, and return a line a row."""
        folder = files.existing_folder(self.folder)
        locks = environments() / "locks"
        self.shipped = {name: files.read_lock(files.locks_of(locks, name)[0]) for name in files.lock_names(locks)}
        targets = {target.name: target for row in self.matrix.rows for target in self._targets(row)}
        cases = self._cases(targets)
        found = self._findings(cases)
        tried = self._tried(cases)
        evidence = [self._evidence(row, targets, found) for row in self.matrix.rows]
        kept = [one for one in evidence if one.readable and one.row not in self.unread]
        names = names_of(self.matrix)
        changed = files.write_all(folder, {f"{one.row}.json": render_evidence(one, names) for one in kept})
        return tuple(
            _line(one, tried.get(one.row), written=one in kept, changed=f"{one.row}.json" in changed)
            for one in evidence
        )

    def _tried(self, cases: Mapping[str, Case]) -> dict[str, ProgramsTried]:
        """Try the programs of each row with its own Python: the lock of the row's own name."""
        mine = {row.id: cases[row.id] for row in self.matrix.rows if row.id in cases}
        return {row: self.attempt(case) for row, case in mine.items()} if self.attempt and not self.offline else {}

    def _targets(self, row: Row) -> tuple[LockTarget, ...]:
        ask = Ask(tensorflow=row.versions) if row.when.by_version or row.auto == "asked" else Ask()
        try:
            return targets_for(row, Order(ask=ask), self.matrix, locked=self.shipped, upgrade=None)
        except TfsetupError as error:
            if error.code is not Code.NO_ROW:
                raise
            self.because[row.id] = error.message
            return ()

    def _cases(self, targets: Mapping[str, LockTarget]) -> dict[str, Case]:
        """Return what to judge: the shipped lock where it still is the row's answer, else what uv finds now."""
        locks = {
            name: lock
            for name, target in targets.items()
            if (lock := self.shipped.get(name)) is not None
            and lock.origin is not None
            and lock.origin.requirements == target.selection.requirements
        }
        wishes = {
            name: Wish(selection=target.selection, offline=self.offline, origin=target.origin)
            for name, target in targets.items()
            if name not in locks
        }
        for one in resolve_all(wishes, environ={}, told=telling(self.prover.told)):
            if one.error is None:
                # Its text too: where the row can be built, what installs it reads that.
                made = rendered(one.wish or wishes[one.name], one.packages)
                locks[one.name] = replace(made, packages=one.packages)
            else:
                self._unresolved(targets[one.name].row.id, one.error)
        return {
            name: Case(lock=lock, origin=targets[name].origin, packages=lock.packages, host=targets[name].host)
            for name, lock in locks.items()
        }

    def _unresolved(self, row: str, error: TfsetupError) -> None:
        """Keep why a row has nothing to judge; what only lacks the network says nothing about the row."""
        if error.code is Code.NETWORK and self.offline:
            self.unread.add(row)
        elif error.code is not Code.BUILD:
            raise error
        self.because.setdefault(row, error.message)

    def _findings(self, cases: Mapping[str, Case]) -> dict[str, Finding]:
        recorded = [*files.read_proofs(files.LOCKS).values(), *files.shipped_proofs().values()]
        proofs = {name: proof for name, case in cases.items() if (proof := known(case, recorded)) is not None}
        unknown = {name: case for name, case in cases.items() if name not in proofs}
        proofs |= self._judged(unknown)
        return {
            name: Finding(origin=case.origin, host=case.host, packages=tuple(case.packages), proof=proofs[name])
            for name, case in cases.items()
        }

    def _judged(self, cases: Mapping[str, Case]) -> dict[str, Proof]:
        if self.offline:
            why = "not on record, and nothing is read (--offline)"
            return {name: case.unproven(why) for name, case in cases.items()}
        plain = {name: case for name, case in cases.items() if case.lock.form == "portable"}  # without addresses
        proofs = self.prover.prove_all({n: case for n, case in cases.items() if n not in plain}, ())
        for name, case in plain.items():
            find = partial(case_of, case.lock, self.matrix, offline=False, environ={})
            proof = self.prover.prove_again(case.lock, find)
            proofs[name] = proof or case.unproven("its row is not in the matrix")
        return proofs

    def _evidence(self, row: Row, targets: Mapping[str, LockTarget], found: Mapping[str, Finding]) -> Evidence:
        mine = tuple(found[name] for name, target in targets.items() if target.row.id == row.id and name in found)
        return Evidence(row=row.id, findings=mine, because=self.because.get(row.id, ""))


def _line(evidence: Evidence, programs: ProgramsTried | None, *, written: bool, changed: bool) -> ProvedRow:
    undecided = [reason for finding in evidence.findings if not finding.read for reason in finding.proof.reasons]
    return ProvedRow(
        row=evidence.row,
        verdict=evidence.verdict,
        pythons=tuple(finding.origin.python for finding in evidence.findings),
        error=evidence.error,
        because=bare(evidence.because or next(iter(undecided), "")),
        programs=programs,
        written=written,
        changed=changed,
    )
