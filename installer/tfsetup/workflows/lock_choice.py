"""The lock that an installation takes, and how one that cannot be taken is refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from tfsetup.errors import LockError, Where
from tfsetup.ground.values import value
from tfsetup.locks.model import Form, Lock
from tfsetup.matrix.model import Selection

Relock = Callable[[str, Sequence[str], Form | None], None]
"""Writes the lock of a row for these Pythons anew, in a form (None: as the team file says)."""


@value
class Choice:
    """The lock file to install from (None: resolve), and the selection that goes with it.

    `conda` is what a lock of conda's says for this machine; None: it is no such lock. `others` is what a lock of
    another program says for this machine, as a lock of that alone: such a file may be for many machines.
    """

    path: Path | None
    selection: Selection
    conda: Lock | None = None
    others: Lock | None = None


def cannot_be_used(reason: str, path: Path) -> LockError:
    """Return the refusal of a lock that was named."""
    hint = "Name another lock with --lock, or resolve without: leave --lock out."
    return LockError(f"This lock cannot be used here: {reason}.", hint=hint, where=Where(file=str(path)))
