"""Installing from a warm cache, without verification, against uv itself and venv + pip, with the same lock."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from uv import find_uv_bin

from benchmarks.timing import alternate, command, report


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        _measure(Path(folder))


def _measure(folder: Path) -> None:
    tfsetup = [sys.executable, "-m", "tfsetup", "-q"]
    first = folder / "first"
    plain = ["--accelerator", "cpu", "--no-verify", "--no-preflight"]
    told = subprocess.run(
        [*tfsetup, "install", *plain, "--no-lock", "--prefix", str(first), "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    row = json.loads(told.stdout)["data"]["row"]
    lock = next(folder.glob(f"first.generations/*/pylock.{row}.toml"))
    python = str((first / "bin" / "python").resolve())
    pip_lock = folder / "requirements.txt"
    pip_lock.write_text(_frozen(first))
    contenders = {
        "tfsetup install --no-verify": _ours(tfsetup, plain, folder / "ours", lock),
        "uv venv + uv pip sync": _uv(folder / "uv", python, lock),
        "python -m venv + pip install": _pip(folder / "pip", python, pip_lock),
    }
    timed = alternate(contenders, rounds=3)
    report("Installing, warm cache", timed, against="uv venv + uv pip sync", at_most=1.15)


def _frozen(prefix: Path) -> str:
    argv = [find_uv_bin(), "pip", "freeze", "--python", str(prefix / "bin" / "python")]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def _ours(tfsetup: list[str], plain: list[str], prefix: Path, lock: Path) -> Callable[[], None]:
    install = command(*tfsetup, "install", *plain, "--prefix", str(prefix), "--lock", str(lock), "--offline")

    def work() -> None:
        prefix.unlink(missing_ok=True)
        shutil.rmtree(prefix.with_name("ours.generations"), ignore_errors=True)
        install()

    return work


def _uv(prefix: Path, python: str, lock: Path) -> Callable[[], None]:
    uv = find_uv_bin()
    create = command(uv, "venv", "--quiet", "--clear", "--no-project", "--python", python, str(prefix))
    sync = [uv, "pip", "sync", "--quiet", "--offline", "--preview-features", "pylock"]
    fill = command(*sync, "--python", str(prefix / "bin" / "python"), str(lock))

    def work() -> None:
        shutil.rmtree(prefix, ignore_errors=True)
        create()
        fill()

    return work


def _pip(prefix: Path, python: str, requirements: Path) -> Callable[[], None]:
    create = command(python, "-m", "venv", str(prefix))
    fill = command(str(prefix / "bin" / "pip"), "install", "--quiet", "--no-deps", "-r", str(requirements))

    def work() -> None:
        shutil.rmtree(prefix, ignore_errors=True)
        create()
        fill()

    return work
