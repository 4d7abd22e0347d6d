"""What the doctor does to the world: writes the report for a bug tracker."""

from __future__ import annotations

import getpass
import platform
from pathlib import Path

from tfsetup import __version__
from tfsetup.doctor.bundle import bundle
from tfsetup.doctor.model import Diagnosis, Evidence
from tfsetup.errors import UsageError


def write_bundle(path: Path, evidence: Evidence, diagnosis: Diagnosis) -> None:
    """Write the report for a bug tracker, a new file; one that is there is not overwritten.

    Raises:
        UsageError: it cannot be written.
    """
    text = bundle(evidence, diagnosis, version=__version__, names=own_names())
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(f"The report {path} cannot be written: {error.strerror}.", hint="Give a new file.") from error


def own_names() -> tuple[str, ...]:
    """Return the names of this user and this machine, which no report needs."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):
        user = ""
    return tuple(name for name in (user, platform.node()) if name)
