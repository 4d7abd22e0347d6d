"""What it costs to start: `--help` and an offline `resolve` against a bare interpreter that imports Typer."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.timing import alternate, command, report

HOST = Path(__file__).parents[1] / "tests" / "cases" / "hosts" / "linux-x86_64-glibc-2.36.json"


def main() -> None:
    """Measure and print."""
    tfsetup = [sys.executable, "-m", "tfsetup"]
    timed = alternate(
        {
            "tfsetup --help": command(*tfsetup, "--help"),
            "tfsetup resolve (this machine)": command(*tfsetup, "resolve", status=(0, 4)),
            "tfsetup resolve --host FILE": command(*tfsetup, "resolve", "--host", str(HOST)),
            "python -c 'import typer'": command(sys.executable, "-c", "import typer"),
        },
        rounds=11,
    )
    baseline = "python -c 'import typer'"
    report("Start-up", [timed[0], timed[3]], against=baseline, at_most=1.5)
    report("Offline resolve", [timed[1], timed[2], timed[3]], against=baseline, at_most=2.5)
