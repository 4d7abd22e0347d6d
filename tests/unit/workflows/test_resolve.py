"""The course of an answer: the selection, and its story where that is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.index import make_wheel, serve
from support.matrix import ask, linux, mac
from tfsetup.errors import InvalidFileError, TfsetupError
from tfsetup.matrix.model import Ask
from tfsetup.report.resolve import resolve_document
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


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An index with a companion that goes with TensorFlow 2.16 only."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    for version in ("2.16.2", "2.21.0"):
        for name in ("tensorflow", "tensorflow_cpu"):
            make_wheel(folder, f"{name}-{version}-py3-none-any.whl")
    make_wheel(folder, "companion-2.16.1-py3-none-any.whl", "tensorflow<2.17")
    make_wheel(folder, "setuptools-81.0.0-py3-none-any.whl")
    with serve(folder, "user:word") as port:
        monkeypatch.setenv("UV_DEFAULT_INDEX", f"http://user:word@127.0.0.1:{port}/simple")
        monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
        yield


@pytest.mark.process
@pytest.mark.loopback
@pytest.mark.usefixtures("index")
def test_companions_choose_the_release_that_they_go_with() -> None:
    found = resolve(linux("3.12.4"), ask(), wanted=["companion"])
    assert (found.selection.requirements[0], found.companions) == ("tensorflow==2.16.2", ("companion==2.16.1",))
    document = resolve_document(found.selection, companions=found.companions)
    assert document.requirements == ("tensorflow==2.16.2", "setuptools<82", "companion==2.16.1")
    assert document.companions == ("companion==2.16.1",)


@pytest.mark.process
@pytest.mark.loopback
@pytest.mark.usefixtures("index")
def test_companions_that_go_with_nothing_are_a_no_with_its_reason() -> None:
    found = resolve(linux("3.12.4"), ask(), wanted=["companion>3"])
    assert not found.selection.installable
    assert found.selection.reasons[0].startswith("linux-x86_64-cpu: `companion>3` (--with) does not fit together")
    assert found.selection.suggestions == ("Write companion==2.16.1: that goes with TensorFlow 2.16.2 on Python 3.12.",)
