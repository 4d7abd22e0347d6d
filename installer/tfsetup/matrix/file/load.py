"""Matrix text → `Matrix`: parse each file, gather all problems, lay a user's rows over the shipped ones."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from tfsetup.errors import Where
from tfsetup.matrix.beside import Beside
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
    beside: dict[str, Beside] = {}
    marks: dict[tuple[str | int, ...], Where] = {}
    problems: list[Problem] = []
    rules = refusals = 0
    for part in parts:
        problems += _unknown_removals(part, {*hazards, *beside, *(row.id for row in rows)})
        gone = {row.id for row in part.content.rows} | set(part.content.remove)
        rows = [*part.content.rows, *(row for row in rows if row.id not in gone)]
        hazards = _laid_over(hazards, part.content.hazards, part.content.remove)
        beside = _laid_over(beside, part.content.beside, part.content.remove)
        starts = {(name,) for name in gone} | {*_named_gone(part.content)}
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
        gpus=tuple(gpu for content in reversed(contents) for gpu in content.gpus),
        beside=tuple(beside.values()),
        removed=tuple(entry for content in contents for entry in content.removed),
        extensions=tuple(one for content in reversed(contents) for one in content.extensions),
        marks=marks,
    )


T = TypeVar("T", Hazard, Beside)


def _laid_over(so_far: dict[str, T], later: Iterable[T], remove: Collection[str]) -> dict[str, T]:
    """Return what there is so far with what the next file has: a namesake takes the place of the earlier one."""
    return {name: one for name, one in so_far.items() if name not in remove} | {one.id: one for one in later}


def _replaced(contents: Sequence[MatrixFile], rows: Sequence[Row]) -> list[Row]:
    """Return the rows that a later file dropped and did not define anew: a hazard may still speak of them."""
    there = {row.id for row in rows}
    return [row for content in contents for row in content.rows if row.id not in there]


def _named_gone(content: MatrixFile) -> Iterator[tuple[str, str]]:
    """Yield where the hazards and the `beside` of earlier files stand that a file drops or defines anew."""
    later: Sequence[tuple[str, Sequence[Hazard | Beside]]] = (("hazards", content.hazards), ("beside", content.beside))
    for key, ones in later:
        yield from ((key, name) for name in (*(one.id for one in ones), *content.remove))


def _twice(content: MatrixFile, marks: dict[tuple[str | int, ...], Where]) -> list[Problem]:
    found = [*_again("rows", "row", [row.id for row in content.rows], marks)]
    found += _again("hazards", "hazard", [hazard.id for hazard in content.hazards], marks)
    return [*found, *_again("beside", "rule", [rule.id for rule in content.beside], marks)]


def _again(key: str, word: str, names: Sequence[str], marks: dict[tuple[str | int, ...], Where]) -> Iterator[Problem]:
    for place, name in enumerate(names):
        if (first := names.index(name)) != place:
            line = marks[key, first, "id"].line
            yield problem(marks, [(key, place, "id")], f"the {word} `{name}` stands already at line {line}")


def _unknown_removals(part: Parsed, known: set[str]) -> list[Problem]:
    return [
        problem(part.marks, [("remove", place)], f"there is no row, no hazard and no rule `{name}` to remove")
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
            case ("beside", int(place), *rest):
                marks["beside", part.content.beside[place].id, *rest] = where
            case ("rules", int(place), *rest):
                marks["rules", place + rules, *rest] = where
            case ("refusals", int(place), *rest):
                marks["refusals", place + refusals, *rest] = where
            case _:
                marks[path] = where
    return marks
