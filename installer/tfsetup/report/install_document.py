"""What `tfsetup install --json` prints: what an installation came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from msgspec import UNSET, UnsetType, ValidationError, convert

from tfsetup.doctor.present import ShownDiagnosis, shown
from tfsetup.ground.values import value
from tfsetup.loader.report import Report
from tfsetup.matrix.defects import Defect, defects_of
from tfsetup.matrix.model import Backend
from tfsetup.report.document import document
from tfsetup.report.resolve import ResolveDocument, resolve_document
from tfsetup.report.tune import TuningDocument, tuning_document
from tfsetup.verify.history import History
from tfsetup.verify.model import Finding, Verification
from tfsetup.verify.programs import ProgramsTried
from tfsetup.verify.programs import findings as of_programs
from tfsetup.verify.tune.model import Tried, Tuning
from tfsetup.workflows.install import Installed, Refusal
from tfsetup.workflows.kept import KeptPrediction, kept

T = TypeVar("T")


@value
class NotInstallable:
    """No row of the matrix fits this machine and what was asked for."""

    resolve: ResolveDocument
    """Why, as `tfsetup resolve` says it."""


@value
class InstallDocument:
    """What an installation came to, or (a dry run) would come to."""

    prefix: str
    """The prefix, as an absolute path."""
    generation: int | None
    """The number of the generation that is what was asked for; null: there is none."""
    row: str | None
    """The row of the matrix that was chosen."""
    requirements: tuple[str, ...]
    """What it consists of, as requirements."""
    python: str | None
    """The Python it is built on, `X.Y`."""
    backend: Backend
    """What kind of environment it is."""
    seconds: Mapping[str, float]
    """What each phase took: lock, download, build, preflight, verify, programs."""
    verify: Verification | None
    """What the verification found when it was built; null: there was none, or another tfsetup wrote it down."""
    preflight: KeptPrediction | None
    """What the prediction found when it was built; null: there was none, or another tfsetup wrote it down."""
    programs: ProgramsTried | None
    """What its programs and packages came to when it was built; null: they were not tried."""
    changed: bool
    """Whether the prefix leads to another generation than before."""
    cures: Mapping[str, str]
    """The variables that the environment sets, or would set, against known defects."""
    index: tuple[str, ...]
    """The package indexes that are not uv's default, for people."""
    environment: Mapping[str, str]
    """The variables that every process of the environment must see."""
    hazards: tuple[Defect, ...]
    """The known defects of what was chosen."""
    together: tuple[str, ...] | UnsetType = UNSET
    """What else was asked for, and is resolved together with the row."""
    plan: tuple[str, ...] | UnsetType = UNSET
    """A dry run: the steps, a line each."""
    packages: tuple[str, ...] | UnsetType = UNSET
    """A dry run: what the environment would consist of, `name==version`, beside the pip that `plan` tells of."""
    download_bytes: int | UnsetType = UNSET
    """A dry run: bytes to download at the most, as far as the index tells sizes."""
    would_change: bool | UnsetType = UNSET
    """A dry run: whether the prefix would lead to another generation."""
    why: str | UnsetType = UNSET
    """A dry run: why, or why not."""
    refused: str | UnsetType = UNSET
    """Why what was built is not switched to."""
    doctor: ShownDiagnosis | UnsetType | None = UNSET
    """Then: what the doctor says of it, null: it knows no cause."""
    tune: tuple[Tried, ...] | UnsetType = UNSET
    """Each switch and thing that was timed with and without it when it was built; left out: nothing was."""
    tuning: TuningDocument | UnsetType = UNSET
    """Then: what came of each switch, and what the environment sets of it."""
    history: History | UnsetType = UNSET
    """How what was verified compares with earlier verifications of this prefix."""


def findings_of(data: InstallDocument | NotInstallable) -> tuple[Finding, ...]:
    """Return what the verification found, and what its programs and packages came to."""
    if not isinstance(data, InstallDocument):
        return ()
    return (*(data.verify.findings if data.verify else ()), *of_programs(data.programs))


def install_document(found: Installed) -> InstallDocument | NotInstallable:
    """Return the data of the envelope."""
    selection, receipt, would = found.selection, found.receipt, found.rehearsal
    if not selection.installable:
        return NotInstallable(resolve=resolve_document(selection))
    data = document(
        InstallDocument,
        found,
        selection,
        together=found.together or UNSET,
        generation=receipt.generation if receipt else None,
        seconds={phase: round(spent, 3) for phase, spent in found.seconds.items()},
        verify=_read(receipt.verify, Verification) if receipt else None,
        preflight=_read(receipt.preflight, KeptPrediction) if receipt else None,
        programs=_read(receipt.programs, ProgramsTried) if receipt else None,
        hazards=defects_of(selection.hazards, cured=found.cured),
        history=UNSET,
        tune=UNSET,
        tuning=UNSET,
    )
    tuned = _read(receipt.tune, Tuning) if receipt else None
    if tuned is not None:
        data = replace(data, tune=tuned.tried, tuning=tuning_document(tuned))
    if would is not None:
        data = replace(data, would_change=would.would_change, why=would.why)
    if would is not None and would.plan:
        data = replace(data, plan=would.plan, packages=would.packages, download_bytes=would.download_bytes)
    if found.refusal is not None:
        data = _with_refusal(data, found.refusal)
    if found.verification is not None and found.history is not None:
        data = replace(data, verify=found.verification, history=found.history)
    return data


def _with_refusal(data: InstallDocument, refusal: Refusal) -> InstallDocument:
    word = None if refusal.diagnosis is None else shown(refusal.diagnosis)
    data = replace(data, refused=refusal.words, doctor=word)
    match refusal.report:
        case Report():
            return replace(data, preflight=kept(refusal.report))
        case ProgramsTried():
            return replace(data, programs=refusal.report)
        case _:
            return replace(data, verify=refusal.report)


def _read(kept_then: Mapping[str, object] | None, type_: type[T]) -> T | None:
    """Return what a receipt keeps of a check; None also where another tfsetup wrote it, in its own way."""
    try:
        return None if kept_then is None else convert(kept_then, type_)
    except ValidationError:
        return None
