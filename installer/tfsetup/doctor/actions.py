"""Which of a diagnosis' fixes tfsetup can carry out itself. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from tfsetup.doctor.model import Finding, Rebuild


def rebuild_of(findings: Sequence[Finding]) -> Rebuild | None:
    """Return the first rebuild that a fix of the most likely finding proposes; None: its fixes are for people."""
    steps = findings[0].steps if findings else ()
    return next((step.rebuild for step in steps if step.rebuild is not None), None)
