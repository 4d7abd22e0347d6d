"""A command inside an environment: which program it is, and the variables it gets, as if it were activated."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tfsetup.envs.activate import activated
from tfsetup.envs.cure_files import set_at_start
from tfsetup.envs.cures import with_cures
from tfsetup.errors import BuildError, UsageError
from tfsetup.ground.looking import look
from tfsetup.ground.prefix import Prefix, repair, sentence


@dataclass(frozen=True, kw_only=True, slots=True)
class Started:
    """A program to start: its path, its arguments (the first is the name it is called by), and its variables."""

    program: str
    arguments: tuple[str, ...]
    environ: Mapping[str, str]


def inside(prefix: Path, command: Sequence[str], environ: Mapping[str, str], *, windows: bool) -> Started:
    """Return what to start so that `command` runs inside the environment at `prefix`; nothing is started.

    `environ` are the variables of who calls: what is set there keeps its value, but for what an activation sets.

    Raises:
        BuildError: there is no environment at `prefix`.
        UsageError: the program is neither in it nor on PATH.
    """
    found = look(prefix)
    if not isinstance(found, Prefix):
        raise BuildError(sentence(found), hint=repair(found))
    conda = found.kind in {"conda", "conda-base"}
    variables = activated(environ, found.root, windows=windows, conda=conda)
    variables = with_cures(variables, set_at_start(found.root))
    program = shutil.which(command[0], path=variables["PATH"])
    if program is None:
        raise UsageError(f"`{command[0]}` is neither in {prefix} nor on PATH.")
    return Started(program=program, arguments=tuple(command), environ=variables)
