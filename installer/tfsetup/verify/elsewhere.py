"""Where to read what else computes on a Mac's GPU, for a Python that no plugin is made for."""

from __future__ import annotations

from tfsetup.ground.versions import minor
from tfsetup.host.model import Host
from tfsetup.matrix.choose.alternatives import python_beyond
from tfsetup.matrix.file.disk import read_alternatives, read_matrix
from tfsetup.verify.model import ProbeOutcome
from tfsetup.verify.observed import Observed, text


def elsewhere(outcome: ProbeOutcome, host: Host | None) -> str | None:
    """Return a sentence for the owner of an Apple-silicon Mac whose Python is too new; None for everybody else.

    Raises:
        InvalidFileError: the matrix, or what is known of alternatives, cannot be read.
    """
    python = minor(text(Observed(outcome=outcome).last("interpreter").get("python")))
    if host is None or host.os != "macos" or not python or not python_beyond(python, host, read_matrix()):
        return None
    return read_alternatives().pointer
