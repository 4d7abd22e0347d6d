"""Locking six targets at once against the slowest of six `uv pip compile`, and against all six one after another.

Twice: with the index asked again (uv keeps pages only as long as the index's cache headers say; where it sends none,
it asks for every page each time), and from the metadata cache alone (`--offline`). `uv pip compile` gets the very
options that `tfsetup lock` gives it, also an interpreter, for which it would search long otherwise. `lock --check`
stands beside `--help`.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from uv import find_uv_bin

from benchmarks.timing import Timed, alternate, command, report
from tfsetup.locks.compile import CompileJob, compile_job
from tfsetup.locks.order import Order, current_rows
from tfsetup.locks.venv.targets import targets_for
from tfsetup.matrix.file.disk import read_matrix
from tfsetup.matrix.model import Ask

TFSETUP = [sys.executable, "-m", "tfsetup"]


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        _measure(Path(folder))


def _measure(folder: Path) -> None:
    names = list(_jobs(offline=False))
    platforms = [word for name in names for word in ("--platform", name)]
    lock = [*TFSETUP, "-q", "lock", "--no-prove", "--upgrade", *platforms, "-o", str(folder / "locks")]
    command(*lock)()  # fills the cache
    _compare("Locking, the index asked again", lock, _jobs(offline=False))
    _compare("Locking, from the metadata cache", [*lock, "--offline"], _jobs(offline=True))
    check = command(*TFSETUP, "lock", "--check", *platforms, "-o", str(folder / "locks"))
    contenders = {"tfsetup lock --check": check, "tfsetup --help": command(*TFSETUP, "--help")}
    report("Fresh or stale", alternate(contenders, rounds=11), against="tfsetup --help")


def _compare(title: str, lock: Sequence[str], jobs: Mapping[str, CompileJob]) -> None:
    contenders: dict[str, Callable[[], None]] = {f"tfsetup lock, {len(jobs)} targets": command(*lock)}
    contenders |= {f"uv pip compile, {name}": _uv(job) for name, job in jobs.items()}
    ours, *single = alternate(contenders, rounds=5)
    slowest = max(single, key=lambda one: one.median)
    sums = tuple(sum(turn) for turn in zip(*(one.seconds for one in single), strict=True))
    one_after_another = Timed(name=f"the {len(jobs)} one after another", seconds=sums)
    report(title, [ours, slowest, one_after_another], against=slowest.name, at_most=1.5)


def _jobs(*, offline: bool) -> dict[str, CompileJob]:
    matrix = read_matrix()
    rows = current_rows(matrix)[:6]
    targets = [target for row in rows for target in targets_for(row, Order(ask=Ask()), matrix, locked={})]
    python = sys.executable
    return {t.row.id: compile_job(t.selection, pre=False, offline=offline, python=python) for t in targets}


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
