"""Matrix text → `Matrix`: parse each file, gather all problems, lay a user's rows over the shipped ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from tfsetup.errors import Where
from tfsetup.matrix.facts import Index
from tfsetup.matrix.file.hazard_rules import Known, hazard_problems, problem
from tfsetup.matrix.file.rows import Matrix, MatrixFile, Row
from tfsetup.matrix.hazards import Hazard

if TYPE_CHECKING:
    from tfsetup.ground.marked import Problem


class Parsed(NamedTuple):
    """One file's content, with the place of every field by its path in the file."""

    content: MatrixFile
    marks: dict[tuple[str | int, ...], Where]


def parse(text: str, file: str) -> Parsed:
    """Return the content of one matrix file.

    Raises:
        InvalidTextError: with every problem of the file at once.
    """
    # Not for the compiled copy, which is what `resolve` reads; nor are problems, of which that has none.
    from tfsetup.ground.decode import Decoder
    from tfsetup.ground.marked import InvalidTextError, compose

    decoder = Decoder()
    content = decoder.decode(compose(text, file), MatrixFile)
    if isinstance(content, MatrixFile):
        decoder.problems.extend(_twice(content, decoder.marks))
    if decoder.problems:
        raise InvalidTextError(decoder.problems)
    return Parsed(content=content, marks=decoder.marks)


def merge(parts: Sequence[Parsed], index: Index) -> Matrix:
    """Lay files over each other: a row of a later file replaces one of the same id and stands before the others.

    Raises:
        InvalidTextError: a later file removes what is not there, or a hazard speaks of what no file has.
    """
    rows: list[Row] = []
    hazards: dict[str, Hazard] = {}
    marks: dict[tuple[str | int, ...], Where] = {}
    problems: list[Problem] = []
    rules = refusals = 0
    for part in parts:
        problems += _unknown_removals(part, {*hazards, *(row.id for row in rows)})
        gone = {row.id for row in part.content.rows} | set(part.content.remove)
        rows = [*part.content.rows, *(row for row in rows if row.id not in gone)]
        hazards = _laid_over(hazards, part.content)
        starts = {(name,) for name in gone} | {("hazards", name) for name in _hazards_gone(part.content)}
        kept = {path: where for path, where in marks.items() if path[:1] not in starts and path[:2] not in starts}
        marks = kept | _merged_marks(part, rules=rules, refusals=refusals)
        rules, refusals = rules + len(part.content.rules), refusals + len(part.content.refusals)
    contents = [part.content for part in parts]
    companions = tuple(dict.fromkeys(name for content in contents for name in content.companions))
    known = Known(rows=[*rows, *_replaced(contents, rows)], companions=companions)
    if problems := [*problems, *hazard_problems(tuple(hazards.values()), known, marks)]:
        from tfsetup.ground.marked import InvalidTextError

        raise InvalidTextError(problems)
    return Matrix(
        rows=tuple(rows),
        index=index,
        rules=tuple(rule for content in contents for rule in content.rules),
        refusals=tuple(refusal for content in contents for refusal in content.refusals),
        proven=next((content.proven for content in reversed(contents) if content.proven), None),
        companions=companions,
        conda=next((content.conda for content in reversed(contents) if content.conda), None),
        hazards=tuple(hazards.values()),
        marks=marks,
    )


def _laid_over(hazards: dict[str, Hazard], content: MatrixFile) -> dict[str, Hazard]:
    """Return the hazards so far with those of the next file: a namesake takes the place of the earlier one."""
    return {name: hazard for name, hazard in hazards.items() if name not in content.remove} | {
        hazard.id: hazard for hazard in content.hazards
    }


def _replaced(contents: Sequence[MatrixFile], rows: Sequence[Row]) -> list[Row]:
    """Return the rows that a later file dropped and did not define anew: a hazard may still speak of them."""
    there = {row.id for row in rows}
    return [row for content in contents for row in content.rows if row.id not in there]


def _hazards_gone(content: MatrixFile) -> set[str]:
    """Return the hazards of earlier files that a file drops or defines anew."""
    return {hazard.id for hazard in content.hazards} | set(content.remove)


def _twice(content: MatrixFile, marks: dict[tuple[str | int, ...], Where]) -> list[Problem]:
    found = [*_again("rows", "row", [row.id for row in content.rows], marks)]
    return [*found, *_again("hazards", "hazard", [hazard.id for hazard in content.hazards], marks)]


def _again(key: str, word: str, names: Sequence[str], marks: dict[tuple[str | int, ...], Where]) -> Iterator[Problem]:
    for place, name in enumerate(names):
        if (first := names.index(name)) != place:
            line = marks[key, first, "id"].line
            yield problem(marks, [(key, place, "id")], f"the {word} `{name}` stands already at line {line}")


def _unknown_removals(part: Parsed, known: set[str]) -> list[Problem]:
    return [
        problem(part.marks, [("remove", place)], f"there is no row and no hazard `{name}` to remove")
        for place, name in enumerate(part.content.remove)
        if name not in known
    ]


def _merged_marks(part: Parsed, *, rules: int, refusals: int) -> dict[tuple[str | int, ...], Where]:
    """Return the marks with rows and hazards by their id, and rules and refusals by their place in all files."""
    marks: dict[tuple[str | int, ...], Where] = {}
    for path, where in part.marks.items():
        match path:
            case ("rows", int(place), *rest):
                marks[part.content.rows[place].id, *rest] = where
            case ("hazards", int(place), *rest):
                marks["hazards", part.content.hazards[place].id, *rest] = where
            case ("rules", int(place), *rest):
                marks["rules", place + rules, *rest] = where
            case ("refusals", int(place), *rest):
                marks["refusals", place + refusals, *rest] = where
            case _:
                marks[path] = where
    return marks
