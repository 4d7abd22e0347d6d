"""Temporary folders: gone after use, and those of killed runs are told by their process."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tfsetup.ground.folders import temporary_place
from tfsetup.host.temporary import sweep_temporary, temporary_folder


@pytest.fixture(autouse=True)
def _own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))


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


def test_no_folder_is_tried_by_writing_into_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`tempfile.gettempdir` does, and a run that was killed just then left its file: one of 319 kills met it."""

    def never() -> str:
        raise AssertionError

    monkeypatch.setattr(tempfile, "gettempdir", never)
    with temporary_folder() as folder:
        assert folder.parent == tmp_path
    assert sweep_temporary() == 0


@pytest.mark.parametrize(("name", "others"), [("TEMP", ["TMPDIR"]), ("TMP", ["TMPDIR", "TEMP"])])
def test_the_folders_that_variables_name_are_taken_in_order(
    name: str, others: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for other in others:
        monkeypatch.setenv(other, str(tmp_path / "missing"))
    monkeypatch.setenv(name, str(tmp_path))
    with temporary_folder() as folder:
        assert folder.parent == tmp_path


@pytest.mark.skipif(sys.platform == "win32", reason="there is no usual place")
def test_without_a_variable_it_is_the_usual_place(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.delenv(name, raising=False)
    assert temporary_place(os.environ) == Path("/tmp")  # noqa: S108
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr(tempfile, "gettempdir", lambda: "/elsewhere")
    assert temporary_place(os.environ) == Path("/elsewhere")


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
