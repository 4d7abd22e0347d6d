"""What `tfsetup doctor --json` prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from tfsetup.doctor.model import Diagnosis
from tfsetup.doctor.present import ShownDiagnosis
from tfsetup.errors import Code


@dataclass(frozen=True, kw_only=True, slots=True)
class DoctorDocument(ShownDiagnosis):
    """A diagnosis, and what `--fix` did about it."""

    fixed: Mapping[str, Any] | UnsetType = UNSET
    """What `tfsetup install --json` would have printed. Left out where nothing was to be carried out."""


def doctor_document(diagnosis: Diagnosis, fixed: Mapping[str, Any] | UnsetType = UNSET) -> DoctorDocument:
    """Return what is printed of a diagnosis."""
    return replace(msgspec.convert(diagnosis, DoctorDocument, from_attributes=True), fixed=fixed)


def outcome(diagnosis: Diagnosis) -> Code | None:
    """Return the exit status: only health is a yes, and a text with nothing to judge is no answer at all."""
    if diagnosis.verdict == "healthy":
        return None
    return Code.ANSWER_IS_NO if diagnosis.findings or diagnosis.unexplained else Code.UNDECIDED
