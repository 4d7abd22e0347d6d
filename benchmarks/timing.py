"""Timing things alternately, so that a machine that slows down slows all of them down."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Timed:
    """The times of one contender in seconds."""

    name: str
    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median, in seconds."""
        return statistics.median(self.seconds)

    @property
    def spread(self) -> float:
        """The interquartile range over the median: how noisy the machine was."""
        low, _, high = statistics.quantiles(self.seconds, n=4)
        return (high - low) / self.median


def alternate(contenders: Mapping[str, Callable[[], object]], *, rounds: int) -> list[Timed]:
    """Time every contender `rounds` times, in turns."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, work in contenders.items():
            began = time.perf_counter()
            work()
            times[name].append(time.perf_counter() - began)
    return [Timed(name=name, seconds=tuple(taken)) for name, taken in times.items()]


def command(*argv: str, environ: Mapping[str, str] | None = None, status: Sequence[int] = (0,)) -> Callable[[], None]:
    """Return a contender that runs a command to its end, which must exit with one of `status`."""

    def work() -> None:
        done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=False)
        if done.returncode not in status:
            raise RuntimeError(f"{' '.join(argv)} exited {done.returncode}: {done.stderr[-500:]}")

    return work


def report(title: str, timed: Sequence[Timed], *, against: str, at_most: float | None = None) -> None:
    """Print each contender's ratio to `against`, and the promise where there is one."""
    base = next(one for one in timed if one.name == against)
    print(f"\n{title}")
    for one in timed:
        promise = f"  (promised: at most {at_most})" if at_most is not None and one is timed[0] else ""
        ratio = one.median / base.median
        print(f"  {one.name:<44} {ratio:6.2f} x   {one.median * 1000:9.0f} ms  spread {one.spread:4.0%}{promise}")
