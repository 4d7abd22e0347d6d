"""Whether a process is still there."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tfsetup.ground.processes import alive


def test_this_process_is() -> None:
    assert alive(os.getpid())


@pytest.mark.process
@pytest.mark.skipif(sys.platform == "win32", reason="cannot be told there")
def test_one_that_has_ended_is_not() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait()
    assert not alive(child.pid)


@pytest.mark.parametrize("number", [0, -1, 2**70])
def test_what_cannot_be_a_process_is_not_judged(number: int) -> None:
    assert alive(number)
