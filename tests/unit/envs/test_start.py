"""Whether an interpreter starts, asked of real ones and of what only looks like one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tfsetup.envs.start import start_problem

pytestmark = pytest.mark.process


def script(folder: Path, text: str, mode: int = 0o755) -> Path:
    path = folder / "python"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_this_one_starts() -> None:
    assert start_problem(Path(sys.executable)) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("#!/bin/sh\necho no library >&2\nexit 127\n", "does not start: it ends with status 127 (no library)"),
        ("#!/bin/sh\nkill -SEGV $$\n", "does not start: it ends with signal 11"),
        ("#!/nowhere/python\n", "does not start: No such file or directory"),
        ("\x7fELF", "does not start: Exec format error"),
    ],
)
def test_one_that_does_not_says_how(tmp_path: Path, text: str, words: str) -> None:
    assert start_problem(script(tmp_path, text)) == words


def test_one_that_hangs_is_ended(tmp_path: Path) -> None:
    assert start_problem(script(tmp_path, "#!/bin/sh\nexec sleep 5\n"), limit=0.2) == "did not start within 0.2 s"


def test_it_is_asked_without_what_is_installed(tmp_path: Path) -> None:
    asked = script(tmp_path, f'#!/bin/sh\necho "$@" > {tmp_path}/asked\n')
    assert start_problem(asked) is None
    assert (tmp_path / "asked").read_text() == "-I -S -c \n"
