"""From what fits and what was read to the verdict: healthy needs evidence, and no failure may be left unread. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from tfsetup.doctor import weights
from tfsetup.doctor.claims import said_besides
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


def judged(log: LogText, findings: Sequence[Finding], explained: Mapping[int, bool], *, looked: bool) -> Judged:
    """Return the verdict on `findings`.

    `explained` are the lines of the log that harmless findings are about, and whether a program printed them: in
    somebody's sentence more may be said. `looked`: an environment was looked at, so that something was seen even
    without a log.

    A harmless line never outweighs one that was not understood: with such a one, or where somebody suffers from what
    no line shows or speaks of something else, "nothing to fix" is no more than a remark.
    """
    if any(one.kind != "harmless" and one.confidence >= weights.PROBLEM for one in findings):
        return Judged(verdict="problem", findings=tuple(findings))
    harmless = any(one.kind == "harmless" and one.confidence >= weights.PROBLEM for one in findings)
    printed = {number for number, by_program in explained.items() if by_program}
    lines = unread(log, failed_lines(log), explained)[-MOST_SHOWN:] or _said(log, printed, harmless=harmless)
    if lines:
        return Judged(verdict="unknown", findings=tuple(map(_lowered, findings)), unexplained=lines)
    if log.unread:
        left_out = f"{log.unread} characters in the middle of this text were not read; give its end alone"
        return Judged(verdict="unknown", findings=tuple(findings), unexplained=(left_out,))
    seen = harmless or looked or (bool(log.lines) and shows_it_working(log))
    return Judged(verdict="healthy" if seen else "unknown", findings=tuple(findings))


def _said(log: LogText, printed: Collection[int], *, harmless: bool) -> tuple[str, ...]:
    # Whoever asks about a line that looks alarming complains too; what is suffered, or said of something else, is more.
    if not harmless:
        line = complaint(log)
    else:
        line = suffering(log, but=printed) or ("" if shows_it_working(log) else said_besides(log, printed))
    return (line,) if line else ()


def _lowered(finding: Finding) -> Finding:
    return replace(finding, confidence=min(finding.confidence, weights.REMARK))
