"""What a prediction is asked: which files, under which path, for which machine and Python."""

from __future__ import annotations

from dataclasses import dataclass

from tfsetup.loader.clashes import of_environment, of_wheels
from tfsetup.loader.files.view import Conflict
from tfsetup.loader.machine import Machine
from tfsetup.loader.model import Clash, Filesystem


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What is to be judged: the files under `site` (an absolute path in `files`), for a Python `X.Y` on a machine.

    `wheels` are the file names of wheels that are not installed yet and `conflicts` the files that two of them bring;
    `python` is None when it is not known.
    """

    files: Filesystem
    site: str
    machine: Machine
    python: str | None = None
    wheels: tuple[str, ...] = ()
    conflicts: tuple[Conflict, ...] = ()

    @property
    def clashes(self) -> tuple[Clash, ...]:
        """What two of the set do to each other: wheels that are to be installed, or distributions that are."""
        return of_wheels(self.conflicts) if self.wheels else of_environment(self.files, self.site)
