"""A short child of this process."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tfsetup.ground.children import run_child

pytestmark = pytest.mark.process


def test_a_child_sees_the_scrubbed_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/cuda")
    program = "import os; print(os.environ.get('PYTHONPATH'), os.environ.get('LD_LIBRARY_PATH'))"
    assert run_child([sys.executable, "-c", program]).stdout.split() == ["None", "/cuda"]


def test_a_child_has_nothing_to_read_and_any_status_is_an_answer() -> None:
    done = run_child(
        [sys.executable, "-c", r"import sys; sys.stdout.buffer.write(b'\xff'); sys.exit(sys.stdin.read() or 3)"]
    )
    assert (done.returncode, done.stdout) == (3, "\ufffd")


def test_a_child_that_hangs_is_ended() -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        run_child([sys.executable, "-c", "import time; time.sleep(60)"], limit_s=0.5)
