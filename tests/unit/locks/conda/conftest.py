"""The stub channel, built once a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.conda import stub_channel


@pytest.fixture(scope="session")
def channel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A channel that can be solved for every platform."""
    return stub_channel(tmp_path_factory.mktemp("channel"))


@pytest.fixture(autouse=True)
def _temporary_files_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what is written for uv and conda-lock to read land in the test's own folder."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
