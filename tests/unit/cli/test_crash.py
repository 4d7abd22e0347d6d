"""The last line of defence says what it knows, and nothing of what it does not."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tfsetup.cli.crash import refused_by_system, write_crash_log


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EMFILE, errno.EIO, errno.EDQUOT])
def test_what_the_system_refused_is_told_without_a_word_on_what_was_changed(number: int) -> None:
    error = refused_by_system(OSError(number, os.strerror(number), "some/file"))
    assert error is not None
    assert error.message == f"The operating system refused: some/file: {os.strerror(number)}."
    assert error.hint
    assert "hanged" not in error.message + error.hint


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EPIPE, errno.EBADF])
def test_what_may_be_our_fault_is_not_the_system_s(number: int) -> None:
    assert refused_by_system(OSError(number, os.strerror(number))) is None


def failed() -> Exception:
    with pytest.raises(ValueError, match="abc") as caught:
        int("abc")
    return caught.value


def test_the_traceback_is_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    said = write_crash_log(failed())
    (log,) = tmp_path.iterdir()
    assert said == f"The whole traceback is in {log}"
    assert "ValueError: invalid literal" in log.read_text()


def test_without_a_place_for_the_traceback_its_last_line_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    said = write_crash_log(failed())
    assert said.startswith(f"It happened in {__file__}, line ")
    assert os.strerror(errno.ENOENT) in said
    assert "an unknown place" in write_crash_log(ValueError("never raised"))
