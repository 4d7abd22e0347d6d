"""The matrix as a table: for the terminal, and as the support table of the README."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tfsetup.matrix.overview import Line, overview
from tfsetup.matrix.rows import Matrix

if TYPE_CHECKING:
    from rich.console import RenderableType

HEADINGS = ("row", "machine", "runs on", "newest", "releases", "Python", "needs")


def cells(line: Line) -> tuple[str, ...]:
    """Return one line of the table, under `HEADINGS`."""
    return (line.row, line.machine, line.accelerator, line.newest, line.releases, line.pythons, line.needs)


def support_table(matrix: Matrix) -> str:
    """Return the support table as Markdown; README holds it byte for byte."""
    return "\n".join(_markdown(overview(matrix))) + "\n"


def _markdown(lines: tuple[Line, ...]) -> Iterator[str]:
    yield "| " + " | ".join(HEADINGS) + " |"
    yield "|" + " --- |" * len(HEADINGS)
    for line in lines:
        row, machine, accelerator, newest, *rest = cells(line)
        pins = "<br>".join(f"`{pin}`" for pin in newest.split("  "))
        yield "| " + " | ".join([f"`{row}`", machine, accelerator, pins, *rest]) + " |"


def matrix_table(matrix: Matrix) -> RenderableType:
    """Return the matrix as a table for the terminal."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for place, heading in enumerate(HEADINGS):
        table.add_column(heading, no_wrap=place == 0, overflow="fold")
    for line in overview(matrix):
        table.add_row(*(Text(cell.replace("  ", "\n")) for cell in cells(line)))
    return table
