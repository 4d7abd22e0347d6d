"""What a session prints where, whom it asks, and how it ends."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
import typer
from rich.text import Text

from tfsetup.cli.session import Session, report_error
from tfsetup.errors import Code, TfsetupError, UsageError, Where
from tfsetup.workflows.told import Detail


class Terminal(io.StringIO):
    """A stream that somebody watches."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("verbosity", "lines"), [(-1, []), (0, ["Locking"]), (1, ["Locking", "uv pip compile"])])
def test_details_are_for_who_wants_every_step_and_nothing_for_who_wants_quiet(
    verbosity: int, lines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    session = Session(verbosity=verbosity)
    session.say("Locking")
    session.say(Detail("uv pip compile"))
    out, err = capsys.readouterr()
    assert (out, err.splitlines()) == ("", lines)


def test_no_escape_sequence_gets_into_a_line_of_progress(capsys: pytest.CaptureFixture[str]) -> None:
    Session().say("\x1b[2Jgone")
    assert capsys.readouterr().err == "\\x1b[2Jgone\n"


def test_text_is_shown_as_it_is_and_the_rest_through_rich(capsys: pytest.CaptureFixture[str]) -> None:
    Session(color=False).show("word " * 60, Text("bold", style="bold"), "\x07")
    assert capsys.readouterr().out.splitlines() == ["word " * 60, "bold", "\\x07"]


@pytest.mark.parametrize(
    ("color", "stream", "variable", "colored"),
    [
        (None, Terminal(), False, True),
        (None, Terminal(), True, False),
        (None, io.StringIO(), False, False),
        (False, Terminal(), False, False),
        (True, io.StringIO(), True, True),
    ],
)
def test_colour_is_for_terminals_and_the_user_has_the_last_word(
    color: bool | None, stream: io.StringIO, variable: bool, colored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    if variable:
        monkeypatch.setenv("NO_COLOR", "1")
    assert Session(color=color).colored(stream) is colored


def test_plain_text_is_folded_at_100_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr("sys.stdout", io.StringIO())
    assert Session().width == 100
    monkeypatch.setattr("sys.stdout", Terminal())
    assert Session().width == 60


@pytest.mark.parametrize(
    ("as_json", "stdin", "somebody"),
    [(False, Terminal(), True), (True, Terminal(), False), (False, io.StringIO(), False)],
)
def test_nobody_is_asked_where_nobody_can_answer(
    as_json: bool, stdin: io.StringIO, somebody: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", stdin)
    assert (Session(json=as_json).asked is not None) is somebody


def test_a_question_is_put_on_stderr_and_a_no_ends_the_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for word in ("y\n", "n\n"):
        monkeypatch.setattr("sys.stdin", Terminal(word))
        asked = Session().asked
        assert asked is not None
        if word == "n\n":
            with pytest.raises(typer.Abort):
                asked("Compile it?")
        else:
            assert asked("Compile it?") is True
    out, err = capsys.readouterr()
    assert (out.strip(), err.count("Compile it? [y/N]")) == ("", 2)


@pytest.mark.parametrize(("verbosity", "everything"), [(-1, None), (0, False), (1, True)])
def test_uv_has_a_screen_unless_the_user_wants_quiet(verbosity: int, everything: bool | None) -> None:
    screen = Session(verbosity=verbosity).screen
    assert (screen and screen.everything) is everything


def test_what_uv_writes_goes_to_stderr_byte_by_byte(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    screen = Session().screen
    assert screen is not None
    screen.write(b"\xffResolved")
    assert capsysbinary.readouterr() == (b"", b"\xffResolved")


def ended(session: Session, data: object, **options: Any) -> tuple[int, list[str]]:
    """Return the exit status of an answer, and what was asked for its text."""
    shown: list[str] = []
    with pytest.raises(typer.Exit) as end:
        session.answer(data, lambda: shown.append("shown"), **options)
    return end.value.exit_code, shown


@pytest.mark.parametrize(("code", "status"), [(None, 0), (Code.ANSWER_IS_NO, 7), (Code.LOCK, 8), (Code.UNDECIDED, 9)])
def test_an_answer_ends_the_run_with_its_status(code: Code | None, status: int) -> None:
    assert ended(Session(), {}, code=code) == (status, ["shown"])


@pytest.mark.parametrize(("code", "word"), [(None, "ok"), (Code.ANSWER_IS_NO, "failed")])
def test_in_json_the_answer_is_one_document_and_no_text(
    code: Code | None, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, shown = ended(Session(json=True, command="gc"), {"kept": [1]}, findings=["é"], code=code)
    document = json.loads(capsys.readouterr().out)
    assert (status, shown) == (0 if code is None else code.exit_status, [])
    assert (document["command"], document["status"], document["data"]) == ("gc", word, {"kept": [1]})
    assert (document["findings"], document["error"]) == (["é"], None)


def test_the_document_is_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    ended(Session(json=True), {"name": "Ü"})
    assert capsys.readouterr().out.isascii()


ERROR = TfsetupError(
    Code.BUILD, "It did not work.", hint="Try again.\nOr not.", where=Where(file="pylock.toml", line=3)
)


def test_an_error_is_lines_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert report_error(Session(), ERROR) == 6
    out, err = capsys.readouterr()
    assert (out, err.splitlines()) == (
        "",
        ["error: It did not work.", "   at: pylock.toml:3", " hint: Try again.", "       Or not."],
    )


def test_in_json_an_error_is_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert report_error(Session(json=True, command="lock"), ERROR) == 6
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert (err, document["status"], document["data"]) == ("", "error", {})
    assert document["error"]["where"] == "pylock.toml:3"


def test_an_interrupt_without_words_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert report_error(Session(), TfsetupError(Code.INTERRUPTED, "")) == 130
    assert capsys.readouterr() == ("", "")


def test_on_a_terminal_the_first_line_of_an_error_is_red(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    report_error(Session(), ERROR)
    first, second, *_ = screen.getvalue().splitlines()
    assert first == "\x1b[31m\x1b[1merror: It did not work.\x1b[0m"
    assert second == "   at: pylock.toml:3"


def test_this_machine_does_not_change_for_another_one_s_sake() -> None:
    Session().refuse_replay("`tfsetup install`")
    with pytest.raises(UsageError, match="changes this machine, and --host describes another one") as caught:
        Session(host_file=Path("theirs.json")).refuse_replay("`tfsetup install`")
    assert caught.value.hint == "Add --dry-run."
