"""The team file (`environments/team.yaml`): what a team locks for everybody. Text to values with their lines; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from itertools import chain, repeat
from typing import Annotated, Final, Literal

from tfsetup.errors import Where
from tfsetup.ground.decode import CALLED, decode
from tfsetup.ground.kinds import PLATFORM, REQUIREMENT, SPECIFIER, Distribution, Kind, MinorOrAll, Moment, Numbers
from tfsetup.ground.marked import Marked, Node, compose, each, refused
from tfsetup.ground.marked_toml import load_toml, places_in
from tfsetup.ground.values import value
from tfsetup.locks.cooldown import ANY, Cooldown, plain
from tfsetup.locks.model import Form

__all__ = ("ALL", "Marked", "Team", "parse_project", "parse_requirements", "parse_team")

ALL: Final = "all"
"""In place of Pythons: the row's own, and every other that the row takes where it is there already."""

_PATH: Final = Kind(
    "path",
    r"(?s).+\.(txt|in|toml)",
    like="requirements.txt or ../pyproject.toml",
    wrong="a list, or the path of a .txt or pyproject.toml file",
)
_OPTIONS: Final = "options have no place here"


@value
class Team:
    """What a team locks. Empty `platforms`: every current row. Empty `pythons`: the row's own (`ALL`: all it takes).

    `macos` and `glibc` are the oldest systems in the team. `requirements` are the team's own, wherever they stood; when
    the file names another file instead of listing them, `elsewhere` is its path and they are still to be read.
    `cooldown` is how young a file may be, and `cooled` where that stands. `allow_build` names packages of pure Python
    that may be built from source.
    `taken_over` are those of them that were written for other tools, `requires_python` is what the same project says
    of Pythons (PEP 621). `tensorflow_at` is where the file asks for a TensorFlow.
    """

    file: str
    platforms: tuple[Marked, ...] = ()
    pythons: tuple[str, ...] = ()
    tensorflow: str | None = None
    tensorflow_at: Where | None = None
    pre: bool = False
    macos: str | None = None
    glibc: str | None = None
    form: Form | None = None
    requirements: tuple[Marked, ...] = ()
    elsewhere: Marked | None = None
    allow_build: tuple[str, ...] = ()
    cooldown: Cooldown = field(default_factory=Cooldown)
    cooled: Where | None = None
    taken_over: tuple[Marked, ...] = ()
    requires_python: Marked | None = None


@value
class _File:
    """The file as it is written."""

    schema: Literal[1] = 1
    platforms: tuple[Annotated[Marked, PLATFORM], ...] = ()
    pythons: tuple[MinorOrAll, ...] = ()
    tensorflow: Annotated[Marked, SPECIFIER] | None = None
    pre: bool = False
    macos: Numbers | None = None
    glibc: Numbers | None = None
    format: Form | None = None
    exclude_newer: Moment | None = field(default=None, metadata={CALLED: "exclude-newer"})
    exclude_newer_package: Mapping[Distribution, Literal[False] | Moment] = field(
        default_factory=dict, metadata={CALLED: "exclude-newer-package"}
    )
    allow_build: tuple[Distribution, ...] = field(default=(), metadata={CALLED: "allow-build"})
    requirements: tuple[Annotated[Marked, REQUIREMENT], ...] | Annotated[Marked, _PATH] = ()


def parse_team(text: str, file: str) -> Team:
    """Return the team file's content; `file` names it in errors.

    Raises:
        InvalidTextError: with every problem and its line.
    """
    return team_of(compose(text, file), file)


def team_of(node: Node, file: str) -> Team:
    """Return the content of a team file from its nodes.

    Raises:
        InvalidTextError: with every problem and its line.
    """
    found, places = decode(node, _File)
    exceptions = {name: ANY if text is False else text for name, text in found.exclude_newer_package.items()}
    elsewhere = found.requirements if isinstance(found.requirements, Marked) else None
    return Team(
        file=file,
        platforms=found.platforms,
        pythons=found.pythons,
        tensorflow=found.tensorflow.text if found.tensorflow else None,
        tensorflow_at=found.tensorflow.where if found.tensorflow else None,
        pre=found.pre,
        macos=found.macos,
        glibc=found.glibc,
        form=found.format,
        requirements=() if isinstance(found.requirements, Marked) else found.requirements,
        elsewhere=elsewhere,
        allow_build=found.allow_build,
        cooldown=plain(found.exclude_newer, exceptions),
        cooled=places.get(("exclude_newer",)) or places.get(("exclude_newer_package",)),
    )


def parse_requirements(text: str, file: str) -> tuple[Marked, ...]:
    """Return the requirements of a requirements file, each with its line.

    Raises:
        InvalidTextError: a line is an option, an address, or no requirement at all.
    """
    lines = (Marked(text=line, where=Where(file=file, line=n, column=1)) for n, line in _logical(text))
    return each(_requirement, lines)


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
        InvalidTextError: it is not TOML, has no static dependencies, or one of them is none.
    """
    project = load_toml(text, file).get("project")
    listed = project.get("dependencies") if isinstance(project, dict) else None
    places = places_in(text, file, "project", None if listed is None else "dependencies")
    first = next(places)
    if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
        message = "there is no list `dependencies` in `[project]` of this file"
        hint = "List the requirements in the team file itself, or name a requirements.txt."
        raise refused(first, message, hint)
    spots = zip(listed, chain(places, repeat(first)), strict=False)
    return each(_requirement, (Marked(text=item.strip(), where=where) for item, where in spots))


def _requirement(item: Marked) -> Marked:
    wrong = _OPTIONS if item.text.startswith("-") else REQUIREMENT.complaint(item.text)
    if wrong:
        raise refused(item.where, f"`{item.text[:80]}`: {wrong}")
    return item
