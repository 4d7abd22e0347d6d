"""The command line, called as a user calls it, in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from support.cli import Ran, Tfsetup
from support.schemas import problems

HOSTS = Path(__file__).parents[1] / "cases" / "hosts"


@pytest.fixture
def tfsetup(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Tfsetup:
    """Return a function that runs `tfsetup ARGV…` in an empty folder; what it prints in JSON is held to its schema."""
    from tfsetup.cli.app import run

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["tfsetup"])

    def call(*argv: str) -> Ran:
        monkeypatch.setattr("sys.argv", ["tfsetup", *argv])
        status = run(list(argv))
        out, err = capsys.readouterr()
        if "--json" in argv:
            _hold_to_schema(out)
        return Ran(status=status, out=out, err=err)

    return call


@pytest.fixture
def host_file() -> Callable[[str], str]:
    """Return a function from the name of a host case to the path of its file."""
    return lambda name: str(HOSTS / f"{name}.json")


def _hold_to_schema(out: str) -> None:
    with suppress(ValueError):  # a test that expects a document says so itself
        document = json.loads(out)
        assert problems(document["command"], document) == []
