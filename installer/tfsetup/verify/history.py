"""What earlier verifications of an environment measured, and how the newest compares; `history_file` keeps them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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
    """How one series moved: GFLOP/s now and then, and `ratio`, now over then."""

    device: str
    dtype: str
    n: int
    now: float
    then: float

    @property
    def ratio(self) -> float:
        """Above 1: faster now."""
        return self.now / self.then


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """The newest run against an earlier one. `lasting` are slow-downs beyond everything that version ever showed."""

    then: Run
    now: Run
    changes: tuple[Change, ...]
    lasting: tuple[Change, ...]


def run_of(found: Verification, when: str) -> Run:
    """Return what is kept of a verification."""
    rates = {
        (device.name, item.dtype, item.n): 2e-9 * item.n**3 / item.min_s
        for device in found.devices
        for item in device.matmul
        if item.min_s
    }
    for blas in found.blas:
        rates |= {(NUMPY, item.dtype, item.n): 2e-9 * item.n**3 / item.min_s for item in blas.matmul if item.min_s}
    return Run(
        when=when,
        tensorflow=found.tensorflow,
        python=found.python_version,
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
    changes = tuple(_changes(then, now))
    lasting = tuple(change for change in changes if _slower_than_ever(change, group, _busy(change, then, now)))
    return Comparison(then=then, now=now, changes=changes, lasting=lasting)


def _versions(run: Run) -> tuple[str | None, str | None]:
    return run.tensorflow, run.python


def _changes(then: Run, now: Run) -> Iterator[Change]:
    """One change a device and type, at the largest size both measured: there throughput is timed, and not dispatch."""
    largest: dict[tuple[str, str], int] = {}
    for device, dtype, n in now.rates:
        if (device, dtype, n) in then.rates:
            largest[device, dtype] = max(n, largest.get((device, dtype), 0))
    for (device, dtype), n in largest.items():
        key = (device, dtype, n)
        yield Change(device=device, dtype=dtype, n=n, now=now.rates[key], then=then.rates[key])


def _busy(change: Change, then: Run, now: Run) -> float:
    """Return how much less NumPy got out of the same cores than then (1: no less): that much is the machine's doing."""
    key = (NUMPY, change.dtype, change.n)
    if not change.device.startswith("CPU") or key not in now.rates or key not in then.rates:
        return 1.0
    return min(1.0, now.rates[key] / then.rates[key])


def _slower_than_ever(change: Change, group: Sequence[Run], busy: float) -> bool:
    """A slow-down counts if it is further below the slowest earlier run than the earlier runs are apart, by a tenth."""
    rates = [run.rates[key] for run in group if (key := (change.device, change.dtype, change.n)) in run.rates]
    slowest, fastest = min(rates), max(rates)
    return change.now / busy < 0.9 * slowest * (slowest / fastest)


def history_findings(comparison: Comparison | None) -> Iterator[Finding]:
    """Say what became slower, since when and after which change of versions."""
    if comparison is None:
        return
    for change in comparison.lasting:
        if change.device == NUMPY:
            continue
        yield Finding(
            severity="note",
            title=f"{change.device} is {1 / change.ratio:.1f} times slower than on {day(comparison.then.when)}"
            + after(comparison),
            detail=f"{change.dtype} {change.n}: {change.now:.0f} GFLOP/s now, {change.then:.0f} then",
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


def comparison_data(comparison: Comparison | None, runs: int) -> dict[str, Any]:
    """Return the JSON form: the number of earlier runs, the one compared with, and how each series moved."""
    if comparison is None:
        return {"runs": runs, "compared_with": None, "changes": []}
    then = comparison.then
    return {
        "runs": runs,
        "compared_with": {"when": then.when, "tensorflow": then.tensorflow, "python": then.python},
        "changes": [
            {
                "device": change.device,
                "dtype": change.dtype,
                "n": change.n,
                "now_gflops": change.now,
                "then_gflops": change.then,
                "ratio": change.ratio,
                "lasting": change in comparison.lasting,
            }
            for change in comparison.changes
        ],
    }


def to_line(run: Run) -> dict[str, Any]:
    """Return a run as one JSON object."""
    rates = [[device, dtype, n, rate] for (device, dtype, n), rate in run.rates.items()]
    return {
        "schema": 1,
        "when": run.when,
        "tensorflow": run.tensorflow,
        "python": run.python,
        "ok": run.ok,
        "import_s": run.import_s,
        "rates": rates,
    }


def from_line(line: Mapping[str, Any]) -> Run:
    """Return the run of a JSON object.

    Raises:
        KeyError, TypeError, ValueError: it is not such an object.
    """
    if line["schema"] != 1:
        raise ValueError("a schema of another tfsetup")
    day(line["when"])
    return Run(
        when=line["when"],
        tensorflow=line["tensorflow"],
        python=line["python"],
        ok=bool(line["ok"]),
        import_s=line["import_s"],
        rates={(str(device), str(dtype), int(n)): float(rate) for device, dtype, n, rate in line["rates"] if rate > 0},
    )
