"""Steps that take long, each in place of the one before it: one line on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tfsetup.cli.session import Session
from tfsetup.workflows.told import Detail, Told


@contextmanager
def progress(session: Session, first: str) -> Iterator[Told]:
    """Show details in one line on a terminal, beginning with `first`; print them only when asked for otherwise."""
    if session.verbosity != 0 or not sys.stderr.isatty():
        yield session.say
        return
    from rich.console import Console

    console = Console(stderr=True, no_color=not session.colored(sys.stderr))
    with console.status(first, spinner="line") as status:
        yield lambda line: status.update(line) if isinstance(line, Detail) else session.say(line)
