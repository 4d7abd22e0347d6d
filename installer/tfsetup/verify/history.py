"""What earlier verifications of an environment measured, and how the newest compares; `history_file` keeps them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from tfsetup.ground.encode import encode
from tfsetup.verify.model import Finding, Verification

Series = tuple[str, str, int]  # device, dtype, n

NUMPY = "NumPy"


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One verification, as kept: UTC time in ISO 8601, versions, import time, and the best GFLOP/s of each series.

    The best of a series' runs is kept, not the median: on a shared machine the median follows the neighbours' load.
    """

    when: str
    tensorflow: str | None
    python: str | None
    ok: bool
    import_s: float | None
    rates: Mapping[Series, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """How one series moved."""

    device: str
    dtype: str
    n: int
    now_gflops: float
    then_gflops: float
    ratio: float
    """Now over then: above 1 is faster now."""
    lasting: bool
    """A slow-down beyond everything that those versions ever showed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """The newest run against an earlier one."""

    then: Run
    now: Run
    changes: tuple[Change, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Earlier:
    """The run compared with."""

    when: str
    """UTC time in ISO 8601."""
    tensorflow: str | None
    python: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """How an environment's devices moved since an earlier verification."""

    runs: int = 0
    """How many earlier ones are known."""
    compared_with: Earlier | None = None
    """None: there is nothing to compare with."""
    changes: tuple[Change, ...] = ()


def run_of(found: Verification, when: str) -> Run:
    """Return what is kept of a verification."""
    rates = {
        (device.name, item.dtype, item.n): 2e-9 * item.n**3 / item.min_s
        for device in found.devices
        for item in device.matmul
        if item.min_s
    }
    rates |= {(NUMPY, item.dtype, item.n): 2e-9 * item.n**3 / item.min_s for item in found.blas.matmul if item.min_s}
    return Run(
        when=when,
        tensorflow=found.tensorflow.version,
        python=found.python,
        ok=found.ok,
        import_s=found.import_s,
        rates=rates,
    )


def compare(earlier: Sequence[Run], now: Run) -> Comparison | None:
    """Compare with the last run before the versions last changed, or, if they never did, with the run before.

    None when there is nothing to compare with. `earlier` is in order of time.
    """
    measured = [run for run in earlier if run.rates]
    if not measured or not now.rates:
        return None
    others = [run for run in measured if _versions(run) != _versions(now)]
    then = others[-1] if others else measured[-1]
    group = [run for run in measured if _versions(run) == _versions(then)]
    return Comparison(then=then, now=now, changes=tuple(_changes(then, now, group)))


def _versions(run: Run) -> tuple[str | None, str | None]:
    return run.tensorflow, run.python


def _changes(then: Run, now: Run, group: Sequence[Run]) -> Iterator[Change]:
    """One change a device and type, at the largest size both measured: there throughput is timed, and not dispatch.

    `group` are the runs of the versions of `then`.
    """
    largest: dict[tuple[str, str], int] = {}
    for device, dtype, n in now.rates:
        if (device, dtype, n) in then.rates:
            largest[device, dtype] = max(n, largest.get((device, dtype), 0))
    for (device, dtype), n in largest.items():
        key = (device, dtype, n)
        rate, before = now.rates[key], then.rates[key]
        lasting = _slower_than_ever(key, rate / _busy(key, then, now), group)
        yield Change(
            device=device, dtype=dtype, n=n, now_gflops=rate, then_gflops=before, ratio=rate / before, lasting=lasting
        )


def _busy(series: Series, then: Run, now: Run) -> float:
    """Return how much less NumPy got out of the same cores than then (1: no less): that much is the machine's doing."""
    device, dtype, n = series
    key = (NUMPY, dtype, n)
    if not device.startswith("CPU") or key not in now.rates or key not in then.rates:
        return 1.0
    return min(1.0, now.rates[key] / then.rates[key])


def _slower_than_ever(series: Series, rate: float, group: Sequence[Run]) -> bool:
    """A slow-down counts if it is further below the slowest earlier run than the earlier runs are apart, by a tenth."""
    rates = [run.rates[series] for run in group if series in run.rates]
    slowest, fastest = min(rates), max(rates)
    return rate < 0.9 * slowest * (slowest / fastest)


def history_findings(comparison: Comparison | None) -> Iterator[Finding]:
    """Say what became slower, since when and after which change of versions."""
    if comparison is None:
        return
    for change in comparison.changes:
        if not change.lasting or change.device == NUMPY:
            continue
        yield Finding(
            severity="note",
            title=f"{change.device} is {1 / change.ratio:.1f} times slower than on {day(comparison.then.when)}"
            + after(comparison),
            detail=f"{change.dtype} {change.n}: {change.now_gflops:.0f} GFLOP/s now, {change.then_gflops:.0f} then",
        )


def after(comparison: Comparison) -> str:
    """Return ` after tensorflow 2.19.1 → 2.20.0` and the like; empty if no version changed."""
    pairs = (
        ("tensorflow", comparison.then.tensorflow, comparison.now.tensorflow),
        ("Python", comparison.then.python, comparison.now.python),
    )
    changed = [f"{name} {old} → {new}" for name, old, new in pairs if old != new]
    return f" after {', '.join(changed)}" if changed else ""


MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def day(when: str) -> str:
    """Return an ISO 8601 time as `3 November 2026`; months in English whatever the locale."""
    year, month, date = when[:10].split("-")
    return f"{int(date)} {MONTHS[int(month) - 1]} {year}"


def history_of(comparison: Comparison | None, runs: int) -> History:
    """Return what is told of a comparison; `runs` is the number of earlier runs."""
    if comparison is None:
        return History(runs=runs)
    then = comparison.then
    earlier = Earlier(when=then.when, tensorflow=then.tensorflow, python=then.python)
    return History(runs=runs, compared_with=earlier, changes=comparison.changes)


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A run as one line of the history file."""

    schema: Literal[1] = 1
    when: str
    tensorflow: str | None
    python: str | None
    ok: bool
    import_s: float | None
    rates: tuple[tuple[str, str, int, float], ...]


def to_line(run: Run) -> str:
    """Return a run as one JSON object, without a line end."""
    line = Line(
        when=run.when,
        tensorflow=run.tensorflow,
        python=run.python,
        ok=run.ok,
        import_s=run.import_s,
        rates=tuple((*series, rate) for series, rate in run.rates.items()),
    )
    return json.dumps(encode(line))


def from_line(text: str) -> Run:
    """Return the run of a line.

    Raises:
        msgspec.DecodeError, ValueError: it is none.
    """
    line = msgspec.json.decode(text, type=Line)
    day(line.when)
    return Run(
        when=line.when,
        tensorflow=line.tensorflow,
        python=line.python,
        ok=line.ok,
        import_s=line.import_s,
        rates={(device, dtype, n): rate for device, dtype, n, rate in line.rates if rate > 0},
    )
