"""Locking six targets at once against the slowest of six `uv pip compile`, and against all six one after another.

The metadata cache is warm; `uv pip compile` is called as one types it, with the options that make the same lock.
`lock --check` stands beside `--help`.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from uv import find_uv_bin

from benchmarks.timing import Timed, alternate, command, report
from tfsetup.locks.compile import CompileJob, compile_job
from tfsetup.locks.targets import Order, current_rows, targets_for
from tfsetup.matrix.files import read_matrix
from tfsetup.matrix.model import Ask

TFSETUP = [sys.executable, "-m", "tfsetup"]


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        _measure(Path(folder))


def _measure(folder: Path) -> None:
    jobs = _jobs()
    platforms = [word for name in jobs for word in ("--platform", name)]
    lock = [*TFSETUP, "-q", "lock", "--no-prove", "--upgrade", *platforms, "-o", str(folder / "locks")]
    command(*lock)()  # fills the cache
    contenders: dict[str, Callable[[], None]] = {f"tfsetup lock, {len(jobs)} targets": command(*lock)}
    contenders |= {f"uv pip compile, {name}": _uv(job) for name, job in jobs.items()}
    timed = alternate(contenders, rounds=5)
    ours, *single = timed
    slowest = max(single, key=lambda one: one.median)
    sums = tuple(sum(turn) for turn in zip(*(one.seconds for one in single), strict=True))
    one_after_another = Timed(name=f"the {len(jobs)} one after another", seconds=sums)
    report("Locking, warm cache", [ours, slowest, one_after_another], against=slowest.name, at_most=1.5)
    check = command(*TFSETUP, "lock", "--check", *platforms, "-o", str(folder / "locks"))
    contenders = {"tfsetup lock --check": check, "tfsetup --help": command(*TFSETUP, "--help")}
    report("Fresh or stale", alternate(contenders, rounds=11), against="tfsetup --help")


def _jobs() -> dict[str, CompileJob]:
    matrix = read_matrix()
    rows = current_rows(matrix)[:6]
    targets = [target for row in rows for target in targets_for(row, Order(ask=Ask()), matrix, locked={})]
    return {target.row.id: compile_job(target.selection, pre=False, offline=False) for target in targets}


def _uv(job: CompileJob) -> Callable[[], None]:
    import os

    def work() -> None:
        done = subprocess.run(
            [find_uv_bin(), *job.arguments],
            input=job.requirements,
            env=os.environ | dict(job.environ),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"uv exited {done.returncode}: {done.stderr[-500:]}")

    return work
