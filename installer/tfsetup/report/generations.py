"""Generations as a table, and a change of them as a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from tfsetup.envs.cures import assignments
from tfsetup.report.text import printable
from tfsetup.workflows.maintain import Collected, Generation, Listed, NotWhole, Removed, RolledBack

if TYPE_CHECKING:
    from rich.console import RenderableType

_SHOWN = 5  # of what a generation has lost


def listed(found: Listed) -> Iterator[RenderableType]:
    """Yield the table of generations, and what is wrong with the prefix itself."""
    if found.generations or not found.missing:
        yield _table(found)
    if found.missing:
        yield found.missing


def _table(found: Listed) -> RenderableType:
    """Return a table with a row a generation, the current one marked."""
    if not found.generations:
        return f"There is no environment at {found.prefix}; `tfsetup install` builds one."
    from rich.console import Group
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("", "N", "row", "Python", "what", "built (UTC)", "verified", "whole"):
        # Only what was installed may be folded: at 80 columns the rest just fits.
        table.add_column(heading, no_wrap=heading != "what", overflow="fold")
    for one in found.generations:
        table.add_row(*map(printable, _cells(one)))
    lines = [printable(line) for one in found.generations for line in (*_lost(one), *_added(one), *_cured(one))]
    return Group(printable(found.prefix), table, *lines)


def _lost(one: Generation) -> Iterator[str]:
    """Yield what a generation has lost, the first of it."""
    if one.missing:
        yield f"Generation {one.generation} is not whole:"
        yield from (f"  {lost}" for lost in one.missing[:_SHOWN])
    if len(one.missing) > _SHOWN:
        yield f"  and {len(one.missing) - _SHOWN} more"


def _added(one: Generation) -> Iterator[str]:
    """Yield what was put into a generation by hand, all of it: another generation will not have it."""
    if one.added:
        yield f"Generation {one.generation} has more, added by hand: {', '.join(one.added)}."


def _cured(one: Generation) -> Iterator[str]:
    """Yield what cures known defects in a generation, and what would but is not there."""
    if one.cures and one.whole:
        yield f"Generation {one.generation} sets {assignments(one.cures)} at every start of its Python."
    if one.tuned and one.whole:
        yield (
            f"Generation {one.generation} was tuned: {assignments(one.tuned)} was measured to be faster here. "
            "`tfsetup install --without-cures` sets none of it."
        )
    if one.uncured:
        yield f"Generation {one.generation} {_uncured(one.uncured)}"


def _uncured(variables: Mapping[str, str]) -> str:
    return (
        f"does not set {assignments(variables)}: a known defect of what is installed there makes results wrong. "
        "`tfsetup install` builds one that is cured."
    )


def _cells(one: Generation) -> list[str]:
    what = ", ".join(one.requirements) or "was there before tfsetup"
    if one.damaged is not None:
        what = "its receipt is gone or damaged"
    elif one.rebuilt:
        what = "its receipt was lost"
    mark, built = "→" if one.current else "", one.created[:16].replace("T", " ")
    verified, whole = ("yes" if yes else "no" for yes in (one.verified, one.whole))
    return [mark, str(one.generation), one.row, one.python, what, built, verified, whole]


def rolled_back(done: RolledBack | NotWhole) -> str:
    """Return one line that says where the prefix leads now, or why it was left alone."""
    if isinstance(done, NotWhole):
        return f"{done.refused}\n hint: {done.hint}"
    uncured = f"\nIt {_uncured(done.uncured)}" if done.uncured else ""
    if not done.changed:
        return f"{done.prefix} already is generation {done.generation}: nothing to do.{uncured}"
    return f"{done.prefix} is generation {done.generation} again ({done.row}).{uncured}"


def removed(done: Removed) -> str:
    """Return one line that says what is gone."""
    return f"Removed generation {done.generation} of {done.prefix}."


def collected(done: Collected) -> str:
    """Return one line that says what went and what stays."""
    kept = _numbered(done.kept, "stays", "stay") if done.kept else "there are no generations"
    if not done.changed:
        return f"Nothing to remove beside {done.prefix}: {kept}."
    gone = [_numbered(done.removed, "was removed", "were removed")] if done.removed else []
    gone += [f"{len(done.unfinished)} unfinished of killed runs too"] if done.unfinished else []
    return f"{done.prefix}: {', '.join(gone)}; {kept}."


def _numbered(numbers: Sequence[int], one: str, many: str) -> str:
    known = ", ".join(map(str, numbers))
    return f"generation {known} {one}" if len(numbers) == 1 else f"generations {known} {many}"
