"""What makes TensorFlow faster here, as JSON has it, and for people: a table, and a sentence for each switch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from tfsetup.ground.units import seconds
from tfsetup.ground.values import value
from tfsetup.report.document import document
from tfsetup.report.text import printable
from tfsetup.verify.tune.model import Tried, Tuning, Verdict

if TYPE_CHECKING:
    from rich.console import RenderableType

_STYLES = {"faster": "green", "mixed": "yellow", "undecided": "yellow", "slower": "dim", "same": "dim"}


@value
class TuningDocument:
    """What came of trying switches; every measurement stands beside it, in `tune`."""

    set: Mapping[str, str]
    """The variables to set: those whose switch is faster and slows nothing down, as they were measured together."""
    settings: Mapping[str, str]
    """The variables that were set already: part of every measurement."""
    switches: tuple[Verdict, ...]
    """What came of each switch."""
    seconds: float
    """How long it took."""
    budget_s: float
    """How long it might have taken."""
    complete: bool
    """Whether everything was tried to its end before the time was over."""
    problem: str
    """Why nothing could be measured; empty: it could."""


def tuning_document(found: Tuning) -> TuningDocument:
    """Return what stands beside the measurements."""
    return document(TuningDocument, found, seconds=round(found.seconds, 1))


def tuning_parts(
    found: Tuning | TuningDocument, tried: tuple[Tried, ...], *, installed: bool = False
) -> Iterator[RenderableType]:
    """Yield everything a person should see of it; `installed`: what is worth it is set in the environment already."""
    if found.problem:
        yield printable(f"tuning: nothing could be measured: {found.problem}")
        return
    if tried:
        yield _table(tried)
    for one in found.switches:
        yield printable(one.sentence)
    yield from _ending(found, installed=installed)


def _ending(found: Tuning | TuningDocument, *, installed: bool) -> Iterator[str]:
    """Yield the answer, and what it stands on."""
    if found.settings:
        words = ", ".join(f"{name}={content}" for name, content in found.settings.items())
        yield printable(f"set already, and part of every measurement: {words}")
    for name in found.set.keys() & found.settings.keys():
        yield printable(f"{name} keeps the value that it is given where programs start: change it there")
    took = f"measured in {seconds(found.seconds)}"
    if not found.complete:
        took += f", and not everything: {found.budget_s:.0f} s did not suffice"
    if not found.set:
        yield printable(f"Nothing to set: no variable is shown to make it faster here ({took}).")
        return
    words = " ".join(f"{name}={content}" for name, content in found.set.items())
    if installed:
        yield printable(f"{words} is set in every process of the environment ({took}).")
    else:
        yield printable(f"To set: {words} ({took}). `tfsetup install --tune` sets what it measures.")


def _table(tried: tuple[Tried, ...]) -> RenderableType:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("timed with and without", overflow="fold")
    for title in ("times as fast", "error", "without"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    switch = ""
    for one in tried:
        words = " ".join(f"{name}={content}" for name, content in one.set.items()) or one.program
        if words != switch:
            table.add_row(printable(words), "", "", "", "", style="bold")
        switch = words
        table.add_row(*map(printable, _cells(one)), style=_STYLES.get(one.status))
    return table


def _cells(one: Tried) -> list[str]:
    ratio = "-" if one.ratio is None else f"{one.ratio:.2f} (±{one.spread or 0:.2f})"
    errors = ("-" if error is None else f"{error:.0e}" for error in (one.max_rel_error, one.baseline_error))
    return [f"  {one.what}", ratio, *errors, one.status]
