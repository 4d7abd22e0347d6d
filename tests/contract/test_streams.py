"""What becomes of every command when its streams are cut, full or closed, and of what Typer would make of it."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import typer

from support.cli import Tfsetup
from support.envs import finish, make_store
from support.process import ROOT
from support.streams import FULL, LEFT, broken
from tfsetup.cli import app
from tfsetup.cli.commands import changes_something, leaves
from tfsetup.cli.session import Session, begun
from tfsetup.envs.store import Store
from tfsetup.errors import BuildError, Code

NO_SPACE = os.strerror(errno.ENOSPC)
ARGUMENTS = {"ops": ["model"], "preflight": ["some.whl"], "remove": ["1"]}
BOTH_WAYS = [
    (name, option)
    for name, command in leaves()
    if name != "run"  # it becomes another program, which has the streams
    for option in (None, *command.but)
]
VALUES = {"--bundle": "out", "--report": "page.html"}
Work = Callable[[Session], object]


def argv_of(name: str, option: str | None) -> list[str]:
    options = [option, *([VALUES[option]] if option in VALUES else [])] if option else []
    return [*name.split(), *ARGUMENTS.get(name, ()), *options]


@pytest.fixture
def working(monkeypatch: pytest.MonkeyPatch) -> Callable[[Work], None]:
    """Return a function that lets every command do this work in place of its own; the command line is its own."""
    load = app.load_command

    def put(work: Work) -> None:
        def loaded(name: str) -> Any:
            command = load(name)
            for part in getattr(command, "commands", {"": command}).values():
                full = f"{name} {part.name}" if part is not command else name

                def invoke(ctx: typer.Context, full: str = full) -> None:
                    session = begun(ctx, full, json="--json" in sys.argv)
                    work(session)
                    show = partial(session.show, "the answer → here")
                    session.answer({"changed": True}, show, code=Code.ANSWER_IS_NO)

                part.invoke = invoke
            return command

        monkeypatch.setattr(app, "load_command", loaded)

    return put


def silent(_session: Session) -> None:
    """Nothing is said on the way."""


def told(session: Session) -> None:
    session.say("a word on the way")


@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
@pytest.mark.parametrize(("name", "option"), BOTH_WAYS)
def test_a_full_stdout(
    tfsetup: Tfsetup, working: Any, monkeypatch: pytest.MonkeyPatch, name: str, option: str | None, as_json: bool
) -> None:
    working(silent)
    monkeypatch.setattr("sys.stdout", broken(FULL))
    argv = [*argv_of(name, option), *(["--json"] if as_json else [])]
    ran = tfsetup(*argv)
    if changes_something(name, argv):
        assert ran.status == 7
        assert ran.err.splitlines() == [
            f"Note      the result could not be written to stdout: {NO_SPACE}; the exit status, 7, is that of the work"
        ]
    else:
        assert ran.status == 1
        assert ran.err.splitlines()[0] == f"error: Could not write the answer to stdout: {NO_SPACE}."


@pytest.mark.parametrize(("name", "option"), BOTH_WAYS)
def test_a_reader_who_left(
    tfsetup: Tfsetup, working: Any, monkeypatch: pytest.MonkeyPatch, name: str, option: str | None
) -> None:
    working(told)
    monkeypatch.setattr("sys.stdout", broken(LEFT))
    ran = tfsetup(*argv_of(name, option))
    assert (ran.status, ran.err) == (7, "a word on the way\n")


@pytest.mark.parametrize(("name", "option"), BOTH_WAYS)
def test_a_full_stderr(
    tfsetup: Tfsetup, working: Any, monkeypatch: pytest.MonkeyPatch, name: str, option: str | None
) -> None:
    working(told)
    monkeypatch.setattr("sys.stderr", broken(FULL))
    argv = argv_of(name, option)
    ran = tfsetup(*argv)
    note = f"Note      nothing more could be written to stderr: {NO_SPACE}; the exit status, 7, is that of the work"
    assert ran.status == 7
    assert ran.out.splitlines() == ["the answer → here", *([note] if changes_something(name, argv) else [])]


def two_generations(folder: Path) -> Store:
    store = make_store(folder)
    for number in (1, 2):
        finish(store, number)
    store.switch(2)
    return store


def fails(_session: Session) -> None:
    raise BuildError("It did not work.", hint="Try again.")


def test_an_error_that_stderr_does_not_take_is_told_on_stdout(
    tfsetup: Tfsetup, working: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    working(fails)
    monkeypatch.setattr("sys.stderr", broken(FULL))
    ran = tfsetup("gc")
    assert ran.status == 6
    assert ran.out.splitlines()[:2] == ["error: It did not work.", " hint: Try again."]


def test_an_error_in_json_that_stdout_does_not_take_is_told_on_stderr(
    tfsetup: Tfsetup, working: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    working(fails)
    monkeypatch.setattr("sys.stdout", broken(FULL))
    ran = tfsetup("gc", "--json")
    assert ran.status == 6
    assert ran.err.splitlines()[:2] == ["error: It did not work.", " hint: Try again."]


def test_a_reader_of_errors_who_left_does_not_get_them_into_the_answer(
    tfsetup: Tfsetup, working: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    working(fails)
    monkeypatch.setattr("sys.stderr", broken(LEFT))
    ran = tfsetup("gc")
    assert (ran.status, ran.out) == (6, "")


@pytest.mark.parametrize("problem", [BrokenPipeError(errno.EPIPE, "Broken pipe"), EOFError("cut off")], ids=repr)
@pytest.mark.parametrize("argv", [["list"], ["gc"], ["matrix", "show"]], ids=" ".join)
def test_a_pipe_or_an_input_that_breaks_inside_the_work_is_neither_success_nor_a_word_of_the_user(
    tfsetup: Tfsetup, working: Any, problem: Exception, argv: list[str]
) -> None:
    def breaks(_session: Session) -> None:
        raise problem

    working(breaks)
    ran = tfsetup(*argv)
    assert ran.status == 1
    assert ran.err.startswith("error: This is a bug in tfsetup (")
    assert type(problem).__name__ in ran.err
    assert "at your word" not in ran.err


def test_an_interrupt_is_no_success(tfsetup: Tfsetup, working: Any) -> None:
    def interrupted(_session: Session) -> None:
        raise KeyboardInterrupt

    working(interrupted)
    ran = tfsetup("list")
    assert (ran.status, ran.err) == (130, "error: Interrupted; nothing half-done is left behind.\n")


def test_a_no_asserts_nothing_of_what_was_changed(tfsetup: Tfsetup, working: Any) -> None:
    def refused(_session: Session) -> None:
        raise typer.Abort

    working(refused)
    ran = tfsetup("install")
    assert (ran.status, ran.err) == (130, "error: Stopped at your word.\n")


def test_what_the_system_refuses_asserts_nothing_of_what_was_changed(tfsetup: Tfsetup, working: Any) -> None:
    def full(_session: Session) -> None:
        raise OSError(errno.ENOSPC, NO_SPACE, "file")

    working(full)
    ran = tfsetup("gc")
    assert (ran.status, ran.err.splitlines()[0]) == (6, f"error: The operating system refused: file: {NO_SPACE}.")


@pytest.mark.process
@pytest.mark.parametrize("argv", [["rollback"], ["rollback", "--json"]], ids=" ".join)
def test_a_rollback_is_made_when_stdout_is_full(
    tfsetup: Tfsetup, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, argv: list[str]
) -> None:
    store = two_generations(tmp_path)
    monkeypatch.setattr("sys.stdout", broken(FULL, takes=3))
    ran = tfsetup(*argv)
    assert (ran.status, store.current()) == (0, 1)
    assert ran.err == f"Note      the result could not be written to stdout: {NO_SPACE}; the work itself is done\n"


# ------------------------------------------------------------------------------------------- as a user's shell does it


def shell(script: str, *argv: str, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", script, "bash", sys.executable, "-m", "tfsetup", *argv],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT / "installer")} | more,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


posix = pytest.mark.skipif(sys.platform == "win32", reason="the shell's redirections and /dev/full")


@pytest.mark.process
@posix
@pytest.mark.parametrize(
    ("script", "argv", "status", "says"),
    [
        ('"$@" >/dev/full', ["list"], 1, f"Could not write the answer to stdout: {NO_SPACE}."),
        ('"$@" >/dev/full', ["list", "--json"], 1, f"Could not write the answer to stdout: {NO_SPACE}."),
        ('"$@" >/dev/full', ["--version"], 1, f"Could not write the answer to stdout: {NO_SPACE}."),
        ('"$@" >/dev/full', ["install", "--help"], 1, f"Could not write the answer to stdout: {NO_SPACE}."),
        ('"$@" >&-', ["list"], 1, "Could not write the answer to stdout: it is closed."),
        ('"$@" </dev/null 1<&0', ["list"], 1, "Could not write the answer to stdout: it is closed."),
        ('"$@" <&- >&- 2>&-', ["list"], 1, ""),
        ('"$@" 2>&-', ["list"], 0, "There is no environment"),
        ('"$@" 2>/dev/full', ["list"], 0, "There is no environment"),
        ('"$@" 2>&-', ["rollback"], 2, "There is no generation"),
        ('"$@" 2>/dev/full', ["explode"], 2, "No such command"),
        ('"$@" | true; exit ${PIPESTATUS[0]}', ["matrix", "show"], 0, ""),
        ('"$@" | true; exit ${PIPESTATUS[0]}', ["--help"], 0, ""),
        ('"$@" 2>&1 | true; exit ${PIPESTATUS[0]}', ["rollback"], 2, ""),
        ('"$@" <&-', ["resolve", "--host", "-"], 3, "error: "),
    ],
)
def test_the_shell_s_redirections(script: str, argv: list[str], status: int, says: str, tmp_path: Path) -> None:
    done = shell(script, *argv, cwd=tmp_path)
    said = done.stdout + done.stderr
    assert (done.returncode, says in said) == (status, True), done
    assert [word for word in ("Traceback", "Exception ignored", "is a bug") if word in said] == []


@pytest.mark.process
@posix
def test_no_file_gets_the_number_of_a_closed_stream(tmp_path: Path) -> None:
    program = (
        "import sys; from tfsetup.cli.streams import taken_over\n"
        "with taken_over(): numbers = [open(sys.argv[1]).fileno()]\n"
        "assert numbers[0] > 2, numbers"
    )
    (tmp_path / "file").write_text("")
    done = subprocess.run(
        ["bash", "-c", '"$@" <&- >&- 2>&-', "bash", sys.executable, "-c", program, str(tmp_path / "file")],
        env=os.environ | {"PYTHONPATH": str(ROOT / "installer")},
        check=False,
    )
    assert done.returncode == 0


@pytest.mark.process
@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "latin-1:strict"])
def test_an_encoding_without_arrows_gets_a_mark_in_their_place(tmp_path: Path, encoding: str) -> None:
    two_generations(tmp_path)
    variables = {"PYTHONPATH": str(ROOT / "installer"), "PYTHONIOENCODING": encoding}
    argv = [sys.executable, "-m", "tfsetup", "list"]
    done = subprocess.run(argv, cwd=tmp_path, env=os.environ | variables, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"?" in done.stdout
    as_json = subprocess.run(
        [*argv, "--json"], cwd=tmp_path, env=os.environ | variables, capture_output=True, check=True
    )
    assert json.loads(as_json.stdout.decode("ascii"))["data"]["current"] == 2
