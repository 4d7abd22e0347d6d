"""`tfsetup run [PREFIX] -- COMMAND…`: run something inside the environment."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from tfsetup.cli.streams import handed_over
from tfsetup.errors import UsageError


def run(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[PREFIX] -- COMMAND...", help="What to run, after a `--`.")
    ] = None,
) -> None:
    """Run a command inside the environment, as if it were activated."""
    from tfsetup.workflows.run import inside

    before, command = _split(sys.argv, words or [])
    prefix = Path(before[0]) if before else Path(".venv")
    windows = sys.platform == "win32"
    started = inside(prefix, command, os.environ, windows=windows)
    if windows:
        import subprocess

        raise typer.Exit(subprocess.call([started.program, *started.arguments[1:]], env=started.environ))
    with handed_over():
        os.execve(started.program, started.arguments, started.environ)  # noqa: S606 - the user's own command is the job


def _split(argv: list[str], words: list[str]) -> tuple[list[str], list[str]]:
    """Return what stands before and after the first `--`; Click swallows it, so the real command line is asked."""
    after = argv[argv.index("--") + 1 :] if "--" in argv else []
    before = words[: len(words) - len(after)]
    if not after or len(before) > 1:
        raise UsageError("Say what to run after a `--`.", hint="For example: `tfsetup run -- python train.py`")
    return before, after
