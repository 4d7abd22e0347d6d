"""A product of matrices on each device: is it right, is it where it was put, how long does it take.

The clock stops when a number computed from every element of the result has reached the host (`reduce_max`), so that
nothing is left running; the whole result is fetched once more outside the clock and compared with float64.
Devices take turns within a round: timed one after the other, the first heats the machine for the second. NumPy
follows after each size of float32: its rate on the same cores a moment later is what a CPU device is held against. It
does not take part in the rounds, because OpenBLAS' threads go on spinning after a product and would slow the next one.
"""

from __future__ import annotations

import time
from typing import Any

from .channel import Channel, describe
from .devices import Device, actual
from .facts import free_bytes
from .numerics import Reference, operands

GROWTH = 1.08  # doubling the size must bring this much more throughput, or it has levelled off
BYTES = 40  # an element's share of all copies: operands, results and the reference, on the host and on its device
REST_S = 0.1  # OpenBLAS' threads fall asleep some 30 ms after their last product (its THREAD_TIMEOUT)
FEWEST = 3  # runs from which a median is taken, however slow the machine


class Plan:
    """What to measure: `sizes` None means doubling from `first` until throughput levels off or time runs out."""

    def __init__(self, options: dict[str, Any]) -> None:
        """Read the probe's options: `mode`, `sizes`, `dtypes`, `budget_s` (seconds a type of number may take)."""
        quick = options.get("mode", "quick") == "quick"
        self.sizes: list[int] | None = options.get("sizes") or None
        self.first = 512 if quick else 128
        self.last = 2048 if quick else 8192
        self.dtypes = options.get("dtypes") or (["float32"] if quick else ["float32", "float16", "bfloat16", "float64"])
        self.free = free_bytes()
        self.runs = 5 if quick else 9
        self.budget_s = float(options.get("budget_s") or (2.0 if quick else 6.0))

    def steps(self) -> list[int]:
        """Return the sizes in the order they are tried."""
        sizes, size = [], self.first
        while size <= self.last and (self.free is None or BYTES * size**2 < self.free / 4):
            sizes.append(size)
            size *= 2
        return self.sizes or sizes or [self.first]


class Lane:
    """One device with its operands; `samples` are seconds, `values` what was fetched inside the clock."""

    def __init__(self, tf: Any, device: Device, a: Any, b: Any) -> None:
        """Put the operands on the device and multiply twice: the first pays for set-up, the second for caches."""
        self.tf = tf
        self.device = device
        self.samples: list[float] = []
        self.values: list[float] = []
        self.scalar = True
        with tf.device("/device:" + device.name):
            self.a = tf.identity(a)
            self.b = tf.identity(b)
        self.sample()
        self.warm_s = self.sample()
        self.samples.clear()
        self.values.clear()

    def product(self) -> Any:
        """Multiply once, on the device."""
        with self.tf.device("/device:" + self.device.name):
            return self.tf.linalg.matmul(self.a, self.b)

    def sample(self) -> float:
        """Time one product and return its seconds."""
        started = time.perf_counter()
        value = self._fetch(self.product())
        self.samples.append(time.perf_counter() - started)
        self.values.append(value)
        return self.samples[-1]

    def _fetch(self, result: Any) -> float:
        if self.scalar:
            try:
                with self.tf.device("/device:" + self.device.name):
                    return float(self.tf.reduce_max(result).numpy())
            except (self.tf.errors.OpError, ValueError):
                self.scalar = False  # no such kernel on this device: the whole result is fetched inside the clock
        return float(result.numpy().max())


class NumpyLane:
    """NumPy's own product of the same numbers, on the host."""

    def __init__(self, np: Any, a: Any, b: Any) -> None:
        """Multiply once to warm up."""
        self.np = np
        self.a, self.b = a, b
        self.samples: list[float] = []
        self.sample()
        self.samples.clear()

    def sample(self) -> float:
        """Time one product and return its seconds; the floating-point flags Arm SME kernels leave mean nothing."""
        started = time.perf_counter()
        with self.np.errstate(all="ignore"):
            self.result = self.np.matmul(self.a, self.b)
        self.samples.append(time.perf_counter() - started)
        return self.samples[-1]


