"""A diagnosis as text: what, why (the line that says so), and what to type."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, assert_never

from tfsetup.doctor.model import Diagnosis
from tfsetup.doctor.present import ShownDiagnosis, ShownFinding
from tfsetup.errors import Code
from tfsetup.report.text import printable

if TYPE_CHECKING:
    from rich.text import Text

Line = tuple[str, str]  # text, style

_SURE = 0.8
_LIKELY = 0.5


def doctor_text(found: ShownDiagnosis) -> Text:
    """Return the same lines as one text, for the reports of other commands."""
    from rich.text import Text

    text = Text()
    for line, style in doctor_lines(found):
        text.append(line + "\n", style=style or None)
    return text


def doctor_lines(found: ShownDiagnosis) -> Iterator[Line]:
    """Yield what a person should read."""
    yield from _verdict(found)
    for number, finding in enumerate(found.findings, 1):
        yield "", ""
        yield from _finding(finding, number, many=len(found.findings) > 1)
    yield from _needs(found)
    yield from _told("Log and host file contradict each other:", found.contradictions)
    yield from _told("The log itself advises:", found.advice)
    yield from _told("What would decide it:", found.questions)


def _told(heading: str, lines: Sequence[str]) -> Iterator[Line]:
    if lines:
        yield "", ""
        yield heading, "yellow"
        for line in lines:
            yield f"  - {printable(line)}", ""


def _verdict(found: ShownDiagnosis) -> Iterator[Line]:
    match found.verdict:
        case "healthy" if found.findings:
            yield "Nothing is wrong: only messages that look alarming.", "bold green"
        case "healthy":
            yield "Nothing wrong was found.", "bold green"
        case "unknown" if not found.unexplained:
            yield "There is nothing in this text that the doctor can judge.", "bold yellow"
            yield " next: `tfsetup doctor PREFIX` looks at the environment itself.", ""
        case "unknown":
            yield "This log shows something that is none of the known causes.", "bold yellow"
            for n, line in enumerate(found.unexplained):
                yield f"{'   at: ' if n == 0 else '       '}{printable(line)}", ""
            yield (
                " next: `tfsetup doctor PREFIX` looks at the environment itself; --bundle FILE writes a bug report.",
                "",
            )
        case "problem":
            count = len(found.findings)
            yield ("A cause was found." if count == 1 else f"{count} causes fit, the most likely first."), "bold red"
        case _:
            assert_never(found.verdict)


def _finding(finding: ShownFinding, number: int, *, many: bool) -> Iterator[Line]:
    mark = f"{number}. " if many else ""
    yield f"{mark}{printable(finding.title)}  [{finding.cause}, {_sureness(finding.confidence)}]", "bold"
    for proof in finding.evidence:
        yield f"   why: {printable(proof)}", "cyan"
    yield f"        {printable(finding.explanation)}", ""
    for n, step in enumerate(finding.fix):
        yield f"{'   fix: ' if n == 0 else '    or: '}{printable(step)}", "green" if n == 0 else ""


def _sureness(confidence: float) -> str:
    word = "sure" if confidence >= _SURE else "likely" if confidence >= _LIKELY else "possible"
    return f"{word}, {confidence:.0%}"


def _needs(found: ShownDiagnosis) -> Iterator[Line]:
    if found.needs:
        yield "", ""
        facts = ", ".join(found.needs)
        yield f"To tell them apart the doctor would need to know: {facts}.", "yellow"
        yield " next: run `tfsetup host --json > host.json` on that machine and add `--host host.json`", "yellow"


def outcome(diagnosis: Diagnosis) -> Code | None:
    """Return the exit status: only health is a yes, and a text with nothing to judge is no answer at all."""
    if diagnosis.verdict == "healthy":
        return None
    return Code.ANSWER_IS_NO if diagnosis.findings or diagnosis.unexplained else Code.UNDECIDED
