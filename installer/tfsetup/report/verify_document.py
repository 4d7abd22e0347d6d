"""What `tfsetup verify --json` prints."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from msgspec import UNSET, UnsetType

from tfsetup.doctor.present import ShownDiagnosis, shown
from tfsetup.report.document import document
from tfsetup.report.tune import TuningDocument, tuning_document
from tfsetup.verify.history import History
from tfsetup.verify.model import Examination
from tfsetup.verify.tune.model import Tried

if TYPE_CHECKING:
    from tfsetup.workflows.verify import Verified


@dataclass(frozen=True, kw_only=True, slots=True)
class VerifyDocument(Examination):
    """A verification, and how it compares with earlier ones; its findings stand beside it."""

    history: History
    """How it compares with earlier verifications of this environment."""
    compare: bool
    """Whether people asked to see the history."""
    doctor: ShownDiagnosis | UnsetType | None = UNSET
    """Why it failed; None: no cause is known. Left out where nothing failed."""
    tune: tuple[Tried, ...] | UnsetType = UNSET
    """With `--tune`: each switch and thing that was timed with and without it."""
    tuning: TuningDocument | UnsetType = UNSET
    """With `--tune`: what came of each switch, and what to set."""


def verify_document(made: Verified, *, compare: bool) -> VerifyDocument:
    """Return what is printed of a verification."""
    found, why = made.verification, made.diagnosis
    doctor = UNSET if found.ok else None if why is None else shown(why)
    data = document(VerifyDocument, found, history=made.history, compare=compare, doctor=doctor)
    if made.tuning is None:
        return data
    return replace(data, tune=made.tuning.tried, tuning=tuning_document(made.tuning))
