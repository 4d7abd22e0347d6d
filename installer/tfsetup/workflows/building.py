"""Whether code may run here to build what is installed: whoever installs is asked, unless he agreed before."""

from __future__ import annotations

from collections.abc import Sequence

from tfsetup.errors import UsageError
from tfsetup.locks import files
from tfsetup.locks.model import Lock
from tfsetup.locks.venv.consent import sources
from tfsetup.matrix.model import Selection
from tfsetup.workflows.told import Asked


def agree_to_build(
    selection: Selection, lock: Lock, asked: Asked | None, *, at_once: bool = False, by_name: Sequence[str] = ()
) -> None:
    """Ask whoever installs about every build whose code would run here, unless he agreed before.

    For what the row compiles he agrees `at_once`, for a package of the team's `by_name`, here or in the team file.

    Raises:
        UsageError: he does not agree, or cannot be asked.
    """
    row = (*selection.sdists, *selection.source_builds)
    team = files.read_team() if (built := sources(lock.packages)) else None
    agreed = {*row, *by_name, *(team.allow_build if team else ())}
    others = tuple(name for name in built if name not in agreed)
    if row and not at_once:
        _agree(row, "--allow-build to agree, or choose another --accelerator", asked)
    if others:
        options = " ".join(f"--allow-build-of {name}" for name in others)
        _agree(others, f"{options} to agree (or `allow-build` to the team file)", asked)


def _agree(names: Sequence[str], how: str, asked: Asked | None) -> None:
    what = ", ".join(names)
    if asked is None or not asked(f"{what} must be compiled here, which runs its build code. Go on?"):
        raise UsageError(f"{what} exists as source only: its build code would run on this machine.", hint=f"Add {how}.")