class Sweep:
    """Every size of one type of number on every device."""

    def __init__(self, channel: Channel, tf: Any, np: Any, plan: Plan) -> None:
        """Keep what all sizes share."""
        self.channel = channel
        self.tf = tf
        self.np = np
        self.plan = plan
        self.rates: dict[str, list[float]] = {}

    def run(self, devices: list[Device], dtype: str) -> None:
        """Send one `matmul` event for each size and device; a device that fails or levels off leaves the sweep."""
        self.rates = {}
        deadline = time.perf_counter() + self.plan.budget_s
        for n in self.plan.steps():
            if not self.plan.sizes:
                devices = [device for device in devices if self._worth(device, n, deadline - time.perf_counter())]
            if not devices:
                return
            devices = self._one_size(devices, dtype, n, (deadline - time.perf_counter()) / 2)

    def _worth(self, device: Device, n: int, left_s: float) -> bool:
        """Tell whether a larger size would tell more and still fit: warm-up, check and runs are about six products."""
        rates = self.rates.get(device.name)
        return not rates or (not levelled(rates) and 6 * 2.0 * n**3 / rates[-1] < left_s)

    def _one_size(self, devices: list[Device], dtype: str, n: int, left_s: float) -> list[Device]:
        numbers = operands(self.np, n)
        with self.tf.device("/device:CPU:0"):
            a, b = (self.tf.cast(each, dtype) for each in numbers)
        lanes = []
        for device in devices:
            self.channel.send("step", what=f"matmul {dtype} {n}", device=device.name)
            try:
                lanes.append(Lane(self.tf, device, a, b))
            except Exception as error:
                self.channel.send("matmul", device=device.name, n=n, dtype=dtype, error=describe(error))
        if not lanes:
            return []
        native = [NumpyLane(self.np, *numbers)] if dtype == "float32" else []
        _rounds(lanes, self.plan.runs, left_s)
        _rounds(native, self.plan.runs, left_s / 2)
        reference = Reference(self.np, host(self.np, a), host(self.np, b))
        for lane in lanes:
            self.rates.setdefault(lane.device.name, []).append(2.0 * n**3 / median(lane.samples))
            self.channel.send("matmul", device=lane.device.name, n=n, dtype=dtype, **self._outcome(lane, n, reference))
        for numpy in native:
            time.sleep(REST_S)
            outcome = reference.compare(numpy.result)
            outcome["reference_error"] = reference.own_error()
            self.channel.send("numpy", n=n, dtype=dtype, **_timing(numpy.samples, n), **outcome)
        return [lane.device for lane in lanes]

    def _outcome(self, lane: Lane, n: int, reference: Reference) -> dict[str, Any]:
        result = lane.product()
        outcome = {
            "placed_on": actual(result),
            "repeatable": len(set(lane.values)) == 1,
            "fetched": "largest element" if lane.scalar else "whole result",
        }
        outcome.update(_timing(lane.samples, n))
        outcome.update(reference.compare(host(self.np, result)))
        return outcome


def _timing(seconds: list[float], n: int) -> dict[str, Any]:
    """Return the numbers of a series: `spread` is the interquartile range over the median."""
    samples = sorted(seconds)
    middle, quarter = median(samples), len(samples) // 4
    return {
        "runs": len(samples),
        "median_s": middle,
        "min_s": samples[0],
        "spread": (samples[-1 - quarter] - samples[quarter]) / middle,
        "gflops": 2e-9 * n**3 / middle,
    }


def _rounds(lanes: list[Any], runs: int, left_s: float) -> None:
    """Let the devices take turns, at least three rounds, then as long as there is time."""
    stop = time.perf_counter() + left_s
    for done in range(runs):
        if done >= FEWEST and time.perf_counter() > stop:
            return
        for lane in lanes:
            lane.sample()


def host(np: Any, tensor: Any) -> Any:
    """Return a tensor as a NumPy array in a type NumPy calculates with; bfloat16 and float16 widen without rounding."""
    array = tensor.numpy()
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float32)


def levelled(rates: list[float]) -> bool:
    """Tell whether the last two doublings brought too little to pay for one that takes eight times longer."""
    return len(rates) > 2 and rates[-1] < GROWTH * rates[-2] and rates[-2] < GROWTH * rates[-3]  # noqa: PLR2004


def median(values: list[float]) -> float:
    """Return the middle value, or the mean of the two in the middle."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
