"""What no command imports unless it needs it: the conda side costs nothing to those who do not use it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.conda import package, platform_lock, wheel
from tfsetup.locks.conda.lockfile import make_lock

pytestmark = pytest.mark.process
ROOT = Path(__file__).parents[2]
CODE = """
import sys
from tfsetup.cli.app import run
status = run(sys.argv[1:])
print("imported", status, sorted({"rattler", "conda_lock", "conda", "yaml._yaml"} & set(sys.modules)), file=sys.stderr)
"""


def imported(*argv: str, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", CODE, *argv],
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT / "installer"), "HOME": str(cwd)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    "argv",
    [["--help"], ["install", "--help"], ["lock", "--help"], ["resolve"], ["resolve", "--backend", "conda"], ["list"]],
    ids=" ".join,
)
def test_a_command_that_needs_no_channel_imports_no_rattler(tmp_path: Path, argv: list[str]) -> None:
    said = imported(*argv, cwd=tmp_path)
    assert said.startswith("imported ")
    assert "rattler" not in said
    assert "conda" not in said


def test_a_conda_lock_is_read_without_conda_lock(tmp_path: Path) -> None:
    packages = (package("python", "3.12.1", build="h0_0_cpython"),)
    lock = platform_lock(packages=packages, wheels=(wheel("tensorflow-cpu", "2.20.0"),))
    (tmp_path / "conda-lock.yml").write_text(make_lock([lock], ()).text)
    host = ROOT / "tests" / "cases" / "hosts" / "linux-x86_64-glibc-2.28.json"
    argv = ["install", "--lock", "conda-lock.yml", "--host", str(host), "--dry-run"]
    said = imported(*argv, cwd=tmp_path)
    assert said.startswith("imported 0 ")
    assert "'conda_lock'" not in said
    assert "'rattler'" not in said
