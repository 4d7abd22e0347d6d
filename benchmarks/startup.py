"""What it costs to start: `--help`, `resolve` and `lock --check` against a bare interpreter that imports Typer.

CPU, round by round, with bytecode there; with `--baseline` an earlier commit stands beside each.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.timing import alternate, command, report_cpu, tfsetups

HOST = Path(__file__).parents[1] / "tests" / "cases" / "hosts" / "linux-x86_64-glibc-2.36.json"
TYPER = "python -c 'import typer'"


def main() -> None:
    """Measure and print."""
    locks = Path(__file__).parents[1] / "environments" / "locks"
    with tempfile.TemporaryDirectory() as empty:
        there = locks if any(locks.glob("*.toml")) else Path(empty)
        _compare("Start-up", ["--help"], at_most=1.2)
        _compare("Offline resolve, this machine", ["resolve"], at_most=2.0)
        _compare("Offline resolve, another machine", ["resolve", "--host", str(HOST)], at_most=2.0)
        _compare("Fresh or stale", ["lock", "--check", "-o", str(there)], at_most=2.5)


def _compare(title: str, words: list[str], *, at_most: float) -> None:
    runs: Mapping[str, list[str]] = {f"{name} {words[0]}": [*start, *words] for name, start in tfsetups().items()}
    contenders = {name: command(*argv, status=range(16)) for name, argv in runs.items()}
    contenders[TYPER] = command(sys.executable, "-c", "import typer")
    for warm in contenders.values():
        warm()
    report_cpu(title, alternate(contenders, rounds=11), against=TYPER, at_most=at_most)


if __name__ == "__main__":
    main()
