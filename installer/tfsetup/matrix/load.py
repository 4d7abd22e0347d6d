"""Matrix text → `Matrix`: parse each file, gather all problems, lay a user's rows over the shipped ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from tfsetup.errors import InvalidFileError, Where
from tfsetup.matrix.facts import Index
from tfsetup.matrix.hazards import Hazard
from tfsetup.matrix.marked import Problem, UnreadableError, compose
from tfsetup.matrix.rows import Matrix, MatrixFile, Row


class InvalidMatrixError(InvalidFileError):
    """One or more problems in matrix files; `problems` has each with its place, `where` is the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Put every problem into the message, one a line."""
        self.problems = tuple(problems)
        first = self.problems[0]
        if len(self.problems) == 1:
            super().__init__(_sentence(first.message), where=first.where, hint=first.hint)
        else:
            lines = "\n".join(f"  {problem}" for problem in self.problems)
            super().__init__(f"{len(self.problems)} problems in the matrix:\n{lines}", where=first.where)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Parsed:
    """One file's content, with the place of every field by its path in the file."""

    content: MatrixFile
    marks: dict[tuple[str | int, ...], Where]


def parse(text: str, file: str) -> Parsed:
    """Return the content of one matrix file.

    Raises:
        InvalidMatrixError: with every problem of the file at once.
    """
    from tfsetup.matrix.decode import Decoder  # not for the compiled copy, which is what `resolve` reads

    decoder = Decoder()
    try:
        root = compose(text, file)
    except UnreadableError as error:
        raise InvalidMatrixError([error.problem]) from error
    content = decoder.decode(root, MatrixFile)
    if isinstance(content, MatrixFile):
        decoder.problems.extend(_twice(content, decoder.marks))
    if decoder.problems:
        raise InvalidMatrixError(decoder.problems)
    return Parsed(content=content, marks=decoder.marks)


def merge(parts: Sequence[Parsed], index: Index) -> Matrix:
    """Lay files over each other: a row of a later file replaces one of the same id and stands before the others.

    Raises:
        InvalidMatrixError: a later file removes a row that is not there.
    """
    rows: list[Row] = []
    marks: dict[tuple[str | int, ...], Where] = {}
    rules = refusals = 0
    for part in parts:
        _unknown_removals(part, {row.id for row in rows})
        gone = {row.id for row in part.content.rows} | set(part.content.remove)
        rows = [*part.content.rows, *(row for row in rows if row.id not in gone)]
        kept = {path: where for path, where in marks.items() if not path or path[0] not in gone}
        marks = kept | _merged_marks(part, rules=rules, refusals=refusals)
        rules, refusals = rules + len(part.content.rules), refusals + len(part.content.refusals)
    contents = [part.content for part in parts]
    return Matrix(
        rows=tuple(rows),
        index=index,
        rules=tuple(rule for content in contents for rule in content.rules),
        refusals=tuple(refusal for content in contents for refusal in content.refusals),
        proven=next((content.proven for content in reversed(contents) if content.proven), None),
        companions=tuple(dict.fromkeys(name for content in contents for name in content.companions)),
        conda=next((content.conda for content in reversed(contents) if content.conda), None),
        hazards=_hazards(contents),
        marks=marks,
    )


def _hazards(contents: Sequence[MatrixFile]) -> tuple[Hazard, ...]:
    """Return the hazards of all files: one of a later file stands in the place of its namesake."""
    found = {hazard.id: hazard for content in contents for hazard in content.hazards}
    return tuple(found.values())


def _twice(content: MatrixFile, marks: dict[tuple[str | int, ...], Where]) -> list[Problem]:
    seen: dict[str, int] = {}
    problems = []
    for place, row in enumerate(content.rows):
        if row.id in seen:
            first = marks["rows", seen[row.id], "id"]
            where = marks["rows", place, "id"]
            problems.append(Problem(where=where, message=f"the row `{row.id}` stands already at line {first.line}"))
        seen.setdefault(row.id, place)
    return problems


def _unknown_removals(part: Parsed, known: set[str]) -> None:
    problems = [
        Problem(where=part.marks["remove", place], message=f"there is no row `{name}` to remove")
        for place, name in enumerate(part.content.remove)
        if name not in known
    ]
    if problems:
        raise InvalidMatrixError(problems)


def _merged_marks(part: Parsed, *, rules: int, refusals: int) -> dict[tuple[str | int, ...], Where]:
    """Return the marks with rows addressed by their id, and rules and refusals by their place among all files' ones."""
    marks: dict[tuple[str | int, ...], Where] = {}
    for path, where in part.marks.items():
        match path:
            case ("rows", int(place), *rest):
                marks[part.content.rows[place].id, *rest] = where
            case ("rules", int(place), *rest):
                marks["rules", place + rules, *rest] = where
            case ("refusals", int(place), *rest):
                marks["refusals", place + refusals, *rest] = where
            case _:
                marks[path] = where
    return marks


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
