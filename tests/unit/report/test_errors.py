"""Errors and results as people and scripts see them."""

from __future__ import annotations

from tfsetup.errors import BuildError, Code, InvalidFileError, LockError, NetworkError, TfsetupError, UsageError, Where
from tfsetup.report.errors import error_lines
from tfsetup.report.result import Result, envelope, error_envelope


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
    assert envelope(Result(command="list", data={"a": 1}, findings=[{"f": 2}])) | {"version": "v"} == {
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
    result: Result[dict[str, object]] = Result(command="verify", data={}, code=Code.ANSWER_IS_NO)
    assert (result.status, result.exit_status) == ("failed", 7)
    assert envelope(result)["error"] is None


def test_the_envelope_of_an_error() -> None:
    error = TfsetupError(Code.LOCK, "It is stale.", hint="Write it anew.", where=Where(file="pylock.toml", line=1))
    document = error_envelope("install", error)
    assert (document["status"], document["data"], document["findings"]) == ("error", {}, [])
    assert document["error"] == {
        "code": "lock",
        "message": "It is stale.",
        "hint": "Write it anew.",
        "where": "pylock.toml:1",
    }
