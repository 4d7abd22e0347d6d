"""The matrix as a table: for the terminal, and as the support table of the README."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

from msgspec import UnsetType
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tfsetup.ground.marked import Problem
from tfsetup.ground.units import size
from tfsetup.matrix.defects import Defect
from tfsetup.matrix.file.rows import Matrix
from tfsetup.report.hazards import sentences
from tfsetup.report.text import printable
from tfsetup.upkeep.alternatives.course import AlternativesOpened
from tfsetup.upkeep.gpucode.read import GpuCodeRead
from tfsetup.upkeep.overview import Line, MatrixShown, overview
from tfsetup.verify.programs import sentence

if TYPE_CHECKING:
    from tfsetup.upkeep.check import MatrixChecked, Proved
    from tfsetup.upkeep.checks.check import CheckedRow
    from tfsetup.upkeep.evidence import ProvedRow
    from tfsetup.upkeep.index.client import Traffic
    from tfsetup.upkeep.index.snapshot import Difference
    from tfsetup.upkeep.update import MatrixUpdated
    from tfsetup.upkeep.xray.listing import KernelsListed
from tfsetup.upkeep.xray.prove import Emulated

HEADINGS = ("row", "machine", "runs on", "newest", "releases", "Python", "needs", "known defects")
_NOT_IN_THE_TERMINAL = {"machine", "known defects"}  # a row's name says the one, lines of their own the other


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
        row, machine, accelerator, newest, *rest, defects = astuple(line)
        pins = "<br>".join(f"`{pin}`" for pin in newest.split("  "))
        known = "<br>".join(f"`{name}`" for name in defects.split("; ") if name)
        yield "| " + " | ".join([f"`{row}`", machine, accelerator, pins, *rest, known]) + " |"


def matrix_table(lines: Sequence[Line]) -> RenderableType:
    """Return the matrix as a table for the terminal."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in HEADINGS:
        if heading not in _NOT_IN_THE_TERMINAL:
            table.add_column(heading, no_wrap=heading != "needs", overflow="fold")
    for line in lines:
        shown = [cell for name, cell in zip(HEADINGS, astuple(line), strict=True) if name not in _NOT_IN_THE_TERMINAL]
        table.add_row(*(Text(cell.replace("  ", "\n")) for cell in shown))
    return table


def show_view(found: MatrixShown) -> RenderableType:
    """Return the matrix for the terminal: the table, and the known defects below."""
    return Group(matrix_table(found.rows), defects_view(found.rows, found.hazards))


def defects_view(lines: Sequence[Line], defects: Iterable[Defect]) -> RenderableType:
    """Return known defects for the terminal: what, in which rows, what it means, and the cure."""
    parts: list[RenderableType] = []
    for defect in defects:
        rows = [line.row for line in lines if defect.id in line.defects.split("; ")]
        parts.append(Text(printable(f"\n{defect.id}: {' '.join(sentences([defect], ()))}")))
        parts.append(Text(printable(f"    {defect.consequence}")))
        parts.append(Text(printable(f"    rows: {', '.join(rows) or 'none'}")))
    return Group(*parts)


@dataclass(frozen=True, kw_only=True, slots=True)
class MatrixFinding:
    """One thing wrong with the matrix."""

    where: str
    """`file:line:column` of it."""
    message: str
    """What is wrong."""
    hint: str
    """How to put it right; may be empty."""


def findings_of(problems: Iterable[Problem]) -> tuple[MatrixFinding, ...]:
    """Return the problems of a matrix as the findings of a command."""
    return tuple(MatrixFinding(where=str(one.where), message=one.message, hint=one.hint) for one in problems)


def check_view(found: MatrixChecked, findings: Sequence[MatrixFinding]) -> RenderableType:
    """Return what `matrix check` found: a line a row, every problem with its place, what the index has otherwise."""
    parts: list[RenderableType] = [_rows(found.rows), *_problems(findings), *_differences(found.differences)]
    number = len(findings)
    verdict = f"{number} problem{'' if number == 1 else 's'}." if findings else "The matrix holds."
    against = f"{verdict} Snapshot of {found.index}"
    return Group(*parts, "", f"{against}; {_traffic(found.traffic)}", *_evidence(found.evidence))


def update_view(found: MatrixUpdated, findings: Sequence[MatrixFinding]) -> RenderableType:
    """Return what `matrix update` proposes: what is new, the diff of the YAML, what is for a person to decide."""
    parts: list[RenderableType] = [*_differences(found.differences)]
    if not found.differences and not found.edits:
        parts.append("The matrix is up to date with the index.")
    parts += [Text(printable(found.diff))] if found.diff else []
    parts += [f"{edit.where}: {edit.new}, because {edit.because}" for edit in found.edits]
    parts += [Text(printable(f"to decide: {note}")) for note in found.notes]
    parts += _problems(findings)
    if findings:
        parts.append("Not applied: `tfsetup matrix check` would refuse it.")
    elif found.applied:
        parts.append("Written.")
    elif found.differences or found.edits:
        parts.append("Nothing was written; --apply writes it.")
    return Group(*parts, _traffic(found.traffic))


