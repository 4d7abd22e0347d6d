"""Generations as a table, and a change of them as a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tfsetup.report.result import Result
from tfsetup.report.text import printable

if TYPE_CHECKING:
    from rich.console import RenderableType

_SHOWN = 5  # of what a generation has lost


def generations_view(data: Mapping[str, Any]) -> RenderableType:
    """Return a table with a row a generation, the current one marked."""
    from rich.console import Group
    from rich.table import Table

    if not data["generations"]:
        return f"There is no environment at {data['prefix']}; `tfsetup install` builds one."
    table = Table(box=None, pad_edge=False)
    for heading in ("", "N", "row", "Python", "what", "built (UTC)", "verified", "whole"):
        # Only what was installed may be folded: at 80 columns the rest just fits.
        table.add_column(heading, no_wrap=heading != "what", overflow="fold")
    for row in data["generations"]:
        table.add_row(*map(printable, _cells(row)))
    lines = [printable(line) for row in data["generations"] for line in (*_lost(row), *_cured(row))]
    return Group(printable(data["prefix"]), table, *lines)


def _lost(row: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a generation has lost, the first of it."""
    missing = row["missing"]
    if missing:
        yield f"Generation {row['generation']} is not whole:"
        yield from (f"  {one}" for one in missing[:_SHOWN])
    if len(missing) > _SHOWN:
        yield f"  and {len(missing) - _SHOWN} more"


def _cured(row: Mapping[str, Any]) -> Iterator[str]:
    """Yield what cures known defects in a generation, and what would but is not there."""
    if row.get("cures") and row["whole"]:
        yield f"Generation {row['generation']} sets {_set(row['cures'])} at every start of its Python."
    if row.get("uncured"):
        yield f"Generation {row['generation']} {_uncured(row)}"


def _uncured(data: Mapping[str, Any]) -> str:
    return (
        f"does not set {_set(data['uncured'])}: a known defect of what is installed there makes results wrong. "
        "`tfsetup install` builds one that is cured."
    )


def _set(variables: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in sorted(variables.items()))


def _cells(row: Mapping[str, Any]) -> list[str]:
    what = ", ".join(row["requirements"]) or "was there before tfsetup"
    if row["damaged"] is not None:
        what = "its receipt is gone or damaged"
    elif row["rebuilt"]:
        what = "its receipt was lost"
    mark = "→" if row["current"] else ""
    verified = "yes" if row["verified"] else "no"
    return [
        mark,
        str(row["generation"]),
        row["row"],
        row["python"],
        what,
        row["created"][:16].replace("T", " "),
        verified,
        "yes" if row["whole"] else "no",
    ]


def change_line(result: Result[Any]) -> str:
    """Return one line that says what changed."""
    data = result.data
    if result.command == "remove":
        return f"Removed generation {data['generation']} of {data['prefix']}."
    if result.command == "gc":
        return _swept(data)
    if "refused" in data:
        return f"{data['refused']}\n hint: {data['hint']}"
    uncured = f"\nIt {_uncured(data)}" if data.get("uncured") else ""
    if not data["changed"]:
        return f"{data['prefix']} already is generation {data['generation']}: nothing to do.{uncured}"
    return f"{data['prefix']} is generation {data['generation']} again ({data['row']}).{uncured}"


def _swept(data: Mapping[str, Any]) -> str:
    kept = _numbered(data["kept"], "stays", "stay") if data["kept"] else "there are no generations"
    if not data["changed"]:
        return f"Nothing to remove beside {data['prefix']}: {kept}."
    gone = [_numbered(data["removed"], "was removed", "were removed")] if data["removed"] else []
    gone += [f"{len(data['unfinished'])} unfinished of killed runs too"] if data["unfinished"] else []
    return f"{data['prefix']}: {', '.join(gone)}; {kept}."


def _numbered(numbers: list[int], one: str, many: str) -> str:
    listed = ", ".join(map(str, numbers))
    return f"generation {listed} {one}" if len(numbers) == 1 else f"generations {listed} {many}"
