"""`tfsetup run [PREFIX] -- COMMAND…`: run something inside the environment."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from tfsetup.cli.streams import handed_over
from tfsetup.errors import BuildError, UsageError


def run(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[PREFIX] -- COMMAND...", help="What to run, after a `--`.")
    ] = None,
) -> None:
    """Run a command inside the environment, as if it were activated."""
    before, command = _split(sys.argv, words or [])
    prefix = Path(before[0]) if before else Path(".venv")
    _run(prefix, command)


def _split(argv: list[str], words: list[str]) -> tuple[list[str], list[str]]:
    """Return what stands before and after the first `--`; Click swallows it, so the real command line is asked."""
    after = argv[argv.index("--") + 1 :] if "--" in argv else []
    before = words[: len(words) - len(after)]
    if not after or len(before) > 1:
        raise UsageError("Say what to run after a `--`.", hint="For example: tfsetup run -- python train.py")
    return before, after


def _run(prefix: Path, command: list[str]) -> None:
    import shutil
    import subprocess

    from tfsetup.envs.activate import activated
    from tfsetup.envs.cure_files import set_at_start
    from tfsetup.envs.cures import with_cures
    from tfsetup.ground.looking import look
    from tfsetup.ground.prefix import Prefix, repair, sentence

    found = look(prefix)
    if not isinstance(found, Prefix):
        raise BuildError(sentence(found), hint=repair(found))
    conda = found.kind in {"conda", "conda-base"}
    environ = activated(os.environ, found.root, windows=sys.platform == "win32", conda=conda)
    environ = with_cures(environ, set_at_start(found.root))
    program = shutil.which(command[0], path=environ["PATH"])
    if program is None:
        raise UsageError(f"`{command[0]}` is neither in {prefix} nor on PATH.")
    if sys.platform == "win32":
        raise typer.Exit(subprocess.call([program, *command[1:]], env=environ))
    with handed_over():
        os.execve(program, [command[0], *command[1:]], environ)  # noqa: S606 - to run the user's own command is the job
