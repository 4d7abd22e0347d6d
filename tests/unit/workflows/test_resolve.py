"""The course of an answer: the selection, and its story where that is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.matrix import ask, linux, mac
from tfsetup.errors import InvalidFileError, TfsetupError
from tfsetup.matrix.model import Ask
from tfsetup.workflows.resolve import resolve


def test_the_answer_without_a_story() -> None:
    answer = resolve(mac("3.12.4"), ask())
    assert (answer.selection.row, answer.story) == ("macos-arm64-metal", ())


def test_the_story_is_of_this_answer() -> None:
    answer = resolve(linux("3.12.4"), ask("2.16.*"), explained=True)
    assert answer.story[0].lines[0] == ("tensorflow", "2.16.*")
    assert [chapter.title for chapter in answer.story][2] == f"The row {answer.selection.row}"


def test_a_refusal_is_an_answer_and_no_error() -> None:
    answer = resolve(linux("3.12.4", arch="armv7l"), ask(), explained=True)
    assert not answer.selection.installable
    assert answer.selection.reasons
    assert answer.story[-1].title == "Rows that lost"


@pytest.mark.parametrize("wrong", [Ask(tensorflow="newest"), Ask(python="three")])
def test_an_ask_that_means_nothing_is_an_error(wrong: Ask) -> None:
    with pytest.raises(TfsetupError):
        resolve(mac("3.12.4"), wrong)


def test_a_matrix_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidFileError):
        resolve(mac("3.12.4"), ask(), matrix=tmp_path / "nothing.yaml")
