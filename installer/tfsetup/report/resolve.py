"""A selection as the document of `tfsetup resolve` and as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tfsetup.ground.values import value
from tfsetup.host.model import Python
from tfsetup.matrix.alternatives import Offer, told_of
from tfsetup.matrix.defects import Defect, defects_of
from tfsetup.matrix.model import Accelerator, Backend, Blas, Chapter, Expectation, Rejected, Selection, Target
from tfsetup.report.document import document
from tfsetup.report.hazards import sentences
from tfsetup.report.text import aligned


@value
class ResolveDocument:
    """What goes on a machine, and why. Where nothing does, only `reasons`, `suggestions` and `rejected` mean anything.

    `installable` promises an installation that imports and does what the accelerator asks.
    """

    installable: bool
    """Whether an installation exists for this machine and this ask."""
    row: str | None
    """The row of the matrix that was chosen."""
    accelerator: Accelerator | None
    """What it computes on."""
    python: str | None
    """The Python to build on, `X.Y`."""
    interpreter: Python | None
    """The interpreter of this machine to build on; null: uv brings one."""
    requirements: tuple[str, ...]
    """Everything that gets installed, in exact versions and bounds; what must be compiled comes last."""
    source_builds: tuple[str, ...]
    """Which of the requirements are compiled after the others are in place, in this order."""
    sdists: tuple[str, ...]
    """Distributions without a wheel for this target, which may be built from source on the way."""
    conda: tuple[str, ...]
    """Match specs of what comes from conda channels; empty with another backend."""
    backend: Backend
    """The kind of environment."""
    blas: Blas | None
    """The BLAS under NumPy."""
    target: Target | None
    """What wheels must fit."""
    expect: Expectation | None
    """What a verification of the installation must find."""
    reasons: tuple[str, ...]
    """Why this row; or why none."""
    suggestions: tuple[str, ...]
    """Single changes after which something would fit, cheapest first."""
    rejected: tuple[Rejected, ...]
    """Every other row, and why not."""
    warnings: tuple[str, ...]
    """What to know before installing."""
    environment: Mapping[str, str]
    """Variables that every process of the environment must see."""
    hazards: tuple[Defect, ...]
    """Known defects of what is chosen; `cured` says what an installation does, unless it is told not to."""
    companions: tuple[str, ...]
    """Which of the requirements were asked for with `--with`, at the versions that fit."""
    alternatives: tuple[Offer, ...]
    """What else computes on a GPU of this machine that the answer leaves idle; none of it is installed unasked."""


def resolve_document(
    selection: Selection, chapters: Sequence[Chapter] = (), companions: tuple[str, ...] = ()
) -> ResolveDocument:
    """Return a selection as a document; `chapters` is the long story, where it was asked for.

    `companions` are the packages asked for besides, at the versions that fit with it.
    """
    requirements = (*selection.requirements, *companions, *selection.source_builds)
    hazards = defects_of(selection.hazards, cured=True)
    short = document(ResolveDocument, selection, requirements=requirements, hazards=hazards, companions=companions)
    if not chapters:
        return short
    from tfsetup.report.explained import ExplainedDocument  # made only where it is asked for: start-up is measured

    return document(ExplainedDocument, short, explained=tuple(chapters))


def resolve_lines(found: ResolveDocument, chapters: Sequence[Chapter] = (), *, width: int = 100) -> Iterator[str]:
    """Yield the answer for people; the long story (`chapters`) stands in place of the short one where there is one.

    Plain lines folded at `width` (columns): `resolve` is run often, and must not wait for a table to be drawn.
    """
    short = _answer if found.installable else _refusal
    yield from short(found, width, told=bool(chapters))
    yield from _chapters(chapters, width) if chapters else _others(found, width)


def _answer(found: ResolveDocument, width: int, *, told: bool) -> Iterator[str]:
    yield f"{found.row}: {found.reasons[0].removeprefix(f'{found.row}: ')}"
    more = "" if told else " (--explain)"
    defects = [said + more for said in sentences(found.hazards, found.requirements)]
    listed = [*_plan(found), *_list("why", found.reasons[1:])]
    listed += [*_list("note", _besides(found.warnings, found.alternatives)), *_list("defect", defects)]
    listed += _instead(found.alternatives, more)
    yield from aligned(listed, indent=2, width=width)


def _plan(found: ResolveDocument) -> Iterator[tuple[str, str]]:
    interpreter = found.interpreter
    where = f" ({interpreter.path})" if interpreter and interpreter.path else ""
    version = interpreter.version if interpreter else f"{found.python} (uv brings it)"
    yield "install", "  ".join(found.requirements)
    if found.source_builds:
        yield "compile", "  ".join(found.source_builds)
    yield "python", f"{version}{where}"
    if found.expect:
        yield "devices", ", ".join(found.expect.devices)
    if found.blas:
        yield "blas", found.blas
    if found.target:
        yield "platform", _platform(found.target)


def _platform(target: Target) -> str:
    floor = [f"macOS {target.macos}" if target.macos else "", f"glibc {target.glibc}" if target.glibc else ""]
    return " ".join([target.platform, *(f"({word})" for word in floor if word)])


def _refusal(found: ResolveDocument, width: int, *, told: bool) -> Iterator[str]:
    more = "" if told else " (--explain)"
    yield "Nothing fits this machine and this ask."
    helps = found.suggestions or ["no single change that is known here"]
    because = _besides(found.reasons, found.alternatives)
    listed = [*_list("because", because), *_list("would fit", helps), *_instead(found.alternatives, more)]
    yield from aligned(listed, indent=2, width=width)


def _besides(lines: Sequence[str], offers: Sequence[Offer]) -> list[str]:
    """Return the lines but for the one that only names what `_instead` tells."""
    return [line for line in lines if line != told_of(offers)]


def _instead(offers: Sequence[Offer], more: str) -> list[tuple[str, str]]:
    """Return what else computes on this GPU, a paragraph each, and how little of it was judged."""
    judged = dict.fromkeys(one.judged + more for one in offers)
    return _list("instead", [*(one.sentence for one in offers), *judged])


def _list(word: str, lines: Sequence[str]) -> list[tuple[str, str]]:
    return [(word if place == 0 else "", line) for place, line in enumerate(lines)]


def _others(found: ResolveDocument, width: int) -> Iterator[str]:
    """Yield the rows that lost: those for this machine with the reason, the others as a number."""
    here = [(lost.row, lost.reason) for lost in found.rejected if lost.here]
    elsewhere = len(found.rejected) - len(here)
    if found.installable and here:
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
