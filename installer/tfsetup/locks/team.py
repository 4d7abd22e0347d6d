"""The team file (`environments/team.yaml`): what a team locks for everybody. Text to values with their lines; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from tfsetup.errors import InvalidFileError, Where
from tfsetup.ground.decode import Decoder
from tfsetup.ground.kinds import MINOR, NUMBERS, Kind
from tfsetup.ground.marked import Node, Problem, UnreadableError, compose
from tfsetup.ground.redaction import redact
from tfsetup.ground.versions import InvalidSpecifier, specifiers
from tfsetup.locks.model import Form

ALL = "all"
"""In place of Pythons: the row's own, and every other that the row takes where it is there already."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Marked:
    """A text of the file (a platform, a requirement) and its place."""

    text: str
    where: Where


@dataclass(frozen=True, kw_only=True, slots=True)
class Team:
    """What a team locks. Empty `platforms`: every current row. Empty `pythons`: the row's own (`ALL`: all it takes).

    `macos` and `glibc` are the oldest systems in the team. `requirements` are the team's own, wherever they stood; when
    the file names another file instead of listing them, `elsewhere` is its path and they are still to be read.
    """

    file: str
    platforms: tuple[Marked, ...] = ()
    pythons: tuple[str, ...] = ()
    tensorflow: str | None = None
    pre: bool = False
    macos: str | None = None
    glibc: str | None = None
    form: Form | None = None
    requirements: tuple[Marked, ...] = ()
    elsewhere: Marked | None = None


def _specifier(text: str) -> str:
    try:
        specifiers(text)
    except InvalidSpecifier:
        return "neither a version nor a range"
    return ""


def requirement_problem(text: str) -> str:
    """Return what is wrong with a requirement of a team; "" when it can be locked."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        found = Requirement(text)
    except (InvalidRequirement, RecursionError):
        return "not a requirement (PEP 508)"
    return "a requirement with an address cannot be locked to an index's files" if found.url else ""


def _path(text: str) -> str:
    return "" if text.endswith((".txt", ".in", ".toml")) else "a list, or the path of a .txt or pyproject.toml file"


_SPECIFIER = Kind(name="version or range", pattern=r".*[0-9].*", check=_specifier, example='"2.19.*" or ">=2.18"')
_REQUIREMENT = Kind(name="requirement", pattern=r".+", check=requirement_problem, example='"pandas>=2"')
_PATH = Kind(name="path", pattern=r".+", check=_path, example="requirements.txt or ../pyproject.toml")
_PYTHON = Kind(
    name="Python version",
    pattern=r"all|3\.[0-9]{1,2}",
    check=lambda text: "" if text == ALL else MINOR.check(text),
    example='"3.12", or all',
)
_NAME = Kind(
    name="platform", pattern=r".+", check=lambda text: "" if text.strip() else "empty", example="macos-arm64-metal"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Listed:
    """The file as it is written."""

    schema: Literal[1] = 1
    platforms: tuple[Annotated[str, _NAME], ...] = ()
    pythons: tuple[Annotated[str, _PYTHON], ...] = ()
    tensorflow: Annotated[str, _SPECIFIER] | None = None
    pre: bool = False
    macos: Annotated[str, NUMBERS] | None = None
    glibc: Annotated[str, NUMBERS] | None = None
    format: Literal["pylock", "portable"] | None = None
    requirements: tuple[Annotated[str, _REQUIREMENT], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Pointed:
    """The file as it is written when the requirements stand elsewhere."""

    schema: Literal[1] = 1
    platforms: tuple[Annotated[str, _NAME], ...] = ()
    pythons: tuple[Annotated[str, _PYTHON], ...] = ()
    tensorflow: Annotated[str, _SPECIFIER] | None = None
    pre: bool = False
    macos: Annotated[str, NUMBERS] | None = None
    glibc: Annotated[str, NUMBERS] | None = None
    format: Literal["pylock", "portable"] | None = None
    requirements: Annotated[str, _PATH] | None = None


def parse_team(text: str, file: str) -> Team:
    """Return the team file's content; `file` names it in errors.

    Raises:
        InvalidFileError: with every problem and its line.
    """
    try:
        root = compose(text, file)
    except UnreadableError as error:
        raise invalid([error.problem]) from error
    decoder = Decoder()
    found = decoder.decode(root, _Pointed if _points(root) else _Listed)
    if decoder.problems:
        raise invalid(decoder.problems)
    marks = decoder.marks
    team = Team(
        file=file,
        platforms=tuple(Marked(text=name, where=marks["platforms", n]) for n, name in enumerate(found.platforms)),
        pythons=found.pythons,
        tensorflow=found.tensorflow,
        pre=found.pre,
        macos=found.macos,
        glibc=found.glibc,
        form=found.format,
    )
    if isinstance(found, _Pointed):
        where = marks.get(("requirements",))
        elsewhere = Marked(text=found.requirements, where=where) if found.requirements and where else None
        return replace(team, elsewhere=elsewhere)
    listed = (Marked(text=line, where=marks["requirements", n]) for n, line in enumerate(found.requirements))
    return replace(team, requirements=tuple(listed))


def _points(root: Node) -> bool:
    pairs = root.value if root.kind == "mapping" else ()
    return any(key.text == "requirements" and value.kind == "scalar" for key, value in pairs)


def parse_requirements(text: str, file: str) -> tuple[Marked, ...]:
    """Return the requirements of a requirements file, each with its line.

    Raises:
        InvalidFileError: a line is an option, an address, or no requirement at all.
    """
    found: list[Marked] = []
    problems: list[Problem] = []
    for number, line in _logical(text):
        where = Where(file=file, line=number, column=1)
        wrong = "options have no place here" if line.startswith("-") else requirement_problem(line)
        if wrong:
            problems.append(Problem(where=where, message=f"`{line[:80]}`: {wrong}"))
        found.append(Marked(text=line, where=where))
    if problems:
        raise invalid(problems)
    return tuple(found)


def _logical(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that say something, continued ones as one, without comments, with their numbers."""
    begun: int | None = None
    parts: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        bare = re.sub(r"(^|\s)#.*$", "", line).strip()
        begun = begun or number
        parts.append(bare.removesuffix("\\").strip())
        if not bare.endswith("\\"):
            if joined := " ".join(filter(None, parts)):
                yield begun, joined
            begun, parts = None, []
    if joined := " ".join(filter(None, parts)):
        yield begun or 1, joined


