"""A project's own `pyproject.toml` as a team file: `[tool.tfsetup]`, its dependencies and its `requires-python`. Pure.

A project that has no such table is its owner's and not ours: nothing of it is taken.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from tfsetup.ground.kinds import SPECIFIER
from tfsetup.ground.marked import Marked, refused
from tfsetup.ground.marked_toml import load_toml, places_in, table_in
from tfsetup.ground.versions import asked
from tfsetup.locks.team import ALL, Team, parse_project, team_of

TABLE: Final = "tool.tfsetup"
_PATCHES: Final = 30  # more releases than any Python has had


def admits(requires_python: str | None, python: str) -> bool:
    """Tell whether a project is for a Python `X.Y`: for one of its releases at least (`>=3.10.2` is for 3.10)."""
    return requires_python is None or any(asked(requires_python, f"{python}.{patch}") for patch in range(_PATCHES))


def parse_own_project(text: str, file: str) -> Team | None:
    """Return what `[tool.tfsetup]` of a project says, which takes the team file's keys; None: it has no such table.

    The project's dependencies come before the requirements that the table lists, and its `requires-python` with them.

    Raises:
        InvalidTextError: with every problem and its line.
    """
    content = load_toml(text, file)
    table = _table(content.get("tool")).get("tfsetup")
    if not isinstance(table, dict):
        return None
    team = team_of(table_in(text, file, TABLE, table), file)
    listed = "dependencies" in _table(content.get("project"))
    own = parse_project(text, file) if listed or not (team.requirements or team.elsewhere) else ()
    wanted = parse_range(text, file)
    for python in team.pythons:
        if wanted is not None and python != ALL and not admits(wanted.text, python):
            where = next(places_in(text, file, TABLE, "pythons"))
            raise refused(where, *not_for(python, wanted))
    return replace(team, requirements=(*own, *team.requirements), taken_over=own, requires_python=wanted)


def not_for(python: str, wanted: Marked) -> tuple[str, str]:
    """Return why a Python is none for a project, and what to do."""
    message = f"Python {python} is asked for, and the project is for {wanted.text} (`requires-python`, {wanted.where})"
    return message, "Ask for a Python within it, or change `requires-python`."


def has_dependencies(text: str, file: str) -> bool:
    """Tell whether a project lists dependencies that could be taken over.

    Raises:
        InvalidTextError: it is not TOML.
    """
    return bool(_table(load_toml(text, file).get("project")).get("dependencies"))


def parse_range(text: str, file: str) -> Marked | None:
    """Return the Pythons that a project says it is for, with the line; None: it says nothing.

    Raises:
        InvalidTextError: that is no range.
    """
    found = _table(load_toml(text, file).get("project")).get("requires-python")
    if found is None:
        return None
    where = next(places_in(text, file, "project", "requires-python"))
    wrong = SPECIFIER.complaint(found) if isinstance(found, str) else "a range of versions is expected"
    if wrong:
        raise refused(where, f"`requires-python`: {wrong}")
    return Marked(text=str(found), where=where)


def _table(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}
