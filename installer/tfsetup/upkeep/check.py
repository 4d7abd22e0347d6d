"""The course of `tfsetup matrix check`: the matrix against itself, its evidence, the hosts, and the index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

from msgspec import UNSET, UnsetType

from tfsetup.errors import Code
from tfsetup.ground.marked import Problem
from tfsetup.host.model import Host
from tfsetup.matrix.file.disk import read_alternatives, read_openings
from tfsetup.matrix.file.rows import Matrix
from tfsetup.upkeep.alternatives.course import AlternativesOpened, open_alternatives
from tfsetup.upkeep.checks.check import CheckedRow, check_matrix, problem_at
from tfsetup.upkeep.checks.common import names_of
from tfsetup.upkeep.evidence import ProvedRow, Proving
from tfsetup.upkeep.gpucode.evidence import Evidence as GpuCode
from tfsetup.upkeep.gpucode.evidence import Plan
from tfsetup.upkeep.gpucode.judge import judge as judge_rules
from tfsetup.upkeep.gpucode.read import GpuCodeRead, read_code, shipped_evidence, shipped_plan
from tfsetup.upkeep.index.client import Traffic
from tfsetup.upkeep.index.snapshot import Difference, differences
from tfsetup.upkeep.xray.evidence import Evidence
from tfsetup.upkeep.xray.judge import judge
from tfsetup.upkeep.xray.listing import KernelsListed, list_kernels
from tfsetup.upkeep.xray.prove import Emulated, emulate, ready
from tfsetup.upkeep.xray.wheels import fetch

if TYPE_CHECKING:
    from tfsetup.upkeep.index.client import IndexClient

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Proved:
    """What `--prove` found."""

    folder: str
    """Where the evidence is kept."""
    rows: tuple[ProvedRow, ...]
    """A line a row."""
    emulated: Emulated
    """What plugins do under the emulator."""
    kernels: KernelsListed
    """Which kernels plugins register there."""
    gpu_code: GpuCodeRead
    """Which GPUs the wheels have code for."""
    alternatives: AlternativesOpened
    """What else computes on the GPU of a Mac."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MatrixChecked:
    """What `tfsetup matrix check` found."""

    index: str
    """The day on which the snapshot of the index was taken."""
    differences: tuple[Difference, ...] = ()
    """What is otherwise on the index now."""
    traffic: Traffic | None = None
    """What asking the index cost; None where it was not asked."""
    rows: tuple[CheckedRow, ...] = ()
    """A line a row."""
    evidence: Proved | UnsetType = UNSET
    """What `--prove` found; only with it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome(Generic[T_co]):
    """What a course of this room came to.

    `data` is what it says, `problems` what is wrong with the matrix, `code` why the answer is no, if it is.
    """

    data: T_co
    problems: tuple[Problem, ...] = ()
    code: Code | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """The evidence that the matrix must agree with; None where there is none.

    `emulated`: what plugins do; `gpu_code`: which GPUs wheels have code for, and the plan of what was read.
    """

    emulated: Evidence | None = None
    gpu_code: GpuCode | None = None
    plan: Plan | None = None


def check(matrix: Matrix, hosts: Mapping[str, Host], index: IndexClient | None, kept: Kept) -> Outcome[MatrixChecked]:
    """Hold every field of a matrix against the snapshot, the snapshot against the index, and hosts against the rows.

    `hosts` by name: each must have exactly one winner. `index` None: the index is not asked. `kept`: the evidence that
    hazards and rules must agree with.

    Raises:
        NetworkError: the index does not answer, or not with project pages.
    """
    rows, problems = check_matrix(matrix, hosts)
    found = differences(matrix.index, index.pages(names_of(matrix))) if index else []
    problems = problems or tuple(unfounded(matrix, kept))  # what is wrong in itself needs none
    data = MatrixChecked(
        index=matrix.index.taken, differences=tuple(found), traffic=replace(index.traffic) if index else None, rows=rows
    )
    grave = any(difference.grave for difference in found)
    code = Code.INVALID_FILE if problems else Code.ANSWER_IS_NO if grave else None
    return Outcome(data=data, problems=problems, code=code)


def prove(found: Outcome[MatrixChecked], proving: Proving, index: IndexClient | None) -> Outcome[MatrixChecked]:
    """Put the answer of every row through the preflight, plugins under the emulator, and keep what is found.

    `found`: what the check came to. `index` None: nothing is read that is not on this machine.

    Raises:
        UsageError: the emulator is not installed, or the folder is none.
        NetworkError: the index does not answer.
    """
    if index is not None:
        ready()  # before minutes of work
    rows = proving.run()
    read = partial(fetch, index=index) if index is not None else None
    emulated = emulate(proving.matrix.hazards, proving.folder, read, proving.prover.told)
    kernels = list_kernels(proving.folder, read, proving.prover.told)
    pages = index.pages if index is not None else None
    plan, kept = shipped_plan(), shipped_evidence()
    code = read_code(proving.matrix, proving.folder, pages, proving.prover.told, plan=plan, kept=kept)
    others = open_alternatives(
        read_alternatives(), read_openings(), proving.matrix, proving.folder, pages, proving.prover.told
    )
    proved = Proved(
        folder=str(proving.folder), rows=rows, emulated=emulated, kernels=kernels, gpu_code=code, alternatives=others
    )
    return with_evidence(found, proved)


def with_evidence(found: Outcome[MatrixChecked], evidence: Proved) -> Outcome[MatrixChecked]:
    """Return the outcome with what `--prove` found. Pure.

    A row that fails, a plugin that does otherwise than what is kept, a rule that gives a wheel to a GPU without code
    for it, or an alternative of which something else is true than what is told makes the answer no; a plugin that
    could not be run leaves it open. What the check itself found counts before both.
    """
    verdict = evidence.emulated.verdict
    verdicts = {verdict, evidence.kernels.verdict, evidence.gpu_code.verdict, evidence.alternatives.verdict}
    failing = "differs" in verdicts or any(
        row.verdict == "fails" or (row.programs is not None and not row.programs.ok) for row in evidence.rows
    )
    code = Code.ANSWER_IS_NO if failing else Code.UNDECIDED if verdict == "undecided" else None
    return replace(found, data=replace(found.data, evidence=evidence), code=found.code or code)


def unfounded(matrix: Matrix, kept: Kept) -> list[Problem]:
    """Return where the hazards and rules of a matrix say otherwise than the evidence that is kept with it. Pure."""
    found = [*judge(kept.emulated, matrix.hazards)] if kept.emulated else []
    rules = [*judge_rules(kept.gpu_code, kept.plan, matrix)] if kept.gpu_code and kept.plan else []
    return [problem_at(matrix, path, words) for path, words in (*found, *rules)]
