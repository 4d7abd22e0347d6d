"""The command line as a whole: global options, and what each way to end comes to."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest
import typer

from support.cli import Tfsetup
from tfsetup import __version__
from tfsetup.cli.app import load_command
from tfsetup.cli.commands import COMMANDS
from tfsetup.errors import NetworkError
from tfsetup.workflows.maintain import Collected

COLLECT = "tfsetup.workflows.maintain.collect"
DONE = Collected(prefix="/p", kept=(1,), removed=(), unfinished=(), changed=False)


def test_the_version_is_all_it_prints(tfsetup: Tfsetup) -> None:
    ran = tfsetup("--version")
    assert (ran.status, ran.out, ran.err) == (0, f"tfsetup {__version__}\n", "")


def test_the_help_lists_every_command_with_its_line(tfsetup: Tfsetup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    ran = tfsetup("--help")
    assert ran.status == 0
    said = " ".join(ran.out.split())
    assert [name for name, command in COMMANDS.items() if f" {name} {command.line}" not in said] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_the_function_of_its_name(name: str) -> None:
    command = load_command(name)
    assert command.name == name
    own = (command.help or "").partition("\n")[0]
    assert own == COMMANDS[name].line or own.startswith(COMMANDS[name].line.rstrip("."))


@pytest.mark.parametrize("argv", [["explode"], ["gc", "--explode"], ["remove"], ["gc", "--keep", "none"]], ids=" ".join)
@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_a_word_that_nobody_knows_is_a_usage_error(tfsetup: Tfsetup, argv: list[str], as_json: bool) -> None:
    ran = tfsetup(*argv, *(["--json"] if as_json else []))
    assert ran.status == 2
    if as_json:
        assert (ran.document["status"], ran.document["error"]["code"]) == ("error", "usage")
    else:
        assert ran.err.startswith("error: ")
        assert "`tfsetup --help` lists the commands" in ran.err


@pytest.mark.parametrize(
    ("problem", "status", "line"),
    [
        (NetworkError("No answer."), 5, "error: No answer."),
        (KeyboardInterrupt(), 130, "error: Interrupted; nothing half-done is left behind."),
        (typer.Abort(), 130, "error: Stopped at your word."),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), 6, "error: The operating system refused: "),
        (OSError(errno.ENOENT, "No such file"), 1, "error: This is a bug in tfsetup (FileNotFoundError: "),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), 1, "error: This is a bug in tfsetup ("),
        (ZeroDivisionError("by zero"), 1, "error: This is a bug in tfsetup (ZeroDivisionError: by zero)."),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_every_way_to_fail_has_its_status_and_its_sentence(
    tfsetup: Tfsetup, stand_in: Any, problem: BaseException, status: int, line: str
) -> None:
    stand_in(COLLECT, problem)
    ran = tfsetup("gc")
    assert (ran.status, ran.out) == (status, "")
    assert ran.err.startswith(line)


def test_a_bug_leaves_its_traceback_in_a_file(tfsetup: Tfsetup, stand_in: Any, tmp_path: Path) -> None:
    stand_in(COLLECT, ZeroDivisionError("by zero"))
    ran = tfsetup("gc", "--json")
    (log,) = tmp_path.glob("tfsetup-crash-*.log")
    assert str(log) in ran.document["error"]["hint"]
    assert "ZeroDivisionError: by zero" in log.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("before", "verbosity", "color", "matrix"),
    [
        ([], 0, None, None),
        (["-q"], -1, None, None),
        (["--verbose"], 1, None, None),
        (["-q", "-v"], -1, None, None),
        (["--no-color"], 0, False, None),
        (["--matrix", "ours.yaml"], 0, None, Path("ours.yaml")),
    ],
)
def test_global_options_are_in_the_session(
    tfsetup: Tfsetup,
    monkeypatch: pytest.MonkeyPatch,
    before: list[str],
    verbosity: int,
    color: bool | None,
    matrix: Any,
) -> None:
    seen: list[Any] = []

    def collect(_prefix: Path, _keep: int, *, told: Any) -> Collected:
        seen.append(told.__self__)
        return DONE

    monkeypatch.setattr(COLLECT, collect)
    assert tfsetup(*before, "gc").status == 0
    (session,) = seen
    assert (session.verbosity, session.color, session.matrix) == (verbosity, color, matrix)
    assert (session.command, session.json, session.host_file) == ("gc", False, None)


def test_what_is_said_on_the_way_is_not_in_the_document(tfsetup: Tfsetup, monkeypatch: pytest.MonkeyPatch) -> None:
    def collect(_prefix: Path, _keep: int, *, told: Any) -> Collected:
        told("Clearing up")
        return DONE

    monkeypatch.setattr(COLLECT, collect)
    ran = tfsetup("gc", "--json")
    assert (json.loads(ran.out)["data"]["kept"], ran.err) == ([1], "Clearing up\n")
