"""What earlier verifications of an environment measured, and how the newest compares; `history_file` keeps them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from tfsetup.ground.encode import encode
from tfsetup.ground.values import value
from tfsetup.verify.model import Finding, Verification

Series = tuple[str, str, int]  # device, dtype, n
Paces = Mapping[Series, float]

NUMPY = "NumPy"


@value
class Run:
    """One verification, as a line of the history file: UTC time in ISO 8601, versions, import time, and rates.

    A rate is a series' best GFLOP/s, not the median: on a shared machine the median follows the neighbours' load.
    """

    schema: Literal[1] = 1
    when: str
    tensorflow: str | None
    python: str | None
    ok: bool
    import_s: float | None
    rates: tuple[tuple[str, str, int, float], ...]

    @property
    def paces(self) -> dict[Series, float]:
        """The rates, by series."""
        return {(device, dtype, n): rate for device, dtype, n, rate in self.rates if rate > 0}

    @property
    def versions(self) -> tuple[str | None, str | None]:
        """Those of TensorFlow and of Python."""
        return self.tensorflow, self.python


@value
class Change:
    """How one series moved."""

    device: str
    """TensorFlow's name of the device, or `NumPy`."""
    dtype: str
    """The type of the elements."""
    n: int
    """The matrices are n by n."""
    now_gflops: float
    """The best rate of this run, in GFLOP/s."""
    then_gflops: float
    """The best rate of the run compared with, in GFLOP/s."""
    ratio: float
    """Now over then: above 1 is faster now."""
    lasting: bool
    """A slow-down beyond everything that those versions ever showed."""


@value
class Earlier:
    """The run compared with."""

    when: str
    """UTC time in ISO 8601."""
    tensorflow: str | None
    """The TensorFlow that ran."""
    python: str | None
    """The Python that ran."""


@value
class History:
    """How an environment's devices moved since an earlier verification."""

    runs: int = 0
    """How many earlier ones are known."""
    compared_with: Earlier | None = None
    """None: there is nothing to compare with."""
    changes: tuple[Change, ...] = ()
    """How each series moved."""


def run_of(found: Verification, when: str) -> Run:
    """Return what is kept of a verification: no pace of a virtual GPU, which is that of whoever else uses the host."""
    measured = [(device.name, item) for device in found.devices if not device.virtual for item in device.matmul]
    measured += [(NUMPY, item) for item in found.blas.matmul]
    return Run(
        when=when,
        tensorflow=found.tensorflow.version,
        python=found.python,
        ok=found.ok,
        import_s=found.import_s,
        rates=tuple((name, item.dtype, item.n, 2e-9 * item.n**3 / item.min_s) for name, item in measured if item.min_s),
    )


def compare(earlier: Sequence[Run], now: Run) -> History:
    """Compare with the last run before the versions last changed, or, if they never did, with the run before.

    `earlier` is in order of time.
    """
    measured = [run for run in earlier if run.paces]
    if not measured or not now.paces:
        return History(runs=len(earlier))
    then = next((run for run in reversed(measured) if run.versions != now.versions), measured[-1])
    group = [run.paces for run in measured if run.versions == then.versions]
    told = Earlier(when=then.when, tensorflow=then.tensorflow, python=then.python)
    changes = tuple(_changes(then.paces, now.paces, group))
    return History(runs=len(earlier), compared_with=told, changes=changes)


def _changes(then: Paces, now: Paces, group: Sequence[Paces]) -> Iterator[Change]:
    """One change a device and type, at the largest size both measured: there throughput is timed, and not dispatch.

    `group` are the runs of the versions of `then`.
    """
    largest: dict[tuple[str, str], int] = {}
    for device, dtype, n in (series for series in now if series in then):
        largest[device, dtype] = max(n, largest.get((device, dtype), 0))
    for (device, dtype), n in largest.items():
        key = (device, dtype, n)
        rate, before = now[key], then[key]
        lasting = _slower_than_ever(key, rate / _busy(key, then, now), group)
        yield Change(
            device=device, dtype=dtype, n=n, now_gflops=rate, then_gflops=before, ratio=rate / before, lasting=lasting
        )


def _busy(series: Series, then: Paces, now: Paces) -> float:
    """Return how much less NumPy got out of the same cores than then (1: no less): that much is the machine's doing."""
    device, dtype, n = series
    key = (NUMPY, dtype, n)
    known = device.startswith("CPU") and key in now and key in then
    return min(1.0, now[key] / then[key]) if known else 1.0


def _slower_than_ever(series: Series, rate: float, group: Sequence[Paces]) -> bool:
    """A slow-down counts if it is further below the slowest earlier run than the earlier runs are apart, by a tenth."""
    rates = [paces[series] for paces in group if series in paces]
    slowest, fastest = min(rates), max(rates)
    return rate < 0.9 * slowest * (slowest / fastest)


def history_findings(history: History, now: Run) -> Iterator[Finding]:
    """Say what became slower, since when and after which change of versions."""
    then = history.compared_with
    for change in history.changes if then else ():
        if change.lasting and change.device != NUMPY and then:
            since = f"{day(then.when)}{after(then, now)}"
            yield Finding(
                severity="note",
                title=f"{change.device} is {1 / change.ratio:.1f} times slower than on {since}",
                detail=f"{change.dtype} {change.n}: {change.now_gflops:.0f} GFLOP/s now, {change.then_gflops:.0f} then",
            )


def after(then: Earlier, now: Run) -> str:
    """Return ` after tensorflow 2.19.1 → 2.20.0` and the like; empty if no version changed."""
    pairs = (("tensorflow", then.tensorflow, now.tensorflow), ("Python", then.python, now.python))
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


def to_line(run: Run) -> str:
    """Return a run as one JSON object, without a line end."""
    return json.dumps(encode(run))


def from_line(text: str) -> Run:
    """Return the run of a line.

    Raises:
        msgspec.DecodeError, ValueError: it is none.
    """
    run = msgspec.json.decode(text, type=Run)
    day(run.when)
    return run
