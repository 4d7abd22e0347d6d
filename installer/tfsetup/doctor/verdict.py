"""From what fits and what was read to the verdict: healthy needs evidence, and no failure may be left unread. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from tfsetup.doctor import weights
from tfsetup.doctor.failures import MOST_SHOWN, failed_lines, unread
from tfsetup.doctor.model import Finding, Verdict
from tfsetup.doctor.prose import complaint, suffering
from tfsetup.doctor.text import LogText
from tfsetup.doctor.working import shows_it_working


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """The verdict, the findings as sure as it leaves them, and the lines that nothing explains."""

    verdict: Verdict
    findings: tuple[Finding, ...]
    unexplained: tuple[str, ...] = ()


def judged(log: LogText, findings: Sequence[Finding], explained: Collection[int], *, looked: bool) -> Judged:
    """Return the verdict on `findings`; `explained` are the lines of the log that harmless findings are about.

    `looked`: an environment was looked at, so that something was seen even without a log.

    A harmless line never outweighs one that was not understood: with such a one, or where somebody suffers from what
    no line shows, "nothing to fix" is no more than a remark.
    """
    if any(one.kind != "harmless" and one.confidence >= weights.PROBLEM for one in findings):
        return Judged(verdict="problem", findings=tuple(findings))
    harmless = any(one.kind == "harmless" and one.confidence >= weights.PROBLEM for one in findings)
    lines = unread(log, failed_lines(log), explained)[-MOST_SHOWN:] or _said(log, explained, harmless=harmless)
    if lines:
        return Judged(verdict="unknown", findings=tuple(map(_lowered, findings)), unexplained=lines)
    if log.unread:
        left_out = f"{log.unread} characters in the middle of this text were not read; give its end alone"
        return Judged(verdict="unknown", findings=tuple(findings), unexplained=(left_out,))
    seen = harmless or looked or (bool(log.lines) and shows_it_working(log))
    return Judged(verdict="healthy" if seen else "unknown", findings=tuple(findings))


def _said(log: LogText, explained: Collection[int], *, harmless: bool) -> tuple[str, ...]:
    # Whoever asks about a line that looks alarming complains too; what is suffered is more than a question.
    line = suffering(log, but=explained) if harmless else complaint(log)
    return (line,) if line else ()


def _lowered(finding: Finding) -> Finding:
    return replace(finding, confidence=min(finding.confidence, weights.REMARK))
