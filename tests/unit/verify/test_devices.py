"""The verdict on a device: the worst of what was seen, with the number that decided it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tfsetup.matrix.model import Expectation
from tfsetup.verify.devices import CALL_S, best_of, devices, missing, product, wrong
from tfsetup.verify.model import Device, Failure, Matmul, ProbeOutcome
from tfsetup.verify.observed import Observed

RIGHT = Matmul(
    n=512, dtype="float32", median_s=0.01, min_s=0.01, gflops=26.8, max_rel_error=1e-7, checksum_error=1e-7,
    tolerance=1e-5, finite=True, repeatable=True, placed_on="CPU:0", runs=5,
)  # fmt: skip


def timed(device: str, seconds: float = 0.01, **more: Any) -> dict[str, Any]:
    """Return the event of a right product of 512-by-512 matrices."""
    return {
        "event": "matmul", "device": device, "n": 512, "dtype": "float32", "median_s": seconds, "min_s": seconds,
        "spread": 0.0, "gflops": 2e-9 * 512**3 / seconds, "max_rel_error": 1e-7, "checksum_error": 1e-7,
        "finite": True, "repeatable": True, "placed_on": device, "runs": 5, **more,
    }  # fmt: skip


def listed(*names: str, measured: bool = True) -> dict[str, Any]:
    found = [{"name": name, "type": name.split(":")[0], "measured": measured} for name in names]
    return {"event": "devices", "devices": found}


def judged(*events: dict[str, Any], failure: Failure | None = None, expect: Expectation | None = None) -> list[Device]:
    seen = Observed(outcome=ProbeOutcome(python="python", ended="finished", events=events))
    return list(devices(seen, expect, failure))


def test_a_product_is_read_with_the_limit_of_its_type() -> None:
    found = product(timed("GPU:0"))
    assert (found.n, found.dtype, found.placed_on, found.runs) == (512, "float32", "GPU:0", 5)
    assert found.tolerance is not None
    relaxed = product(timed("GPU:0"), tensor_float_32=True)
    assert relaxed.tolerance is not None
    assert relaxed.tolerance > found.tolerance


def test_a_product_that_failed_has_no_numbers() -> None:
    error = {"type": "NotFoundError", "message": "No registered 'MatMul' OpKernel"}
    found = product({"event": "matmul", "n": 512, "dtype": "float64", "error": error})
    assert found.error == "NotFoundError: No registered 'MatMul' OpKernel"
    assert (found.median_s, found.gflops, found.tolerance) == (None, None, None)


def test_what_the_probe_spells_out_is_no_number() -> None:
    found = product(timed("GPU:0", max_rel_error="nan", finite=False))
    assert found.max_rel_error is None
    assert wrong(found) == "float32 512: the result holds NaN or infinity"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, None),
        ({"error": "no kernel"}, None),
        ({"max_rel_error": 0.5}, "error 5.0e-01 > 1.0e-05"),
        ({"checksum_error": 0.5}, "checksum error 5.0e-01 > 1.0e-05"),
        ({"max_rel_error": None}, "error nan > 1.0e-05"),
        ({"finite": False}, "NaN or infinity"),
    ],
)
def test_a_wrong_product_says_by_how_much(changes: dict[str, Any], words: str | None) -> None:
    found = wrong(replace(RIGHT, **changes))
    assert (found is None) == (words is None)
    assert words is None or words in str(found)


def test_the_best_is_of_the_headline_s_type_where_that_was_measured() -> None:
    half = replace(RIGHT, dtype="float16", gflops=90.0)
    failed = replace(RIGHT, gflops=99.0, error="no kernel")
    assert best_of([RIGHT, half, failed]) is RIGHT
    assert best_of([half]) is half
    assert best_of([failed]) is None
    assert best_of([]) is None


def test_a_right_device_shows_its_number() -> None:
    (cpu,) = judged(listed("CPU:0"), timed("CPU:0"))
    assert cpu.status == "ok"
    assert cpu.reason.startswith("27 GFLOP/s at 512, error 1.0e-07 ≤ ")


NO_KERNEL: dict[str, Any] = {"error": {"type": "NotFoundError", "message": "no kernel"}}


@pytest.mark.parametrize(
    ("events", "status", "words"),
    [
        ([timed("GPU:0", **NO_KERNEL)], "failed", "float32 512: NotFoundError: no kernel"),
        ([timed("GPU:0", placed_on="CPU:0")], "fallback", "float32 512 was put on GPU:0 and ran on CPU:0"),
        ([timed("GPU:0", max_rel_error=0.9)], "wrong", "float32 512: error 9.0e-01 > "),
        ([timed("GPU:0", dtype="float64", **NO_KERNEL)], "failed", "NotFoundError: no kernel"),
        ([timed("GPU:0"), timed("GPU:0", dtype="float64", **NO_KERNEL)], "ok", "27 GFLOP/s at 512"),
        ([timed("GPU:0"), {"event": "check", "device": "GPU:0", "name": "convolution", **NO_KERNEL}], "failed",
         "convolution: NotFoundError: no kernel"),
        ([timed("GPU:0"), {"event": "check", "device": "GPU:0", "name": "convolution", "finite": False}], "wrong",
         "convolution: values are NaN or infinite"),
        ([], "skipped", "not reached within the time allowed"),
    ],
)  # fmt: skip
def test_the_worst_of_what_was_seen_is_the_verdict(events: list[dict[str, Any]], status: str, words: str) -> None:
    _cpu, gpu = judged(listed("CPU:0", "GPU:0"), timed("CPU:0", 1.0), *events)
    assert gpu.status == status
    assert gpu.reason.startswith(words)


def test_a_device_one_does_not_compute_on_is_left_out() -> None:
    (device,) = judged(listed("XLA_CPU:0", measured=False))
    assert (device.status, device.reason) == ("skipped", "not a device one computes on")


def test_the_device_at_which_the_process_died_has_failed_and_later_ones_had_no_turn() -> None:
    step = {"event": "step", "what": "matmul float32 512", "device": "GPU:0"}
    died = Failure(kind="crash", signal="SIGSEGV")
    first, second = judged(listed("GPU:0", "GPU:1"), step, failure=died)
    assert (first.status, first.reason) == ("failed", "the process ended (SIGSEGV) during matmul float32 512")
    assert (second.status, second.reason) == ("skipped", "the process ended before its turn")


def test_an_accelerator_that_only_keeps_up_with_the_cpu_is_slow() -> None:
    _cpu, gpu = judged(listed("CPU:0", "GPU:0"), timed("CPU:0", 0.01), timed("GPU:0", 0.02))
    assert gpu.status == "slow"
    assert gpu.reason == "13 GFLOP/s at 512 at best, 0.50x the CPU's (27)"


@pytest.mark.parametrize(("numpy_s", "status"), [(0.01, "ok"), (0.002, "slow"), (0.0004, "ok")])
def test_a_cpu_is_held_against_numpy_where_that_says_something(numpy_s: float, status: str) -> None:
    assert (numpy_s < CALL_S) == (numpy_s == 0.0004)
    (cpu,) = judged(listed("CPU:0"), timed("CPU:0", 0.01), {"event": "numpy", "n": 512, "min_s": numpy_s})
    assert cpu.status == status


@pytest.mark.parametrize("devices_asked", [(), ("CPU",)])
def test_nothing_is_missing_where_all_is_there(devices_asked: tuple[Any, ...]) -> None:
    cpu = Device(name="CPU:0", type="CPU", status="ok", reason="")
    assert missing([cpu], Expectation(devices=devices_asked, blas=None, arch=None), {}) == ()
    assert missing([cpu], None, {}) == ()


def test_what_was_promised_and_is_not_listed_is_a_fallback() -> None:
    expect = Expectation(devices=("CPU", "GPU"), blas=None, arch=None)
    cpu, gpu = judged(listed("CPU:0"), timed("CPU:0"), expect=expect)
    assert cpu.status == "ok"
    assert (gpu.name, gpu.status) == ("GPU:0", "fallback")
    assert "TensorFlow lists CPU:0" in gpu.reason


def test_a_process_that_listed_nothing_has_no_devices() -> None:
    assert judged() == []


def case(name: str, *, off: float = 0.0, **more: Any) -> dict[str, Any]:
    answer = {"way": "eager", "what": "it", "off": off, "finite": True, **more}
    return {"event": "check", "name": name, "device": "CPU:0", "seconds": 0.1, "cases": [answer]}


def test_the_worst_check_decides() -> None:
    slow = case("speed-of-repeat", off=9.0, limit={"bound": 1.7, "unit": "times as long"})
    raised = case("lstm", error={"type": "InternalError", "message": "out of memory"})
    wrong_one = case("top-k", off=0.5)
    (found,) = judged(listed("CPU:0"), timed("CPU:0"), slow, raised, wrong_one)
    assert (found.status, found.reason.partition(":")[0]) == ("wrong", "top-k")
    (found,) = judged(listed("CPU:0"), timed("CPU:0"), slow, raised)
    assert (found.status, found.reason.partition(":")[0]) == ("failed", "lstm")
    (found,) = judged(listed("CPU:0"), timed("CPU:0"), slow)
    assert (found.status, found.reason.partition(":")[0]) == ("slow", "speed-of-repeat")


def test_a_check_of_speed_says_nothing_of_a_virtual_gpu() -> None:
    slow = case("speed-of-repeat", off=9.0, limit={"bound": 1.7, "unit": "times as long"})
    events = (listed("CPU:0", "GPU:0"), timed("CPU:0"), timed("GPU:0"), slow | {"device": "GPU:0"})
    seen = Observed(outcome=ProbeOutcome(python="python", ended="finished", events=events))
    assert [device.status for device in devices(seen, None, None)] == ["ok", "slow"]
    assert [device.status for device in devices(seen, None, None, virtual=True)] == ["ok", "ok"]
    played = tuple(dict(event) for event in (*events[:-1], slow))  # the CPU beside it is a real one
    seen = Observed(outcome=ProbeOutcome(python="python", ended="finished", events=played))
    assert [device.status for device in devices(seen, None, None, virtual=True)] == ["slow", "ok"]
