"""The command line called in this process, and what a run of it leaves."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.schemas import problems


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What a run of tfsetup left: its exit status and what it printed."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout."""
        document = json.loads(self.out)
        assert isinstance(document, dict)
        return document


Tfsetup = Callable[..., Ran]


def in_this_process(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder: Path) -> Tfsetup:
    """Return a function that runs `tfsetup ARGV…` in a folder; what it prints in JSON is held to its schema."""
    from tfsetup.cli.app import run

    monkeypatch.chdir(folder)
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("sys.argv", ["tfsetup"])

    def call(*argv: str) -> Ran:
        monkeypatch.setattr("sys.argv", ["tfsetup", *argv])
        status = run(list(argv))
        out, err = capsys.readouterr()
        if "--json" in argv:
            _hold_to_schema(out)
        return Ran(status=status, out=out, err=err)

    return call


def _hold_to_schema(out: str) -> None:
    with suppress(ValueError):  # a test that expects a document says so itself
        document = json.loads(out)
        assert problems(document["command"], document) == []
