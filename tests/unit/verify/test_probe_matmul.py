"""The sweep over sizes and devices, with NumPy for a TensorFlow: what is sent, and who leaves early."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.verify.probes import matmul
from tfsetup.verify.probes.devices import Device
from tfsetup.verify.probes.matmul import FEWEST, Lane, NumpyLane, Plan, Sweep, host, levelled, median
from tfsetup.verify.tolerance import tolerance


class Tensor:
    """An array on a device."""

    def __init__(self, array: Any, device: str) -> None:
        self.array = array
        self.device = f"/job:localhost/device:{device}"

    def numpy(self) -> Any:
        return self.array


class OpError(Exception):
    """As TensorFlow has it."""


class TensorFlow:
    """The few names that the sweep calls. `without`: devices that have no kernel for a product, or for a maximum."""

    def __init__(self, no_product: str = "", no_maximum: str = "") -> None:
        self.linalg = self
        self.errors = SimpleNamespace(OpError=OpError)
        self.no_product, self.no_maximum = no_product, no_maximum
        self.placed = "CPU:0"
        self.fetched = 0

    def device(self, name: str) -> Any:
        self.placed = name.removeprefix("/device:")
        return nullcontext()

    def identity(self, tensor: Tensor) -> Tensor:
        return Tensor(tensor.array, self.placed)

    def cast(self, array: Any, dtype: str) -> Tensor:
        return Tensor(array.astype(dtype), self.placed)

    def matmul(self, a: Tensor, b: Tensor) -> Tensor:
        if self.placed == self.no_product:
            raise OpError("no kernel here")
        return Tensor(a.array @ b.array, self.placed)

    def reduce_max(self, tensor: Tensor) -> Tensor:
        if self.placed == self.no_maximum:
            raise OpError("no kernel here")
        self.fetched += 1
        return Tensor(tensor.array.max(), self.placed)


class Sent:
    """A channel that keeps what it is told."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def send(self, event: str, **fields: Any) -> None:
        self.events.append({"event": event, **fields})

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == kind]


def device(name: str) -> Device:
    kind = name.split(":", maxsplit=1)[0]
    return Device(SimpleNamespace(name=f"/physical_device:{name}", device_type=kind), {})


def swept(tf: TensorFlow, *names: str, dtype: str = "float32", **options: Any) -> Sent:
    """Return what a sweep of 16-by-16 products sends."""
    channel = Sent()
    plan = Plan({"sizes": [16], "budget_s": 5.0, **options})
    plan.runs = FEWEST
    Sweep(channel, tf, np, plan).run([device(name) for name in names], dtype)  # type: ignore[arg-type]
    return channel


@pytest.fixture(autouse=True)
def _no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matmul, "REST_S", 0.0)


def test_each_device_and_numpy_send_their_numbers() -> None:
    sent = swept(TensorFlow(), "CPU:0", "GPU:0")
    assert [event["what"] for event in sent.of("step")] == ["matmul float32 16"] * 2
    products = sent.of("matmul")
    assert [event["device"] for event in products] == ["CPU:0", "GPU:0"]
    for event in products:
        assert (event["n"], event["runs"], event["placed_on"]) == (16, FEWEST, event["device"])
        assert event["finite"]
        assert event["repeatable"]
        assert event["fetched"] == "largest element"
        assert event["max_rel_error"] < tolerance("float32", 16)
        assert event["gflops"] == pytest.approx(2e-9 * 16**3 / event["median_s"])
        assert event["min_s"] <= event["median_s"]
    (numpy,) = sent.of("numpy")
    assert numpy["reference_error"] < tolerance("float32", 16)


def test_numpy_takes_part_in_its_own_type_only() -> None:
    sent = swept(TensorFlow(), "CPU:0", dtype="float64")
    assert sent.of("numpy") == []
    assert sent.of("matmul")[0]["max_rel_error"] < tolerance("float64", 16)


def test_a_device_without_the_kernel_says_so_and_leaves() -> None:
    sent = swept(TensorFlow(no_product="GPU:0"), "CPU:0", "GPU:0", sizes=[16, 32])
    errors = [event for event in sent.of("matmul") if "error" in event]
    assert [(event["device"], event["n"], event["error"]["type"]) for event in errors] == [("GPU:0", 16, "OpError")]
    assert [event["n"] for event in sent.of("matmul") if event["device"] == "CPU:0"] == [16, 32]


def test_where_nobody_can_multiply_nothing_is_compared() -> None:
    sent = swept(TensorFlow(no_product="CPU:0"), "CPU:0", sizes=[16, 32])
    assert len(sent.of("matmul")) == 1
    assert sent.of("numpy") == []


def test_a_device_without_a_maximum_is_fetched_whole() -> None:
    tf = TensorFlow(no_maximum="GPU:0")
    (event,) = swept(tf, "GPU:0").of("matmul")
    assert event["fetched"] == "whole result"
    assert tf.fetched == 0


def test_a_lane_is_warm_before_it_counts() -> None:
    tf = TensorFlow()
    numbers = np.ones((4, 4), np.float32)
    lane = Lane(tf, device("CPU:0"), Tensor(numbers, "CPU:0"), Tensor(numbers, "CPU:0"))
    assert (lane.samples, lane.values, tf.fetched) == ([], [], 2)
    lane.sample()
    assert lane.values == [4.0]
    numpy = NumpyLane(np, numbers, numbers)
    assert numpy.samples == []
    assert numpy.sample() == numpy.samples[0]
    assert (numpy.result == 4.0).all()


def test_sizes_that_would_not_fit_into_the_time_are_not_begun() -> None:
    sweep = Sweep(Sent(), TensorFlow(), np, Plan({}))  # type: ignore[arg-type]
    gpu = device("GPU:0")
    assert sweep._worth(gpu, 512, 0.0)  # what was never measured is tried once
    sweep.rates["GPU:0"] = [1e9]
    assert sweep._worth(gpu, 512, 10.0)
    assert not sweep._worth(gpu, 512, 1.0)
    sweep.rates["GPU:0"] = [1e12, 1e12, 1e12]
    assert not sweep._worth(gpu, 512, 10.0)


def test_a_narrow_type_is_widened_before_it_is_judged() -> None:
    narrow = SimpleNamespace(numpy=lambda: np.ones(3, np.float16))
    assert host(np, narrow).dtype == np.float32
    wide = SimpleNamespace(numpy=lambda: np.ones(3, np.float64))
    assert host(np, wide).dtype == np.float64


RATES = st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=9)


@given(RATES)
def test_a_median_lies_between_the_ends(values: list[float]) -> None:
    assert min(values) <= median(values) <= max(values)
    assert median([*values, *values]) == pytest.approx(median(values))


@given(RATES)
def test_a_sweep_that_keeps_growing_never_levels_off(values: list[float]) -> None:
    assert not levelled([rate * 2.0**step for step, rate in enumerate([1.0] * len(values))])


def test_memory_limits_the_sizes() -> None:
    plan = Plan({"mode": "full"})
    plan.free = None
    assert plan.steps() == [128, 256, 512, 1024, 2048, 4096, 8192]
    plan.free = 4 * matmul.BYTES * 600**2
    assert plan.steps() == [128, 256, 512]
    plan.free = 0
    assert plan.steps() == [128]
