"""The matrix as a table: for the terminal, and as the support table of the README."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tfsetup.matrix.file.rows import Matrix
from tfsetup.report.hazards import sentences
from tfsetup.report.text import printable, size
from tfsetup.upkeep.overview import Line, overview

if TYPE_CHECKING:
    from rich.console import RenderableType

Data = Mapping[str, Any]

HEADINGS = ("row", "machine", "runs on", "newest", "releases", "Python", "needs", "known defects")
_NOT_IN_THE_TERMINAL = {"machine", "known defects"}  # a row's name says the one, lines of their own the other


def cells(line: Line) -> tuple[str, ...]:
    """Return one line of the table, under `HEADINGS`."""
    return (
        line.row,
        line.machine,
        line.accelerator,
        line.newest,
        line.releases,
        line.pythons,
        line.needs,
        line.defects,
    )


def support_table(matrix: Matrix) -> str:
    """Return the support table as Markdown; README holds it byte for byte."""
    return markdown(overview(matrix))


def markdown(lines: Sequence[Line]) -> str:
    """Return the lines of the matrix as a Markdown table."""
    return "\n".join(_markdown(lines)) + "\n"


def _markdown(lines: Sequence[Line]) -> Iterator[str]:
    yield "| " + " | ".join(HEADINGS) + " |"
    yield "|" + " --- |" * len(HEADINGS)
    for line in lines:
        row, machine, accelerator, newest, *rest, defects = cells(line)
        pins = "<br>".join(f"`{pin}`" for pin in newest.split("  "))
        known = "<br>".join(f"`{name}`" for name in defects.split("; ") if name)
        yield "| " + " | ".join([f"`{row}`", machine, accelerator, pins, *rest, known]) + " |"


def matrix_table(lines: Sequence[Line]) -> RenderableType:
    """Return the matrix as a table for the terminal."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in HEADINGS:
        if heading not in _NOT_IN_THE_TERMINAL:
            table.add_column(heading, no_wrap=heading != "needs", overflow="fold")
    for line in lines:
        shown = [cell for name, cell in zip(HEADINGS, cells(line), strict=True) if name not in _NOT_IN_THE_TERMINAL]
        table.add_row(*(Text(cell.replace("  ", "\n")) for cell in shown))
    return table


def defects_view(lines: Sequence[Line], hazards: Sequence[Data]) -> RenderableType:
    """Return the known defects for the terminal: what, in which rows, what it means, and the cure."""
    from rich.console import Group
    from rich.text import Text

    parts: list[RenderableType] = []
    for hazard in hazards:
        rows = [line.row for line in lines if hazard["id"] in line.defects.split("; ")]
        parts.append(Text(printable(f"\n{hazard['id']}: {' '.join(sentences([hazard], ()))}")))
        parts.append(Text(printable(f"    {hazard['consequence']}")))
        parts.append(Text(printable(f"    rows: {', '.join(rows) or 'none'}")))
    return Group(*parts)


def check_view(data: Data, findings: Sequence[Data]) -> RenderableType:
    """Return what `matrix check` found: a line a row, every problem with its place, what the index has otherwise."""
    from rich.console import Group

    parts: list[RenderableType] = [_rows(data), *_problems(findings), *_differences(data)]
    number = len(findings)
    verdict = f"{number} problem{'' if number == 1 else 's'}." if findings else "The matrix holds."
    against = f"{verdict} Snapshot of {data['index']}"
    return Group(*parts, "", f"{against}; {_traffic(data)}", *_evidence(data))


