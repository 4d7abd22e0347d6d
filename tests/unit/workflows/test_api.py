"""What a program leaves unsaid is filled in: this machine, the shipped matrix, nobody to tell."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from support.fake_mac_tensorflow import tensorflow_files
from support.wheels import whole_wheel
from tfsetup.errors import InvalidFileError, UsageError
from tfsetup.host.model import Gpu, Host
from tfsetup.matrix.model import Ask
from tfsetup.workflows import api
from tfsetup.workflows.backends import LockOrder
from tfsetup.workflows.hosts import host_of

TF = "tensorflow-2.19.1-cp312-cp312-macosx_12_0_arm64.whl"


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    (tmp_path / TF).write_bytes(whole_wheel(TF, tensorflow_files()))
    return tmp_path / TF


def test_resolve_takes_a_row_a_file_or_a_host() -> None:
    by_row = api.resolve("linux-x86_64-cpu")
    assert by_row.row == "linux-x86_64-cpu"
    assert api.resolve(host_of("linux-x86_64-cpu"), Ask()) == by_row
    with pytest.raises(InvalidFileError):
        api.resolve("no-such-row")


@pytest.mark.parametrize("several", [False, True])
def test_preflight_takes_one_target_or_several(wheel: Path, *, several: bool) -> None:
    lines: list[str] = []
    report = api.preflight([wheel] if several else wheel, "macos-arm64-metal", told=lines.append)
    assert report.verdict == api.preflight(str(wheel.parent), "macos-arm64-metal").verdict == "loads"
    assert lines


def test_diagnose_of_a_log_looks_at_nothing_here() -> None:
    found = api.diagnose(log="ModuleNotFoundError: No module named 'tensorflow'", host="linux-x86_64-cpu")
    assert (found.verdict, found.findings[0].cause) == ("problem", "wrong-python-environment")
    assert api.diagnose(log="hello").verdict == "unknown"


@pytest.mark.process
def test_a_host_that_is_this_machine_is_not_another_whatever_it_computes_with() -> None:
    here = host_of(None, pythons=False, downloads=False)
    assert here.os is not None
    assert api._is_this(replace(here, gpus=(Gpu(vendor="amd"),), pythons=(), sources={}))
    assert not api._is_this(replace(here, os_version="0.1"))


@pytest.mark.process
def test_another_machine_is_not_installed_for_here(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="`host` is another one"):
        api.install(prefix=tmp_path / "env", host=Host(os="windows", arch="x86_64"))
    assert not (tmp_path / "env").exists()


def test_locks_are_looked_at_without_writing(tmp_path: Path) -> None:
    found = api.lock(LockOrder(ask=Ask(), platforms=("linux-x86_64-cpu",), folder=tmp_path), check=True)
    assert [(one.row, one.fresh) for one in found.files] == [("linux-x86_64-cpu", False)]
    assert list(tmp_path.iterdir()) == []
