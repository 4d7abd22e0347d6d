"""How long the doctor reads a log: seconds for 10 MB, the ratio to half of it (linear: 2), and to one plain scan.

The plain scan is the least any reader of logs must do: one `re` search a line for one pattern.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from tfsetup.doctor.diagnose import diagnose
from tfsetup.doctor.gather import informed_by
from tfsetup.doctor.model import Evidence
from tfsetup.doctor.pattern import anchor_of
from tfsetup.matrix.file.disk import read_matrix

SIZE = 10_000_000
KNOWN = informed_by(read_matrix())


def _training(size: int) -> str:
    line = "2026-01-01 12:00:00.{0:06d}: I guard.cc:227] This TensorFlow binary is optimized, step {0} loss 0.{0}\n"
    return "".join(line.format(n) for n in range(size // len(line.format(0)) + 1))[:size]


def _progress(size: int) -> str:
    return "".join(f"\x1b[1m{n}/100000\x1b[0m [====>....] - ETA: 1s - loss: 0.{n}\r" for n in range(size // 48))[:size]


def _anchors(size: int) -> str:
    """One endless line of the beginnings of all patterns: the worst a log can be."""
    words = sorted({anchor_of(pattern) for cause in KNOWN.causes for one in cause.signals for pattern in one.log})
    text = " ".join(words) + " "
    return (text * (size // len(text) + 1))[:size]


def _nothing(size: int) -> str:
    return "x" * size


def main() -> None:
    """Measure and print."""
    makers: list[Callable[[int], str]] = [_training, _progress, _anchors, _nothing]
    for make in makers:
        half, whole, plain = _seconds(_ask, make(SIZE // 2)), _seconds(_ask, make(SIZE)), _seconds(_scan, make(SIZE))
        ratios = f"{whole / half:4.2f} times 5 MB, {whole / plain:4.1f} times one plain scan ({plain:4.2f} s)"
        print(f"{make.__name__[1:]:10} 10 MB {whole:5.2f} s, {ratios}")


def _ask(log: str) -> None:
    diagnose(Evidence(log=log), KNOWN)


def _scan(log: str) -> None:
    error = re.compile(r"(?i)error: .*not found")
    for line in log.splitlines():
        error.search(line)


def _seconds(work: Callable[[str], None], log: str) -> float:
    """Return the processor time of the best of three runs, so that other processes do not count."""
    best = float("inf")
    for _ in range(3):
        began = time.process_time()
        work(log)
        best = min(best, time.process_time() - began)
    return best
