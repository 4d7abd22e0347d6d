"""A selection as JSON data (INTERFACE, "`resolve`") and as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tfsetup.matrix.model import Selection
from tfsetup.report.hazards import hazards_data, sentences
from tfsetup.report.text import aligned

if TYPE_CHECKING:
    from tfsetup.matrix.choose.explain import Chapter

Data = Mapping[str, Any]


def selection_data(selection: Selection) -> dict[str, Any]:
    """Return `data` of the envelope. `requirements` is all that gets installed, compiled plugins last.

    `cured` in `hazards` says what an installation of it does, unless it is told not to.
    """
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
        "environment": selection.environment,
        "hazards": hazards_data(selection.hazards, cured=True),
    }


def resolve_lines(data: Data, chapters: Sequence[Chapter] = (), *, width: int = 100) -> Iterator[str]:
    """Yield the answer for people; `chapters` is the long story of `--explain`, in place of the short one.

    Plain lines folded at `width`: `resolve` is run often, and must not wait for a table to be drawn.
    """
    yield from _answer(data, width, told=bool(chapters)) if data["installable"] else _refusal(data, width)
    yield from _chapters(chapters, width) if chapters else _others(data, width)


def _answer(data: Data, width: int, *, told: bool) -> Iterator[str]:
    yield f"{data['row']}: {data['reasons'][0].removeprefix(data['row'] + ': ')}"
    more = "" if told else " (--explain)"
    defects = [said + more for said in sentences(data["hazards"], data["requirements"])]
    listed = [*_plan(data), *_list("why", data["reasons"][1:])]
    listed += [*_list("note", data["warnings"]), *_list("defect", defects)]
    yield from aligned(listed, indent=2, width=width)


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


def _refusal(data: Data, width: int) -> Iterator[str]:
    yield "Nothing fits this machine and this ask."
    helps = data["suggestions"] or ["no single change that is known here"]
    yield from aligned([*_list("because", data["reasons"]), *_list("would fit", helps)], indent=2, width=width)


def _list(word: str, lines: Sequence[str]) -> list[tuple[str, str]]:
    return [(word if place == 0 else "", line) for place, line in enumerate(lines)]


def _others(data: Data, width: int) -> Iterator[str]:
    """Yield the rows that lost: those for this machine with the reason, the others as a number."""
    here = [(r["row"], r["reason"]) for r in data["rejected"] if r["here"]]
    elsewhere = len(data["rejected"]) - len(here)
    if data["installable"] and here:
        yield ""
        yield "Other rows for this machine"
        yield from aligned(here, indent=2, width=width)
    if elsewhere:
        yield f"{'And ' if here else ''}{elsewhere} rows for other machines (--explain lists them)."


def _chapters(chapters: Sequence[Chapter], width: int) -> Iterator[str]:
    for chapter in chapters:
        yield ""
        yield chapter.title
        yield from aligned(chapter.lines, indent=2, width=width)
