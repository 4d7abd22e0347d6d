"""Matrix files: what is read, every problem of what is not, and rows laid over rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.matrix import CASES, ask, linux, pins, shipped
from tfsetup.errors import Code, InvalidFileError
from tfsetup.ground.marked import InvalidTextError
from tfsetup.matrix.choose.select import select
from tfsetup.matrix.file.disk import environments, read_index, read_matrix
from tfsetup.matrix.file.load import merge, parse
from tfsetup.matrix.file.rows import Matrix

VALID = sorted((CASES / "matrix" / "valid").glob("*.yaml"))
INVALID = sorted((CASES / "matrix" / "invalid").glob("*.yaml"))
BASE = parse((environments() / "matrix.yaml").read_text(encoding="utf-8"), "matrix.yaml")


def over(path: Path) -> Matrix:
    return merge([BASE, parse(path.read_text(encoding="utf-8"), path.name)], read_index())


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_every_problem_with_its_place(path: Path) -> None:
    with pytest.raises(InvalidTextError) as caught:
        over(path)
    error = caught.value
    assert [str(problem) for problem in error.problems] == path.with_suffix(".txt").read_text().splitlines()
    assert error.code is Code.INVALID_FILE
    assert error.where is not None
    assert error.where.line
    assert all(str(problem.where) in error.message for problem in error.problems) or len(error.problems) == 1


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_what_is_read(path: Path) -> None:
    assert over(path).rows


def test_a_row_of_the_user_wins_over_the_shipped_ones() -> None:
    selection = select(linux("3.12.4"), ask(), over(CASES / "matrix" / "valid" / "one-row.yaml"))
    assert (selection.row, pins(selection)) == ("linux-x86_64-mine", ["tensorflow-cpu==2.19.1", "setuptools<82"])


def test_an_overridden_row_takes_the_place_of_its_namesake_and_rows_can_be_removed() -> None:
    matrix = over(CASES / "matrix" / "valid" / "override.yaml")
    names = [row.id for row in matrix.rows]
    assert names.count("linux-x86_64-cpu") == 1
    assert not any(name.startswith("macos-x86_64") for name in names)
    assert pins(select(linux("3.12.4"), ask(accelerator="cpu"), matrix)) == [
        "tensorflow-cpu==2.19.1",
        "numpy<2.1",
        "setuptools<82",
    ]
    assert str(matrix.marks["linux-x86_64-cpu", "versions"]) == "override.yaml:11:15"


def test_a_rule_of_the_user_holds_for_every_row() -> None:
    matrix = over(CASES / "matrix" / "valid" / "only-rules.yaml")
    selection = select(linux("3.12.4"), ask(), matrix)
    assert pins(selection) == ["tensorflow-cpu==2.19.1", "setuptools<82"]
    assert any("our models were not validated with it" in reason for reason in selection.reasons)
    place = len(matrix.rules) - 1
    assert str(matrix.marks["rules", place, "verdict"]) == "only-rules.yaml:4:14"


def test_the_shipped_matrix_is_read_with_a_users_file(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text((CASES / "matrix" / "valid" / "one-row.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    matrix = read_matrix(mine)
    assert matrix.rows[0].id == "linux-x86_64-mine"
    assert len(matrix.rows) == len(shipped().rows) + 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "There is no such matrix file."),
        (b"schema: 1\n\xff\n", "The matrix file is not UTF-8 text."),
        (b"\xef\xbb\xbfschema: 2\n", "`2` is not one of 1"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "mine.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidFileError) as caught:
        read_matrix(path)
    assert words in caught.value.message
    assert caught.value.where is not None
    assert caught.value.where.file == str(path)


def test_a_damaged_snapshot_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "index.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(Exception, match="The index snapshot cannot be read") as caught:
        read_index(path)
    assert caught.value.where.file == str(path)  # type: ignore[attr-defined] # an InvalidFileError
