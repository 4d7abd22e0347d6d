"""A diagnosis as the `data` of the JSON envelope (INTERFACE, `doctor`)."""

from __future__ import annotations

from typing import Any

from tfsetup.doctor.model import Diagnosis, Finding


def to_data(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return `{"healthy": …, "findings": […], "verdict": …, "needs": […], "unexplained": …}`."""
    return {
        "healthy": diagnosis.verdict == "healthy",
        "verdict": diagnosis.verdict,
        "findings": [_finding(one) for one in diagnosis.findings],
        "needs": list(diagnosis.needs),
        "unexplained": diagnosis.unexplained,
    }


def _finding(one: Finding) -> dict[str, Any]:
    return {
        "cause": one.cause,
        "confidence": one.confidence,
        "title": one.title,
        "kind": one.kind,
        "evidence": list(one.evidence),
        "explanation": one.explanation,
        "fix": list(one.fix),
    }
