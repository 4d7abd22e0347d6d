"""A diagnosis as it is printed: the `data` of `tfsetup doctor --json`. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from tfsetup.doctor.model import Diagnosis, Kind, Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownFinding:
    """A cause that fits."""

    cause: str
    """The cause's stable name."""
    confidence: float
    """From 0 to 1."""
    title: str
    """What is wrong, in a few words."""
    kind: Kind
    """What it does to the user: `harmless`, `degraded`, `install` or `fatal`."""
    evidence: tuple[str, ...]
    """Quoted lines and facts."""
    explanation: str
    """Why."""
    fix: tuple[str, ...]
    """What to type or do, least drastic first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownDiagnosis:
    """What is wrong, most likely cause first."""

    healthy: bool
    """Whether the verdict is `healthy`."""
    verdict: Verdict
    """`healthy` needs something seen that works; `unknown`: nothing known explains what was seen."""
    findings: tuple[ShownFinding, ...]
    """The causes that fit, most likely first."""
    needs: tuple[str, ...]
    """Facts of the host that would decide between look-alikes."""
    unexplained: tuple[str, ...]
    """The lines that say that something failed, or in which somebody complains, and that no cause explains."""
    contradictions: tuple[str, ...]
    """Where the log and the host file cannot both be true of one machine."""
    advice: tuple[str, ...]
    """Lines in which the log says itself what to do."""
    questions: tuple[str, ...]
    """What to ask or to try where the text alone cannot decide."""


def shown(diagnosis: Diagnosis) -> ShownDiagnosis:
    """Return a diagnosis as it is printed: fixes as the words people read."""
    return msgspec.convert(diagnosis, ShownDiagnosis, from_attributes=True)
