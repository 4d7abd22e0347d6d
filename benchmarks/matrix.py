"""How long resolving takes: 1,000 pairs of host and ask through the Python API, and how it grows with the rows.

Run it with `python benchmarks/matrix.py`.
"""

from __future__ import annotations

import itertools
import sys
import time
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "installer"))

from tfsetup.host.file import read_host  # noqa: E402 - the source tree comes first
from tfsetup.host.model import Host  # noqa: E402
from tfsetup.matrix.choose.select import select  # noqa: E402
from tfsetup.matrix.file.disk import read_matrix  # noqa: E402
from tfsetup.matrix.file.rows import Matrix  # noqa: E402
from tfsetup.matrix.model import Ask  # noqa: E402

PAIRS = 1_000
ASKS = [
    Ask(),
    Ask(accelerator="cpu"),
    Ask(accelerator="metal"),
    Ask(accelerator="cuda"),
    Ask(tensorflow="2.19.*"),
    Ask(tensorflow="2.16.*", accelerator="cpu"),
    Ask(tensorflow="2.21.*", accelerator="metal"),
    Ask(python="3.12"),
    Ask(python="3.14"),
    Ask(pre=True),
]


def main() -> None:
    """Print the CPU time of each pair, and the same with two and four times the rows."""
    began = time.perf_counter()
    matrix = read_matrix()
    print(f"reading the matrix and the snapshot: {(time.perf_counter() - began) * 1e3:.0f} ms")
    paths = [p for p in sorted((ROOT / "tests/cases/hosts").glob("*.json")) if not p.name.endswith(".expected.json")]
    hosts = [read_host(path) for path in paths]
    pairs = list(itertools.islice(itertools.cycle(itertools.product(hosts, ASKS)), PAIRS))
    base = _milliseconds(pairs, matrix)
    print(f"{len(matrix.rows)} rows: {base:.2f} ms CPU a pair ({PAIRS} pairs)  (promised: at most 0.6)")
    for times in (2, 4):
        # Rows of their own: the same ones again would be decided once.
        rows = tuple(replace(row, id=f"{row.id}-{n}" if n else row.id) for n in range(times) for row in matrix.rows)
        found = _milliseconds(pairs, replace(matrix, rows=rows))
        print(f"{len(rows)} rows: {found:.2f} ms CPU a pair, {found / base:.2f} x  (promised: at most {times})")


def _milliseconds(pairs: list[tuple[Host, Ask]], matrix: Matrix) -> float:
    """Return the CPU time of one pair: the best of three runs."""
    best = float("inf")
    for _ in range(3):
        began = time.process_time()
        for host, ask in pairs:
            select(host, ask, matrix)
        best = min(best, time.process_time() - began)
    return best / len(pairs) * 1e3


if __name__ == "__main__":
    main()