def parse_project(text: str, file: str) -> tuple[Marked, ...]:
    """Return the dependencies of a `pyproject.toml` ([project] of PEP 621), each with its line.

    Raises:
        InvalidFileError: it is not TOML, has no static dependencies, or one of them is none.
    """
    import tomllib

    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as problem:
        place = re.search(r"at line (\d+), column (\d+)", str(problem))
        where = Where(file=file, line=int(place[1]), column=int(place[2])) if place else Where(file=file)
        raise InvalidFileError(f"This is not valid TOML: {problem}", where=where) from problem
    project: Any = document.get("project")
    listed = project.get("dependencies") if isinstance(project, dict) else None
    if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
        message = "There is no list `dependencies` in `[project]` of this file."
        hint = "List the requirements in the team file itself, or name a requirements.txt."
        raise InvalidFileError(message, where=Where(file=file), hint=hint)
    marked = tuple(Marked(text=item.strip(), where=_place(text, item, file)) for item in listed)
    wrong = [(item, complaint) for item in marked if (complaint := requirement_problem(item.text))]
    if wrong:
        raise invalid([Problem(where=item.where, message=f"`{item.text}`: {complaint}") for item, complaint in wrong])
    return marked


def _place(text: str, item: str, file: str) -> Where:
    found = re.search(rf"[\"']{re.escape(item)}[\"']", text)
    if found is None:  # spelled with escapes: rare enough to name the file alone
        return Where(file=file)
    line = text.count("\n", 0, found.start()) + 1
    return Where(file=file, line=line, column=found.start() - text.rfind("\n", 0, found.start()))


def invalid(problems: Sequence[Problem]) -> InvalidFileError:
    """Return one error with every problem in it, in the order of their lines, without credentials."""
    ordered = sorted(problems, key=lambda problem: (problem.where.line or 0, problem.where.column or 0))
    first = ordered[0]
    if len(ordered) == 1:
        message = redact(f"{first.message[:1].upper()}{first.message[1:]}.")
        return InvalidFileError(message, where=first.where, hint=redact(first.hint))
    lines = redact("\n".join(f"  {problem}" for problem in ordered))
    return InvalidFileError(f"{len(ordered)} problems:\n{lines}", where=first.where)
