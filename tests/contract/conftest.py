"""The command line, called as a user calls it, in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from support.cli import Tfsetup, in_this_process

HOSTS = Path(__file__).parents[1] / "cases" / "hosts"


@pytest.fixture
def tfsetup(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Tfsetup:
    """Return a function that runs `tfsetup ARGV…` in an empty folder; what it prints in JSON is held to its schema."""
    return in_this_process(capsys, monkeypatch, tmp_path)


@pytest.fixture
def host_file() -> Callable[[str], str]:
    """Return a function from the name of a host case to the path of its file."""
    return lambda name: str(HOSTS / f"{name}.json")
