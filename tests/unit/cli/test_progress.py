"""Steps that take long: one line on a terminal, nothing in a file unless every step was asked for."""

from __future__ import annotations

import io

import pytest

from tfsetup.cli.progress import progress
from tfsetup.cli.session import Session
from tfsetup.workflows.told import Detail


class Terminal(io.StringIO):
    """A stream that somebody watches."""

    def isatty(self) -> bool:
        return True


def told(verbosity: int, stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return what a step and a line of a course leave on `stream`."""
    monkeypatch.setattr("sys.stderr", stream)
    with progress(Session(verbosity=verbosity, color=False), "starting the interpreter") as say:
        say(Detail("importing tensorflow"))
        say("Note      the history could not be kept")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("verbosity", "lines"),
    [
        (-1, []),
        (0, ["Note      the history could not be kept"]),
        (1, ["importing tensorflow", "Note      the history could not be kept"]),
    ],
)
def test_in_a_file_steps_are_written_only_when_asked_for(
    verbosity: int, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert told(verbosity, io.StringIO(), monkeypatch).splitlines() == lines


@pytest.mark.parametrize("verbosity", [-1, 1])
def test_who_wants_nothing_or_everything_sees_no_moving_line(verbosity: int, monkeypatch: pytest.MonkeyPatch) -> None:
    text = told(verbosity, Terminal(), monkeypatch)
    assert "starting the interpreter" not in text
    assert ("importing tensorflow\n" in text) == (verbosity == 1)


def test_on_a_terminal_what_is_no_step_is_a_line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    text = told(0, Terminal(), monkeypatch)
    assert "importing tensorflow" in text
    assert "Note      the history could not be kept\n" in text