def _rows(rows: Iterable[CheckedRow]) -> RenderableType:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("row", "newest", "releases", "problems"):
        table.add_column(heading, no_wrap=True, justify="left" if heading == "row" else "right")
    for row in rows:
        table.add_row(row.row, row.newest, str(row.releases), str(row.problems or "none"))
    return table


def _problems(findings: Iterable[MatrixFinding]) -> list[RenderableType]:
    return [Text(printable(f"{found.where}: {found.message}"), style="red") for found in findings]


def _differences(differences: Iterable[Difference]) -> list[RenderableType]:
    lines = ((f"{one.distribution} {one.version} {one.words}", one.grave) for one in differences)
    return [Text(printable(line), style="red" if grave else "yellow") for line, grave in lines]


def _evidence(found: Proved | UnsetType) -> list[RenderableType]:
    """Return what `--prove` found: a line a row, and a count; nothing when it was not asked for."""
    if isinstance(found, UnsetType):
        return []
    width = max((len(line.row) for line in found.rows), default=0)
    lines = [(_proved(line, width), line.verdict) for line in found.rows]
    parts = [Text(printable(line), style="red" if verdict == "fails" else "") for line, verdict in lines]
    count = Counter(line.verdict for line in found.rows)
    told = ", ".join(f"{count[verdict]} {verdict}" for verdict in ("loads", "fails", "undecided") if count[verdict])
    emulated = [Text(printable(line)) for line in _emulated(found.emulated)]
    code = [Text(printable(line)) for line in _gpu_code(found.gpu_code)]
    kernels = [Text(printable(line)) for line in _kernels(found.kernels)]
    others = [Text(printable(line)) for line in _alternatives(found.alternatives)]
    return [Text(""), *parts, Text(printable(f"{told}: {found.folder}")), *emulated, *kernels, *code, *others]


def _kernels(found: KernelsListed) -> Iterator[str]:
    """Yield the kernels of each release, what is otherwise than kept, and the verdict."""
    yield ""
    for line in found.versions:
        counts = f"{line.kernels} kernels, {line.kernels_with_gru} with MPSGraph's GRU, of {line.operations} operations"
        yield f"{line.version:<6}  {line.undecided or counts}"
        yield from (f"{'':<6}  {words}" for words in line.dropped)
        if line.fused_undecided:
            yield f"{'':<6}  what fused kernels build is undecided: {line.fused_undecided}"
    yield from (f"otherwise than kept: {line}" for line in found.differences or ())
    yield f"kernels, under the emulator: {found.verdict}"


def _gpu_code(found: GpuCodeRead) -> Iterator[str]:
    """Yield what the rules say otherwise than the code for GPUs in the wheels, and the verdict."""
    yield ""
    yield from (f"otherwise than the wheels: {line}" for line in found.differences or ())
    read = f", {len(found.read)} of them now" if found.read else ""
    yield f"code for GPUs in {len(found.wheels)} wheels{read}: {found.verdict}"


def _alternatives(found: AlternativesOpened) -> Iterator[str]:
    """Yield what the index and the wheels say otherwise than what is told of alternatives, what is new, the verdict."""
    yield ""
    yield from (f"otherwise than is told: {line}" for line in found.differences or ())
    yield from (f"newer than what is told: {line}" for line in found.newer or ())
    read = f", {len(found.read)} of them now" if found.read else ""
    yield f"alternatives on the GPU of a Mac, {len(found.opened)} opened{read}: {found.verdict}"


def _emulated(found: Emulated) -> Iterator[str]:
    """Yield what plugins did under the emulator: a line a release, what is otherwise than kept, and the verdict."""
    yield ""
    for line in found.versions:
        part = f" in {line.losing} of {line.builds} builds" if 0 < line.losing < line.builds else ""
        told = f"loses {', '.join(line.lost)}{part}" if line.lost else "loses nothing"
        cured = f"; with the cure {', '.join(line.lost_with_cure) or 'nothing'}" if line.lost else ""
        yield f"{line.version:<6}  {told}{cured}"
    others = {"not asked": found.not_asked, "presumed": found.presumed, "otherwise than kept": found.differences}
    for words, lines in others.items():
        yield from (f"{words}: {line}" for line in lines or ())
    because = f" ({found.because})" if found.because else ""
    yield f"{found.hazard}, under the emulator: {found.verdict}{because}"


def _proved(line: ProvedRow, width: int) -> str:
    words = f"{line.row:<{width}}  {line.verdict:<9}  {', '.join(line.pythons)}".rstrip()
    why = line.error or line.because
    kept = "" if line.written else " (not written)"
    tried = "".join(f"\n    {sentence(one)}: {one.message}" for one in line.programs.trouble) if line.programs else ""
    return words + (f"\n    {why.splitlines()[0]}" if why else "") + kept + tried


def _traffic(traffic: Traffic | None) -> str:
    if traffic is None:
        return "the index was not asked (--offline)."
    return f"{traffic.requests} requests, {size(traffic.received)} received, {traffic.unchanged} pages unchanged."
