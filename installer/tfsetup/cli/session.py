"""What every command shares while it runs: the global options, the consoles, and the one place that handles errors."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TextIO

import typer

from tfsetup.cli.called import called
from tfsetup.cli.commands import COMMANDS
from tfsetup.cli.streams import Streams
from tfsetup.errors import Code, TfsetupError
from tfsetup.report.text import printable
from tfsetup.report.typed import Typed

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from tfsetup.host.model import Host
    from tfsetup.locks.run import Screen
    from tfsetup.report.result import Envelope
    from tfsetup.workflows.told import Asked


@dataclass(kw_only=True)
class Session:
    """One run of the command line. `replayed` says that the host came from a file and this machine must not change.

    Everything is printed to `sys.stdout` and `sys.stderr`, which `streams` guards.
    """

    verbosity: int = 0
    color: bool | None = None
    matrix: Path | None = None
    command: str = "tfsetup"
    json: bool = False
    host_file: Path | None = None
    streams: Streams = field(default_factory=Streams)

    @property
    def replayed(self) -> bool:
        """Whether `--host` stands in for this machine."""
        return self.host_file is not None

    @cached_property
    def out(self) -> Console:
        """The console for results, on stdout. Made when first used: plain lines do not need it, and Rich costs time."""
        from rich.console import Console

        color = self.colored(sys.stdout)
        width = None if sys.stdout.isatty() else 120
        return Console(no_color=not color, force_terminal=color or None, width=width, highlight=False, markup=False)

    @cached_property
    def typed(self) -> Typed:
        """What makes a command of tfsetup in a text into one that this user can type."""
        return Typed(called(), COMMANDS)

    @property
    def width(self) -> int:
        """Columns to fold plain text at: the terminal's, or 100 where there is none."""
        import shutil

        return shutil.get_terminal_size((100, 24)).columns if sys.stdout.isatty() else 100

    def colored(self, stream: TextIO) -> bool:
        """Tell whether to colour what goes to `stream`: on a terminal, unless the user said no (also by NO_COLOR)."""
        return self.color if self.color is not None else stream.isatty() and "NO_COLOR" not in os.environ

    def show(self, *parts: RenderableType) -> None:
        """Print parts of the result to stdout: text as it is, never folded, and anything else through Rich."""
        for part in map(self.typed.part, parts):
            if isinstance(part, str):
                sys.stdout.write(printable(part) + "\n")
            else:
                self.out.print(part)

    def answer(
        self, data: object, show: Callable[[], object], *, findings: Sequence[object] = (), code: Code | None = None
    ) -> NoReturn:
        """Print the result once, as the JSON of `data` and `findings` or as the text that `show` prints, and end.

        `code`: the work was done, and the answer is no. Errors go to `run`'s one `except` instead.

        Raises:
            Exit: always, with the result's exit status.
        """
        if self.json:
            from tfsetup.report.result import envelope

            print_json(envelope(self.command, data, findings=findings, code=code))
        else:
            show()
        raise typer.Exit(0 if code is None else code.exit_status)

    def say(self, text: str) -> None:
        """Print a line of progress to stderr, unless `--quiet` (or it is a detail and `--verbose` is not there)."""
        from tfsetup.workflows.told import Detail

        if self.verbosity >= isinstance(text, Detail):
            sys.stderr.write(printable(self.typed.text(text)) + "\n")
            sys.stderr.flush()

    @property
    def asked(self) -> Asked | None:
        """Who may be asked on the terminal; None where nobody can answer, or where JSON is expected."""
        return None if self.json or not sys.stdin.isatty() else _confirmed

    @property
    def screen(self) -> Screen | None:
        """Where uv's own progress goes; None: nowhere, for who asked for quiet."""
        if self.verbosity < 0:
            return None
        from tfsetup.locks.run import Screen

        return Screen(write=_to_stderr, terminal=sys.stderr.isatty(), everything=self.verbosity > 0)

    def host(self, *, pythons: bool = True, downloads: bool = True) -> Host:
        """Return the machine to decide for: the one `--host` describes (a file, or a row for its plainest), or this."""
        from tfsetup.workflows.hosts import host_of

        return host_of(self.host_file, matrix=self.matrix, pythons=pythons, downloads=downloads)

    def refuse_replay(self, what: str) -> None:
        """Raise a usage error when the host is a replayed one: this machine must not change for another's sake.

        Raises:
            UsageError: `--host` was given.
        """
        if self.replayed:
            from tfsetup.errors import UsageError

            raise UsageError(f"{what} changes this machine, and --host describes another one.", hint="Add --dry-run.")


def _to_stderr(block: bytes) -> None:
    sys.stderr.buffer.write(block)
    sys.stderr.buffer.flush()


def _confirmed(question: str) -> bool:
    """Ask on stderr, with no as the default.

    Raises:
        Abort: the answer is no.
    """
    return typer.confirm(question, abort=True, err=True)


def begun(ctx: typer.Context, command: str, *, json: bool, host: Path | None = None) -> Session:
    """Return the session of a command that begins, once it has parsed its own options."""
    session = ctx.ensure_object(Session)
    session.command, session.json, session.host_file = command, json, host
    return session


def print_json(document: Envelope) -> None:
    """Print the one JSON document of a run. Encoding is ASCII, so that no terminal setting can break it."""
    import json

    from tfsetup.ground.encode import encode

    sys.stdout.write(json.dumps(encode(document), indent=2) + "\n")


def report_error(session: Session, error: TfsetupError) -> int:
    """Print an error as text on stderr or as the JSON envelope on stdout; return the exit status.

    Where that stream does not take it, the text goes to the other one: an error is said somewhere, if at all possible.
    """
    if session.json:
        from tfsetup.report.result import error_envelope

        print_json(error_envelope(session.command, error))
        if session.streams.out_loss is not None:
            _print_error(error, sys.stderr, session.typed, bold=False)
    elif error.code is not Code.INTERRUPTED or error.message:
        _print_error(error, sys.stderr, session.typed, bold=session.colored(sys.stderr))
        loss = session.streams.err_loss
        if loss is not None and not loss.reader_left:
            _print_error(error, sys.stdout, session.typed, bold=False)
    return error.code.exit_status


def _print_error(error: TfsetupError, stream: TextIO, typed: Typed, *, bold: bool) -> None:
    from tfsetup.report.errors import error_lines

    first, *rest = map(typed.text, error_lines(error))
    stream.write((typer.style(first, fg="red", bold=True) if bold else first) + "\n")
    stream.writelines(line + "\n" for line in rest)
