"""Errors and results as people and scripts see them."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tfsetup.errors import BuildError, Code, InvalidFileError, LockError, NetworkError, TfsetupError, UsageError, Where
from tfsetup.ground.encode import encode
from tfsetup.report.document import document
from tfsetup.report.errors import error_lines
from tfsetup.report.result import envelope, error_envelope


def test_message_place_and_hint_have_a_line_each() -> None:
    where = Where(file="matrix.yaml", line=3, column=7)
    error = InvalidFileError("`3.10` is a number.", where=where, hint='Write "3.10".\nIn quotes.')
    assert error_lines(error) == [
        "error: `3.10` is a number.",
        "   at: matrix.yaml:3:7",
        ' hint: Write "3.10".',
        "       In quotes.",
    ]


def test_what_is_not_known_is_not_printed() -> None:
    assert error_lines(BuildError("It failed.")) == ["error: It failed."]
    assert str(Where(file="f")) == "f"
    assert str(Where(file="f", line=2)) == "f:2"


def test_escape_sequences_of_others_do_not_get_through() -> None:
    assert error_lines(NetworkError("\x1b[2Jgone", hint="\x07"))[0] == "error: \\x1b[2Jgone"


def test_each_kind_of_error_has_its_code() -> None:
    where = Where(file="f")
    errors = [UsageError("m"), InvalidFileError("m", where=where), NetworkError("m"), BuildError("m"), LockError("m")]
    assert [error.code.exit_status for error in errors] == [2, 3, 5, 6, 8]
    assert all(str(error) == "m" for error in errors)


def test_the_envelope_of_a_result() -> None:
    assert encode(envelope("list", {"a": 1}, findings=[{"f": 2}])) | {"version": "v"} == {
        "schema": 1,
        "tool": "tfsetup",
        "version": "v",
        "command": "list",
        "status": "ok",
        "data": {"a": 1},
        "findings": [{"f": 2}],
        "error": None,
    }


def test_an_answer_that_is_no_has_failed_and_is_no_error() -> None:
    said = envelope("verify", {}, code=Code.ANSWER_IS_NO)
    assert (said.status, said.error) == ("failed", None)


def test_the_envelope_of_an_error() -> None:
    error = TfsetupError(Code.LOCK, "It is stale.", hint="Write it anew.", where=Where(file="pylock.toml", line=1))
    said = encode(error_envelope("install", error))
    assert (said["status"], said["data"], said["findings"]) == ("error", {}, [])
    assert said["error"] == {
        "code": "lock",
        "message": "It is stale.",
        "hint": "Write it anew.",
        "where": "pylock.toml:1",
    }


@dataclass(frozen=True, kw_only=True)
class Made:
    """A document with a field from each place."""

    name: str
    size: int
    note: str = "as it is by itself"


@dataclass(frozen=True, kw_only=True)
class Named:
    """A value of a room."""

    name: str
    other: int = 1

    @property
    def size(self) -> int:
        return 3


def test_a_document_has_the_fields_of_its_sources_and_no_others() -> None:
    assert document(Made, Named(name="a")) == Made(name="a", size=3)
    assert document(Made, Named(name="a"), note="b") == Made(name="a", size=3, note="b")


def test_what_is_given_goes_before_the_sources_and_the_first_of_these_before_the_second() -> None:
    assert document(Made, Named(name="a"), Made(name="b", size=9, note="c"), size=5) == Made(name="a", size=5, note="c")


def test_a_field_that_is_nowhere_is_told() -> None:
    with pytest.raises(TypeError, match="size"):
        document(Made, name="a")
