"""Commands in this process, with something that stands in for what they call."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.cli import Ran, Tfsetup
from tfsetup.cli.app import run

Calls = list[tuple[tuple[Any, ...], dict[str, Any]]]
StandIn = Callable[[str, Any], Calls]


@pytest.fixture
def tfsetup(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Tfsetup:
    """Return a function that runs `tfsetup ARGV…` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def call(*argv: str) -> Ran:
        monkeypatch.setattr("sys.argv", ["tfsetup", *argv])
        status = run(list(argv))
        out, err = capsys.readouterr()
        return Ran(status=status, out=out, err=err)

    return call


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """Return a function that puts an answer (an error is raised) in the place of a public function; it lists calls."""

    def put(path: str, answer: Any) -> Calls:
        calls: Calls = []

        def called(*values: Any, **options: Any) -> Any:
            calls.append((values, options))
            if isinstance(answer, BaseException):
                raise answer
            return answer

        monkeypatch.setattr(path, called)
        return calls

    return put
