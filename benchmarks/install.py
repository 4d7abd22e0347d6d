"""Installing from a warm cache, without verification, against uv itself and venv + pip, with the same lock.

What the round before left is removed while no clock runs, and Python has its bytecode.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from uv import find_uv_bin

from benchmarks.timing import alternate, command, plain_environ, report, report_cpu, tfsetups

UV = "uv venv + uv pip sync"
PIP = "python -m venv + pip install"


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
        env=plain_environ(),
        capture_output=True,
        text=True,
        check=True,
    )
    row = json.loads(told.stdout)["data"]["row"]
    lock = next(folder.glob(f"first.generations/*/pylock.{row}.toml"))
    python = str((first / "bin" / "python").resolve())
    pip_lock = folder / "requirements.txt"
    pip_lock.write_text(_frozen(first))
    ours, uvs, pips = folder / "ours", folder / "uv", folder / "pip"
    contenders = {"tfsetup install --no-verify": _ours(tfsetup, plain, ours, lock), UV: _uv(uvs, python, lock)}
    gone = {"tfsetup install --no-verify": partial(_remove, ours), UV: partial(_remove, uvs)}
    for name, start in tfsetups().items():
        if name != "tfsetup":
            before = folder / "before"
            contenders[f"{name} install"] = _ours([*start, "-q"], plain, before, lock)
            gone[f"{name} install"] = partial(_remove, before)
    contenders[PIP], gone[PIP] = _pip(pips, python, pip_lock), partial(_remove, pips)
    for name in (*contenders,)[:-1]:  # writes bytecode and warms the disk's cache
        contenders[name]()
    timed = alternate(contenders, rounds=5, before=gone)
    report("Installing, warm cache", timed, against=UV, at_most=1.35)
    report_cpu("Installing, warm cache", timed, against=UV)
    more = statistics.median(timed[0].cpu) - statistics.median(timed[1].cpu)
    print(f"  tfsetup takes {more:.2f} s of CPU more than uv  (promised: at most 0.25)")


def _remove(prefix: Path) -> None:
    """Remove an environment, and the generations of one of ours, while no clock runs."""
    shutil.rmtree(prefix.with_name(f"{prefix.name}.generations"), ignore_errors=True)
    if prefix.is_symlink():
        prefix.unlink()
    shutil.rmtree(prefix, ignore_errors=True)


def _frozen(prefix: Path) -> str:
    argv = [find_uv_bin(), "pip", "freeze", "--python", str(prefix / "bin" / "python")]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def _ours(tfsetup: list[str], plain: list[str], prefix: Path, lock: Path) -> Callable[[], None]:
    return command(*tfsetup, "install", *plain, "--prefix", str(prefix), "--lock", str(lock), "--offline")


def _uv(prefix: Path, python: str, lock: Path) -> Callable[[], None]:
    uv = find_uv_bin()
    create = command(uv, "venv", "--quiet", "--clear", "--no-project", "--python", python, str(prefix))
    sync = [uv, "pip", "sync", "--quiet", "--offline", "--preview-features", "pylock"]
    fill = command(*sync, "--python", str(prefix / "bin" / "python"), str(lock))

    def work() -> None:
        create()
        fill()

    return work


def _pip(prefix: Path, python: str, requirements: Path) -> Callable[[], None]:
    create = command(python, "-m", "venv", str(prefix))
    fill = command(str(prefix / "bin" / "pip"), "install", "--quiet", "--no-deps", "-r", str(requirements))

    def work() -> None:
        create()
        fill()

    return work
