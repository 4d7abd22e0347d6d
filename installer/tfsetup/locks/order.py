"""What is wanted of every lock, whichever backend writes it, and the rows that are named. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime

from tfsetup.errors import InvalidFileError, TfsetupError, UsageError
from tfsetup.ground.platforms import NAMES, Platform
from tfsetup.ground.values import value
from tfsetup.locks.cooldown import Cooldown
from tfsetup.locks.project import admits
from tfsetup.locks.team import ALL, Marked
from tfsetup.matrix.choose.reference import Levels, is_current
from tfsetup.matrix.file.rows import Matrix, Row
from tfsetup.matrix.model import Ask


@value
class Order:
    """What is wanted of every lock: the ask, the Pythons in order of preference, the levels, the team's requirements.

    With `ALL` among the `pythons` it is every one that a row takes; empty: the row's own, and those that are locked
    already. `accelerator` of the ask narrows platforms that are not rows; `pythons` stands in for its `python`.
    `cures`: known defects of what is locked are to be cured. `cooldown` None: nobody says how young a file may be, and
    what a lock was made with stays in force. Its spans count back from `now`. `builds` are packages of pure Python that
    may be built from source. `requires_python`: the Pythons that the team's project is for (PEP 621).
    """

    ask: Ask
    pythons: tuple[str, ...] = ()
    levels: Levels = field(default_factory=Levels)
    team: tuple[str, ...] = ()
    cures: bool = True
    cooldown: Cooldown | None = None
    now: datetime | None = None
    builds: tuple[str, ...] = ()
    requires_python: str | None = None


def rows_for(platforms: Sequence[Marked], matrix: Matrix, accelerator: str = "auto") -> tuple[tuple[Row, Marked], ...]:
    """Return the rows that were named, or the current ones of a platform that was; each once, in the order named.

    Raises:
        InvalidFileError: a name is neither, with its line in the team file.
        UsageError: the same from the command line.
    """
    found: dict[str, tuple[Row, Marked]] = {}
    for platform in platforms:
        named = _named(platform.text, matrix, accelerator)
        if not named:
            raise _unknown(platform, matrix)
        for row in named:
            found.setdefault(row.id, (row, platform))
    return tuple(found.values())


def current_rows(matrix: Matrix, accelerator: str = "auto") -> tuple[Row, ...]:
    """Return every row that a plain ask can get (`is_current`)."""
    return tuple(row for row in matrix.rows if accelerator in {"auto", row.accelerator} and is_current(row, matrix))


def _named(name: str, matrix: Matrix, accelerator: str) -> tuple[Row, ...]:
    exact = tuple(row for row in matrix.rows if row.id == name)
    if exact or name not in NAMES:
        return exact
    return tuple(row for row in current_rows(matrix, accelerator) if _platform(row) == NAMES[name])


def _platform(row: Row) -> Platform:
    return Platform(row.when.os, row.when.arch)


def _unknown(platform: Marked, matrix: Matrix) -> TfsetupError:
    from difflib import get_close_matches

    ours = {_platform(row) for row in matrix.rows}
    names = [*(row.id for row in matrix.rows), *(name for name, one in NAMES.items() if one in ours)]
    near = get_close_matches(platform.text, names, n=1)
    rows = ", ".join(row.id for row in current_rows(matrix))
    hint = f"Did you mean `{near[0]}`?" if near else f"Rows are, for instance: {rows}."
    message = f"`{platform.text}` is neither a row of the matrix nor a platform."
    if platform.where.line is None:
        return UsageError(f"--platform: {message}", hint=hint)
    return InvalidFileError(message, where=platform.where, hint=hint)


def takes(order: Order, python: str) -> bool:
    """Tell whether a lock for this Python is among what is wanted."""
    named = not order.pythons or ALL in order.pythons or python in order.pythons
    return named and runs_on(order, python)


def runs_on(order: Order, python: str) -> bool:
    """Tell whether the team's project is for a Python `X.Y`."""
    return admits(order.requires_python, python)
