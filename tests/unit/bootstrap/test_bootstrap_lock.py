"""One make at a time in a clone."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from bootstrap.failure import Failure
from bootstrap.lock import alone

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="make.ps1 is alone there")


def test_whoever_comes_second_waits_until_the_first_has_ended(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    order: list[str] = []
    came = threading.Event()

    def second() -> None:
        came.set()
        with alone(tmp_path):
            order.append("second")

    with alone(tmp_path):
        waiting = threading.Thread(target=second)
        waiting.start()
        assert came.wait(5)
        waiting.join(0.3)
        order.append("first")
    waiting.join(5)
    assert order == ["first", "second"]
    assert capsys.readouterr().err == "Another make is at work in this folder; waiting for it\n"


def test_a_failure_lets_go_of_it(tmp_path: Path) -> None:
    with pytest.raises(KeyError), alone(tmp_path):
        raise KeyError
    with alone(tmp_path):
        assert (tmp_path / ".tool" / "lock").is_file()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / ".tool").touch()
    with pytest.raises(Failure, match=r"\.tool cannot be written") as caught, alone(tmp_path):
        pass
    assert "Clone into a folder of your own" in caught.value.hint
