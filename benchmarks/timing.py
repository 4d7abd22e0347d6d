"""Timing things alternately, so that a machine that slows down slows all of them down."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Timed:
    """The times of one contender in seconds, and the CPU times of what it started."""

    name: str
    seconds: tuple[float, ...]
    cpu: tuple[float, ...] = ()

    @property
    def median(self) -> float:
        """The median, in seconds."""
        return statistics.median(self.seconds)

    @property
    def spread(self) -> float:
        """The interquartile range over the median: how noisy the machine was."""
        return _spread(self.seconds)


def _spread(taken: Sequence[float]) -> float:
    low, _, high = statistics.quantiles(taken, n=4)
    return (high - low) / statistics.median(taken)


def alternate(
    contenders: Mapping[str, Callable[[], object]],
    *,
    rounds: int,
    before: Mapping[str, Callable[[], object]] | None = None,
) -> list[Timed]:
    """Time every contender `rounds` times, in turns. What stands `before` one is done while no clock runs."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    spent: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, work in contenders.items():
            if before and name in before:
                before[name]()
            cpu, began = _cpu_of_children(), time.perf_counter()
            work()
            times[name].append(time.perf_counter() - began)
            spent[name].append(_cpu_of_children() - cpu)
    return [Timed(name=name, seconds=tuple(times[name]), cpu=tuple(spent[name])) for name in contenders]


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def plain_environ() -> dict[str, str]:
    """Return this process's environment without what would keep Python from using bytecode: users have it."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def command(
    *argv: str, environ: Mapping[str, str] | None = None, status: Sequence[int] = (0,), cwd: Path | None = None
) -> Callable[[], None]:
    """Return a contender that runs a command to its end (in the folder `cwd`), which must exit with one of `status`."""
    seen = environ if environ is not None else plain_environ()

    def work() -> None:
        done = subprocess.run(argv, env=seen, capture_output=True, text=True, check=False, cwd=cwd)
        if done.returncode not in status:
            raise RuntimeError(f"{' '.join(argv)} exited {done.returncode}: {done.stderr[-500:]}")

    return work


def peak(*argv: str, environ: Mapping[str, str] | None = None, status: Sequence[int] = (0,)) -> int:
    """Run a command to its end, which must exit with one of `status`; return the most memory it held, in bytes."""
    seen = dict(environ if environ is not None else plain_environ())
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(argv, env=seen, stdout=said, stderr=said, stdin=subprocess.DEVNULL)
        _, ended, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(ended)
    if child.returncode not in status:
        raise RuntimeError(f"{' '.join(argv)} exited {child.returncode}")
    return used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


_started = {"tfsetup": [sys.executable, "-m", "tfsetup"]}


def compare_with(checkout: Path) -> None:
    """Let a checkout of an earlier commit, which has its own interpreter in `.tool/dev`, stand beside this one."""
    _started["tfsetup before"] = [str(checkout.resolve() / ".tool" / "dev" / "bin" / "python"), "-m", "tfsetup"]


def tfsetups() -> dict[str, list[str]]:
    """Return how to start tfsetup: this tree's, and that of an earlier commit where one is compared with."""
    return dict(_started)


def report(title: str, timed: Sequence[Timed], *, against: str, at_most: float | None = None) -> None:
    """Print each contender's ratio to `against`, and the promise where there is one."""
    base = next(one for one in timed if one.name == against)
    print(f"\n{title}")
    for one in timed:
        promise = f"  (promised: at most {at_most})" if at_most is not None and one is timed[0] else ""
        ratio = one.median / base.median
        print(f"  {one.name:<44} {ratio:6.2f} x   {one.median * 1000:9.0f} ms  spread {one.spread:4.0%}{promise}")


def report_cpu(title: str, timed: Sequence[Timed], *, against: str, at_most: float | None = None) -> None:
    """Print CPU times of started processes as ratios to `against`, round by round: the median, and their spread."""
    base = next(one for one in timed if one.name == against)
    print(f"\n{title}, CPU")
    for one in timed:
        promise = f"  (promised: at most {at_most})" if at_most is not None and one is timed[0] else ""
        ratios = [mine / theirs for mine, theirs in zip(one.cpu, base.cpu, strict=True)]
        median, spread = statistics.median(ratios), _spread(ratios)
        took = statistics.median(one.cpu) * 1000
        print(f"  {one.name:<44} {median:6.2f} x   {took:9.0f} ms  spread {spread:4.0%}{promise}")
