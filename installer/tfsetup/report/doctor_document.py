"""What `tfsetup doctor --json` prints. Without `--fix` it is a diagnosis and no more."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec import UNSET, UnsetType

from tfsetup.doctor.present import ShownDiagnosis
from tfsetup.report.install_document import InstallDocument, NotInstallable


@dataclass(frozen=True, kw_only=True, slots=True)
class DoctorDocument(ShownDiagnosis):
    """A diagnosis, and what `--fix` did about it."""

    fixed: InstallDocument | UnsetType = UNSET
    """What `tfsetup install --json` would have printed. Left out where nothing was to be carried out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class UnfixedDocument(ShownDiagnosis):
    """A diagnosis about which `--fix` could do nothing."""

    fixed: NotInstallable
    """Nothing fits this machine: what `tfsetup install --json` would have printed."""
