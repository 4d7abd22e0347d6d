"""A selection as JSON data (INTERFACE, "`resolve`") and as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tfsetup.matrix.model import Selection
from tfsetup.report.text import printable

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tfsetup.matrix.explain import Chapter

Data = Mapping[str, Any]


def selection_data(selection: Selection) -> dict[str, Any]:
    """Return `data` of the envelope. `requirements` is all that gets installed, compiled plugins last."""
    return {
        "installable": selection.installable,
        "row": selection.row,
        "accelerator": selection.accelerator,
        "python": selection.python,
        "interpreter": asdict(selection.interpreter) if selection.interpreter else None,
        "requirements": [*selection.requirements, *selection.source_builds],
        "source_builds": list(selection.source_builds),
        "sdists": list(selection.sdists),
        "conda": list(selection.conda),
        "backend": selection.backend,
        "blas": selection.blas,
        "target": asdict(selection.target) if selection.target else None,
        "expect": asdict(selection.expect) if selection.expect else None,
        "reasons": list(selection.reasons),
        "suggestions": list(selection.suggestions),
        "rejected": [asdict(rejected) for rejected in selection.rejected],
        "warnings": list(selection.warnings),
    }


def resolve_view(data: Data, chapters: Sequence[Chapter] = ()) -> RenderableType:
    """Return the answer for people; `chapters` is the long story of `--explain`, in place of the short one."""
    from rich.console import Group

    parts = _answer(data) if data["installable"] else _refusal(data)
    told = _chapters(chapters) if chapters else _others(data)
    return Group(*parts, *told)


def _answer(data: Data) -> Iterator[RenderableType]:
    from rich.text import Text

    yield Text.assemble((f"{data['row']}", "bold"), f"  {printable(data['reasons'][0])}")
    yield _grid(_plan(data), indent=2)
    yield from _list("why", data["reasons"][1:])
    yield from _list("note", data["warnings"], style="yellow")


def _plan(data: Data) -> Iterator[tuple[str, str]]:
    interpreter = data["interpreter"]
    where = f" ({interpreter['path']})" if interpreter and interpreter["path"] else ""
    version = interpreter["version"] if interpreter else f"{data['python']} (uv brings it)"
    yield "install", "  ".join(data["requirements"])
    if data["source_builds"]:
        yield "compile", "  ".join(data["source_builds"])
    yield "python", f"{version}{where}"
    yield "devices", ", ".join(data["expect"]["devices"])
    if data["blas"]:
        yield "blas", data["blas"]
    yield "platform", _platform(data["target"])


def _platform(target: Mapping[str, Any]) -> str:
    floor = [
        f"macOS {target['macos']}" if target["macos"] else "",
        f"glibc {target['glibc']}" if target["glibc"] else "",
    ]
    return " ".join([target["platform"], *(f"({word})" for word in floor if word)])


def _refusal(data: Data) -> Iterator[RenderableType]:
    from rich.text import Text

    yield Text("Nothing fits this machine and this ask.", style="bold red")
    yield from _list("because", data["reasons"])
    yield from _list("would fit", data["suggestions"], style="green")
    if not data["suggestions"]:
        yield Text("  no single change that is known here would make it fit")


def _list(word: str, lines: Sequence[str], style: str = "") -> Iterator[RenderableType]:
    if lines:
        yield _grid(((word if place == 0 else "", line) for place, line in enumerate(lines)), indent=2, style=style)


def _others(data: Data) -> Iterator[RenderableType]:
    """Yield the rows that lost: those for this machine with the reason, the others as a number."""
    here = [(r["row"], r["reason"]) for r in data["rejected"] if r["here"]]
    elsewhere = len(data["rejected"]) - len(here)
    if data["installable"] and here:
        yield ""
        yield "Other rows for this machine"
        yield _grid(here, indent=2)
    if elsewhere:
        yield f"{'And ' if here else ''}{elsewhere} rows for other machines (--explain lists them)."


def _chapters(chapters: Sequence[Chapter]) -> Iterator[RenderableType]:
    from rich.text import Text

    for chapter in chapters:
        yield ""
        yield Text(printable(chapter.title), style="bold")
        yield _grid(chapter.lines, indent=2)


def _grid(
    lines: Iterator[tuple[str, str]] | Sequence[tuple[str, str]], *, indent: int, style: str = ""
) -> RenderableType:
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold", style=style)
    for name, text in lines:
        table.add_row(Text(printable(name)), Text(printable(text)))
    return Padding(table, (0, 0, 0, indent), expand=False)
