"""Temporary folders: gone after use, and those of killed runs are told by their process."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tfsetup.host.temporary import sweep_temporary, temporary_folder


@pytest.fixture(autouse=True)
def _own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@pytest.fixture
def dead() -> int:
    """The number of a process that was."""
    with subprocess.Popen([sys.executable, "-S", "-c", ""]) as child:
        pass
    return child.pid


def test_a_folder_is_named_after_its_process_and_gone_afterwards(tmp_path: Path) -> None:
    with temporary_folder() as folder:
        (folder / "file").write_text("x")
        assert folder.parent == tmp_path
        assert folder.name.startswith(f"tfsetup-{os.getpid()}-")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_gone_after_an_error_too(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), temporary_folder():
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


@pytest.mark.process
@pytest.mark.skipif(sys.platform == "win32", reason="whether a process is there cannot be told: nothing is swept")
def test_only_what_dead_runs_have_left_is_removed(tmp_path: Path, dead: int) -> None:
    for name in (f"tfsetup-{dead}-abc_123", f"tfsetup-{dead}-zz"):
        (tmp_path / name / "deep").mkdir(parents=True)
    kept = {f"tfsetup-{os.getpid()}-abc", "tfsetup-crash-abc", f"tfsetup-{dead}", f"other-{dead}-abc", "tfsetup-x1-abc"}
    for name in kept:
        (tmp_path / name).mkdir()
    assert sweep_temporary() == 2
    assert {path.name for path in tmp_path.iterdir()} == kept
    assert sweep_temporary() == 0


@pytest.mark.process
@pytest.mark.skipif(sys.platform == "win32", reason="links")
def test_a_link_of_such_a_name_is_not_followed(tmp_path: Path, dead: int) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "file").write_text("x")
    (tmp_path / f"tfsetup-{dead}-abc").symlink_to(elsewhere)
    assert sweep_temporary() == 0
    assert (elsewhere / "file").exists()
