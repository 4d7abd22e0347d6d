"""What hazards must be to mean one thing: names that are known, variables that only one of them sets. Pure.

It is asked whenever matrix files are laid over each other, so it imports nothing that is slow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from tfsetup.errors import Where
from tfsetup.matrix.file.rows import Marks, Row
from tfsetup.matrix.hazards import Hazard

if TYPE_CHECKING:
    from tfsetup.ground.marked import Problem


class Known(NamedTuple):
    """What hazards may speak of: the rows of all files, those that a later file removes too, and the companions."""

    rows: Sequence[Row]
    companions: Sequence[str]

    @property
    def distributions(self) -> frozenset[str]:
        """Return every distribution of a row, every plugin and every companion."""
        plugins = {row.plugin.distribution for row in self.rows if row.plugin is not None}
        return frozenset({row.distribution for row in self.rows} | plugins | set(self.companions))


def hazard_problems(hazards: Sequence[Hazard], known: Known, marks: Marks) -> Iterator[Problem]:
    """Yield what is wrong with the hazards of all files together, each with its line and column."""
    for hazard in hazards:
        yield from _names(hazard, known, marks)
        yield from _settings(hazard, known.rows, marks)
    for one, other in combinations(hazards, 2):
        yield from _clash(one, other, marks)


def touches(hazard: Hazard, row: Row) -> bool:
    """Tell whether a row can bring what a hazard is about; a companion may come with any of them."""
    if hazard.rows:
        return row.id in hazard.rows
    return hazard.distribution in {row.distribution, row.plugin.distribution if row.plugin else row.distribution}


def _names(hazard: Hazard, known: Known, marks: Marks) -> Iterator[Problem]:
    if hazard.distribution not in known.distributions:
        near = _near(hazard.distribution, known.distributions)
        words = f"no row brings `{hazard.distribution}`, as itself or as its plugin, and no companion is called so"
        yield problem(marks, [_path(hazard, "distribution")], words, near)
    names = {row.id for row in known.rows}
    for place, name in enumerate(hazard.rows):
        if name not in names:
            words = f"there is no row `{name}`"
            yield problem(marks, [_path(hazard, "rows", place)], words, _near(name, names))


def _settings(hazard: Hazard, rows: Sequence[Row], marks: Marks) -> Iterator[Problem]:
    """A variable of the row is the row's: a cure that sets it too would depend on which of the two comes last."""
    for row in rows:
        for name in sorted(set(row.environment) & set(hazard.cure.environment)) if touches(hazard, row) else ():
            words = f"the cure sets {name}, which the row `{row.id}` sets already"
            hint = "One of the two must go; `rows` narrows a hazard to the rows that need its cure."
            places = [_path(hazard, "cure", "environment", name), (row.id, "environment", name)]
            yield problem(marks, places, words, hint)


def _clash(one: Hazard, other: Hazard, marks: Marks) -> Iterator[Problem]:
    """Two cures may meet in one environment, unless their rows say that they never do."""
    if one.rows and other.rows and not set(one.rows) & set(other.rows):
        return
    for name, value in other.cure.environment.items():
        if one.cure.environment.get(name, value) != value:
            words = f"`{one.id}` sets {name} to {one.cure.environment[name]}, and this sets it to {value}"
            hint = "One environment can have both; give them `rows` that differ, or one value."
            places = [_path(hazard, "cure", "environment", name) for hazard in (other, one)]
            yield problem(marks, places, words, hint)


def _path(hazard: Hazard, *path: str | int) -> tuple[str | int, ...]:
    return ("hazards", hazard.id, *path)


def problem(marks: Marks, paths: Iterable[tuple[str | int, ...]], message: str, hint: str = "") -> Problem:
    """Return a problem at the first place that is known: what was read from the compiled copy has no lines."""
    from tfsetup.ground.marked import Problem

    where = next((marks[path] for path in paths if path in marks), Where(file="matrix.yaml"))
    return Problem(where=where, message=message, hint=hint)


def _near(name: str, known: frozenset[str] | set[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, sorted(known), n=1)
    return f"Did you mean `{near[0]}`?" if near else "`tfsetup matrix show` lists the rows and what they bring."
