"""The application: global options, the table of commands, and the one `except`."""

from __future__ import annotations

import importlib
import math
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer
import typer.main
from typer.core import TyperGroup

from tfsetup import __version__
from tfsetup.cli.commands import COMMANDS, as_parsed, changes_something, command_in, own_words
from tfsetup.cli.session import Session, report_error
from tfsetup.cli.streams import taken_over
from tfsetup.errors import Code, TfsetupError, UsageError

if TYPE_CHECKING:
    from typer._click.core import Command as Click
    from typer._click.core import Context
    from typer._click.formatting import HelpFormatter

_PAIR_S = 2.0
"""Signals to end that follow one another within this many seconds are one."""


class _Commands(TyperGroup):
    """The table above as a group of commands."""

    def list_commands(self, ctx: Context) -> list[str]:  # noqa: ARG002 - the signature is Typer's
        return list(COMMANDS)

    def get_command(self, ctx: Context, cmd_name: str) -> Click | None:  # noqa: ARG002 - the signature is Typer's
        return load_command(cmd_name) if cmd_name in COMMANDS else None

    def invoke(self, ctx: Context) -> object:
        with _typer_kept_out():
            return super().invoke(ctx)

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:  # noqa: ARG002 - the signature is Typer's
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.line) for name, command in COMMANDS.items()])


def load_command(name: str) -> Click:
    """Import the module of a command and return what Typer makes of its function (or of its group)."""
    found = getattr(importlib.import_module(f"tfsetup.cli.{name}"), name)
    if not isinstance(found, typer.Typer):
        function, found = found, typer.Typer(add_completion=False, rich_markup_mode=None)
        found.command(name, context_settings=HELP)(function)
    command = typer.main.get_command(found)
    command.name = name
    return command


HELP = {"help_option_names": ["-h", "--help"]}

app = typer.Typer(
    name="tfsetup",
    cls=_Commands,
    help="Put a TensorFlow that really runs onto this machine: resolve, lock, preflight, install, verify, doctor.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=HELP,
)


def _version(value: bool) -> None:
    if value:
        sys.stdout.write(f"tfsetup {__version__}\n")
        raise typer.Exit


@app.callback()
def _globals(
    ctx: typer.Context,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only the result and errors.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Every step, and what other programs print.")
    ] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="No colour, also on a terminal.")] = False,
    matrix: Annotated[
        Path | None, typer.Option("--matrix", metavar="PATH", help="Rows that extend or override the matrix.")
    ] = None,
    version: Annotated[  # noqa: ARG001 - handled by its callback
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    session = ctx.ensure_object(Session)
    session.verbosity = -1 if quiet else int(verbose)
    session.color = False if no_color else None
    session.matrix = matrix


def run(argv: list[str]) -> int:
    """Run the command line with `argv` (without the program's name) and return the exit status (`Code`).

    Nothing that happens to stdout or stderr ends it early (`tfsetup.cli.streams`).
    """
    _heed_terminations()
    argv = as_parsed(argv)
    with taken_over() as streams:
        session = Session(json="--json" in own_words(argv), command=command_in(argv), streams=streams)
        status = _status(argv, session)
        return streams.settle(status, changes=changes_something(session.command, argv), json=session.json)


def _status(argv: list[str], session: Session) -> int:
    try:
        returned = app(argv, standalone_mode=False, obj=session, prog_name="tfsetup")
    except TfsetupError as error:
        return report_error(session, error)
    except typer.Exit as done:
        return done.exit_code
    except typer.Abort:
        return report_error(session, TfsetupError(Code.INTERRUPTED, "Stopped at your word."))
    except typer.TyperException as error:
        return report_error(session, _usage(error))
    except OSError as error:
        from tfsetup.cli.crash import refused_by_system

        return report_error(session, refused_by_system(error) or _bug(error))
    except Exception as error:  # noqa: BLE001 - the last line of defence: a bug of ours, told as one
        return report_error(session, _bug(error))
    return returned if isinstance(returned, int) else 0


class _LostPeerError(Exception):
    """A pipe or an input of ours broke; Typer would take the plain exception for a matter of the terminal."""


@contextmanager
def _typer_kept_out() -> Iterator[None]:
    """Turn an interrupt, a broken pipe and an end of input into values of ours, before Typer sees them.

    Typer ends the program by itself for the first two, without a word, and takes the last for the user's "no". None of
    them comes from stdout or stderr, which never raise: what broke is a pipe to another program, or a file.

    Raises:
        TfsetupError: interrupted.
    """
    try:
        yield
    except KeyboardInterrupt as problem:
        raise TfsetupError(Code.INTERRUPTED, "Interrupted; nothing half-done is left behind.") from problem
    except (BrokenPipeError, EOFError) as problem:
        raise _LostPeerError(f"{type(problem).__name__}: {problem}") from problem


def _usage(error: typer.TyperException) -> UsageError:
    return UsageError(
        error.format_message(), hint="`tfsetup --help` lists the commands, `tfsetup COMMAND --help` their options."
    )


def _bug(error: Exception) -> TfsetupError:
    from tfsetup.cli.crash import write_crash_log

    return TfsetupError(
        Code.BUG,
        f"This is a bug in tfsetup ({type(error).__name__}: {error}).",
        hint=f"{write_crash_log(error)}; please send it with a bug report.",
    )


def _heed_terminations() -> None:
    """Let a run that is told to end (SIGTERM) or whose terminal is gone (SIGHUP) clean up as an interrupted one does.

    They often come in pairs (the kernel's SIGHUP and the shell's, a service manager's both): the second of a pair must
    not cut the cleaning short. What was ignored when tfsetup began stays so: `nohup tfsetup install` means it.
    """
    heeded = -math.inf

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        nonlocal heeded
        if time.monotonic() - heeded > _PAIR_S:
            heeded = time.monotonic()
            raise KeyboardInterrupt

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, interrupt)
