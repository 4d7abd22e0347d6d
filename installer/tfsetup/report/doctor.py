"""A diagnosis as text: what, why (the line that says so), and what to type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.text import Text

from tfsetup.report.text import printable

Data = Mapping[str, Any]
Line = tuple[str, str]  # text, style

_SURE = 0.8
_LIKELY = 0.5


def doctor_text(data: Data) -> Text:
    """Return the same lines as one text, for the reports of other commands."""
    text = Text()
    for line, style in doctor_lines(data):
        text.append(line + "\n", style=style or None)
    return text


def doctor_lines(data: Data) -> Iterator[Line]:
    """Yield what a person should read; `data` as in the JSON envelope."""
    findings: Sequence[Data] = data["findings"]
    yield from _verdict(data)
    for number, finding in enumerate(findings, 1):
        yield "", ""
        yield from _finding(finding, number, many=len(findings) > 1)
    yield from _needs(data)


def _verdict(data: Data) -> Iterator[Line]:
    match data["verdict"]:
        case "healthy" if data["findings"]:
            yield "Nothing is wrong: only messages that look alarming.", "bold green"
        case "healthy":
            yield "Nothing wrong was found.", "bold green"
        case "unknown" if not data["unexplained"]:
            yield "There is nothing in this text that the doctor can judge.", "bold yellow"
            yield " next: `tfsetup doctor PREFIX` looks at the environment itself.", ""
        case "unknown":
            yield "This log shows something that is none of the known causes.", "bold yellow"
            yield f"   at: {printable(data['unexplained'])}", ""
            yield (
                " next: `tfsetup doctor PREFIX` looks at the environment itself; --bundle FILE writes a bug report.",
                "",
            )
        case _:
            count = len(data["findings"])
            yield ("A cause was found." if count == 1 else f"{count} causes fit, the most likely first."), "bold red"


def _finding(finding: Data, number: int, *, many: bool) -> Iterator[Line]:
    mark = f"{number}. " if many else ""
    yield f"{mark}{printable(finding['title'])}  [{finding['cause']}, {_sureness(finding['confidence'])}]", "bold"
    for proof in finding["evidence"]:
        yield f"   why: {printable(proof)}", "cyan"
    yield f"        {printable(finding['explanation'])}", ""
    for n, step in enumerate(finding["fix"]):
        yield f"{'   fix: ' if n == 0 else '    or: '}{printable(step)}", "green" if n == 0 else ""


def _sureness(confidence: float) -> str:
    word = "sure" if confidence >= _SURE else "likely" if confidence >= _LIKELY else "possible"
    return f"{word}, {confidence:.0%}"


def _needs(data: Data) -> Iterator[Line]:
    if data["needs"]:
        yield "", ""
        facts = ", ".join(data["needs"])
        yield f"To tell them apart the doctor would need to know: {facts}.", "yellow"
        yield " next: run `tfsetup host --json > host.json` on that machine and add `--host host.json`", "yellow"
