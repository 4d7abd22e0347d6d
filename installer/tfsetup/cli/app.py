"""The application: global options, the table of commands, and the one `except`."""

from __future__ import annotations

import importlib
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer

from tfsetup import __version__
from tfsetup.cli.session import Session, report_error
from tfsetup.errors import Code, TfsetupError, UsageError

# In the order a newcomer needs them: name -> module and function.
COMMANDS = {
    "host": "host:host",
    "resolve": "resolve:resolve",
    "install": "install:install",
    "doctor": "doctor:doctor",
    "run": "run:run",
    "list": "generations:list_",
    "rollback": "generations:rollback",
    "remove": "generations:remove",
}

app = typer.Typer(
    name="tfsetup",
    help="Put a TensorFlow that really runs onto this machine: resolve, lock, preflight, install, verify, doctor.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
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


def _register() -> None:
    for name, place in COMMANDS.items():
        module, _, function = place.partition(":")
        app.command(name)(getattr(importlib.import_module(f"tfsetup.cli.{module}"), function))


_register()


def run(argv: list[str]) -> int:
    """Run the command line with `argv` (without the program's name) and return the exit status of INTERFACE."""
    session = Session(json="--json" in argv, command=_command_in(argv))
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        returned = app(argv, standalone_mode=False, obj=session, prog_name="tfsetup")
        sys.stdout.flush()
    except TfsetupError as error:
        return report_error(session, error)
    except typer.Exit as done:
        return done.exit_code
    except typer.Abort:
        return report_error(session, TfsetupError(Code.INTERRUPTED, "Stopped at your word; nothing was changed."))
    except typer.TyperException as error:
        return report_error(session, _usage(error))
    except Exception as error:  # noqa: BLE001 - the last line of defence: a bug of ours, told as one
        return report_error(session, _bug(error))
    return returned if isinstance(returned, int) else 0


def _command_in(argv: list[str]) -> str:
    return next((word for word in argv if word in COMMANDS), "tfsetup")


def _usage(error: typer.TyperException) -> UsageError:
    return UsageError(
        error.format_message(), hint="`tfsetup --help` lists the commands, `tfsetup COMMAND --help` their options."
    )


def _bug(error: Exception) -> TfsetupError:
    from tfsetup.cli.crash import write_crash_log

    log = write_crash_log(error)
    return TfsetupError(
        Code.BUG,
        f"This is a bug in tfsetup ({type(error).__name__}: {error}).",
        hint=f"The whole traceback is in {log}; please send it with a bug report.",
    )


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    # A terminated run cleans up the way an interrupted one does.
    raise KeyboardInterrupt
