"""What a command loads is what it does: each module that is not needed is a wait for nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.locks import package
from tfsetup.locks.venv.write import write_lock
from tfsetup.matrix.choose.reference import reference
from tfsetup.matrix.choose.select import select
from tfsetup.matrix.file.disk import read_matrix
from tfsetup.matrix.model import Ask

pytestmark = pytest.mark.process
PROGRAM = """
import sys
from tfsetup.cli.app import run
status = run(sys.argv[1:])
print(status, *sorted(sys.modules), file=sys.stderr)
"""
NETWORK = {"ssl", "requests", "urllib3", "tfsetup.ground.exchange", "tfsetup.ground.plain_http"}
DRAWING = {"rich", "rich.table"}


def loaded(folder: Path, *words: str) -> tuple[int, set[str]]:
    """Return the exit status of a command, and the modules that it had loaded in the end."""
    argv = [sys.executable, "-c", PROGRAM, "-q", *words]
    ran = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60, cwd=folder, env=dict(os.environ))
    status, *modules = ran.stderr.splitlines()[-1].split()
    return int(status), set(modules)


def test_saying_that_locks_are_stale_loads_nothing_that_resolves_or_proves(tmp_path: Path) -> None:
    status, modules = loaded(tmp_path, "lock", "--check", "-o", str(tmp_path))
    assert status != 0
    assert modules & {"tfsetup.workflows.lock", "tfsetup.workflows.lock_venv"}
    assert modules & (NETWORK | DRAWING) == set()
    unwanted = ("tfsetup.verify.judge", "tfsetup.loader", "tfsetup.locks.venv.solve", "tfsetup.locks.run",
                "tfsetup.workflows.prove", "tfsetup.workflows.inventory", "packaging.pylock")  # fmt: skip
    assert [name for name in sorted(modules) if name.startswith(unwanted)] == []


def test_an_installation_without_checks_loads_none_of_them(tmp_path: Path) -> None:
    matrix = read_matrix()
    row = next(row for row in matrix.rows if row.id == "linux-x86_64-cpu")
    requirement = select(reference(row, Ask(), matrix)[0], Ask(), matrix).requirements[0]
    lock = tmp_path / "pylock.toml"
    lock.write_text(write_lock([package(*requirement.split("=="))], None, "pylock").text)
    words = ("--dry-run", "--no-verify", "--no-preflight", "--prefix", str(tmp_path / "env"), "--lock", str(lock))
    status, modules = loaded(tmp_path, "install", "--host", row.id, "--offline", *words)
    assert status == 0
    assert {"tfsetup.envs.run", "tfsetup.workflows.others_lock"} <= modules
    assert modules & (NETWORK | DRAWING) == set()
    unwanted = (
        "tfsetup.verify.", "tfsetup.doctor.", "tfsetup.loader.report", "tfsetup.loader.model", "tfsetup.locks.team",
        "tfsetup.locks.proof", "tfsetup.locks.explain", "tfsetup.locks.venv.portable", "tfsetup.locks.venv.solve",
        "tfsetup.workflows.together", "tfsetup.workflows.own_lock", "tfsetup.report.install_document", "ctypes",
        "tempfile", "tfsetup.ground.redaction",
    )  # fmt: skip
    assert [name for name in sorted(modules) if name.startswith(unwanted)] == []
