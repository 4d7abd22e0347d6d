"""The application: global options, the table of commands, and the one `except`."""

from __future__ import annotations

import importlib
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer
import typer.main
from typer.core import TyperGroup

from tfsetup import __version__
from tfsetup.cli.session import Session, report_error
from tfsetup.errors import Code, TfsetupError, UsageError

# In the order a newcomer needs them: name -> where it is, and its line in `--help`. A command's module is imported when
# the command runs: `--help` would otherwise pay for every option of every command.
COMMANDS = {
    "host": ("host:host", "Say what machine this is, each fact with the source it came from."),
    "resolve": ("resolve:resolve", "Say which TensorFlow goes on this machine, and why."),
    "matrix": ("matrix:matrix", "The distribution matrix: read it, prove it, bring it up to date with the index."),
    "install": ("install:install", "Put a TensorFlow that really runs onto this machine, and prove it."),
    "lock": ("lock:lock", "Write lock files for every machine of the team, or say which ones are stale."),
    "preflight": ("preflight:preflight", "Predict from the files alone whether TensorFlow and its plugins will load."),
    "verify": (
        "verify:verify",
        "Load TensorFlow in a fresh interpreter, time a matmul on each device, and check the answers.",
    ),
    "doctor": ("doctor:doctor", "Say what is wrong and what fixes it, from an environment, a pasted log, or both."),
    "run": ("run:run", "Run a command inside the environment, as if it were activated."),
    "list": ("generations:list_", "List the generations of an environment."),
    "rollback": (
        "generations:rollback",
        "Point the environment at an earlier generation, without network or delay.",
    ),
    "remove": ("generations:remove", "Remove one generation that is not the current one."),
    "gc": ("generations:gc", "Remove old generations, and what killed runs have left."),
}


class _Commands(TyperGroup):
    """The table above as a group of commands."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the signature is Typer's
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - the signature is Typer's
        return load_command(cmd_name) if cmd_name in COMMANDS else None

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - the signature is Typer's
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


def load_command(name: str) -> Any:
    """Import the module of a command and return what Typer makes of its function (or of its group)."""
    module, _, attribute = COMMANDS[name][0].partition(":")
    found = getattr(importlib.import_module(f"tfsetup.cli.{module}"), attribute)
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
    except OSError as error:
        from tfsetup.cli.crash import refused_by_system

        return report_error(session, refused_by_system(error) or _bug(error))
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