def update_view(data: Data, findings: Sequence[Data]) -> RenderableType:
    """Return what `matrix update` proposes: what is new, the diff of the YAML, what is for a person to decide."""
    from rich.console import Group
    from rich.text import Text

    parts: list[RenderableType] = [*_differences(data)]
    if not data["differences"] and not data["edits"]:
        parts.append("The matrix is up to date with the index.")
    parts += [Text(printable(data["diff"]))] if data["diff"] else []
    parts += [f"{edit['where']}: {edit['new']}, because {edit['because']}" for edit in data["edits"]]
    parts += [Text(printable(f"to decide: {note}")) for note in data["notes"]]
    parts += _problems(findings)
    if findings:
        parts.append("Not applied: `tfsetup matrix check` would refuse it.")
    elif data["applied"]:
        parts.append("Written.")
    elif data["differences"] or data["edits"]:
        parts.append("Nothing was written; --apply writes it.")
    return Group(*parts, _traffic(data))


def _rows(data: Data) -> RenderableType:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("row", "newest", "releases", "problems"):
        table.add_column(heading, no_wrap=True, justify="left" if heading == "row" else "right")
    for row in data["rows"]:
        table.add_row(row["row"], row["newest"], str(row["releases"]), str(row["problems"] or "none"))
    return table


def _problems(findings: Sequence[Data]) -> list[RenderableType]:
    from rich.text import Text

    return [Text(printable(f"{found['where']}: {found['message']}"), style="red") for found in findings]


def _differences(data: Data) -> list[RenderableType]:
    from rich.text import Text

    return [
        Text(
            printable(f"{found['distribution']} {found['version']} {found['words']}"),
            style="red" if found["grave"] else "yellow",
        )
        for found in data["differences"]
    ]


def _evidence(data: Data) -> list[RenderableType]:
    """Return what `--prove` found: a line a row, and a count; nothing when it was not asked for."""
    from rich.text import Text

    if "evidence" not in data:
        return []
    lines = data["evidence"]["rows"]
    width = max((len(line["row"]) for line in lines), default=0)
    parts = [Text(printable(_proved(line, width)), style="red" if line["verdict"] == "fails" else "") for line in lines]
    count = {verdict: sum(line["verdict"] == verdict for line in lines) for verdict in ("loads", "fails", "undecided")}
    told = ", ".join(f"{number} {verdict}" for verdict, number in count.items() if number)
    emulated = [Text(printable(line)) for line in _emulated(data["evidence"].get("emulated"))]
    return [Text(""), *parts, Text(printable(f"{told}: {data['evidence']['folder']}")), *emulated]


def _emulated(found: Data | None) -> Iterator[str]:
    """Yield what plugins did under the emulator: a line a release, what is otherwise than kept, and the verdict."""
    if found is None:
        return
    yield ""
    for line in found["versions"]:
        part = f" in {line['losing']} of {line['builds']} builds" if 0 < line["losing"] < line["builds"] else ""
        told = f"loses {', '.join(line['lost'])}{part}" if line["lost"] else "loses nothing"
        cured = f"; with the cure {', '.join(line['lost_with_cure']) or 'nothing'}" if line["lost"] else ""
        yield f"{line['version']:<6}  {told}{cured}"
    yield from (f"not asked: {what}" for what in found.get("not_asked", ()))
    yield from (f"presumed: {what}" for what in found.get("presumed", ()))
    yield from (f"otherwise than kept: {difference}" for difference in found.get("differences", ()))
    because = f" ({found['because']})" if found["because"] else ""
    yield f"{found['hazard']}, under the emulator: {found['verdict']}{because}"


def _proved(line: Data, width: int) -> str:
    words = f"{line['row']:<{width}}  {line['verdict']:<9}  {', '.join(line['pythons'])}".rstrip()
    why = line["error"] or line["because"]
    kept = "" if line["written"] else " (not written)"
    return words + (f"\n    {why.splitlines()[0]}" if why else "") + kept


def _traffic(data: Data) -> str:
    if data["traffic"] is None:
        return "the index was not asked (--offline)."
    traffic = data["traffic"]
    return (
        f"{traffic['requests']} requests, {size(traffic['received'])} received, {traffic['unchanged']} pages unchanged."
    )
