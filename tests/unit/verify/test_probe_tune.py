"""The pieces of a lane that can be asked without TensorFlow: turns, processors, the right answer of training."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tfsetup.verify.probes import processors, tune, workloads


def workload(seconds: float, runs: list[int]) -> workloads.Workload:
    made = workloads.Workload("one", lambda: runs.append(1), 1e-7)
    runs.clear()
    made.seconds = seconds
    return made


@pytest.mark.parametrize(
    ("seconds", "runs"),
    [(0.2, 1), (0.05, 2), (0.01, 1 + 10), (0.0001, 1 + 50), (0.0, 1 + 50)],
)
def test_a_turn_has_as_many_runs_as_fit_and_short_ones_warm_up_first(seconds: float, runs: int) -> None:
    made: list[int] = []
    assert min(tune.turn(workload(seconds, made))) >= 0
    assert len(made) == runs


def test_a_turn_tells_the_clock_s_seconds_and_the_processors() -> None:
    slept, worked = tune.turn(workloads.Workload("sleeps", lambda: time.sleep(0.05), None))
    assert slept >= 0.05
    assert worked < slept / 2


def test_a_workload_is_run_before_it_is_timed_and_says_what_it_is() -> None:
    runs: list[int] = []
    made = workloads.Workload("one", lambda: runs.append(1), 1e-7, "float16")
    assert len(runs) == 2
    assert made.key == ("one", "float16")
    assert made.as_event() == {
        "name": "one", "variant": "float16", "seconds": made.seconds, "max_rel_error": 1e-7,
    }  # fmt: skip


def test_two_hardware_threads_of_a_core_count_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {0, 1, 2, 3}, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    for number in range(4):
        folder = tmp_path / f"cpu{number}" / "topology"
        folder.mkdir(parents=True)
        (folder / "thread_siblings_list").write_text(f"{number % 2},{number % 2 + 2}\n")
    assert processors._cores(tmp_path) == 2
    (tmp_path / "cpu3/topology/thread_siblings_list").unlink()
    assert processors._cores(tmp_path) is None


@pytest.mark.parametrize(
    ("files", "quota"),
    [
        ({"cpu.max": "250000 100000\n"}, 2.5),
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu.max": "nonsense\n"}, None),
        ({"cpu/cpu.cfs_quota_us": "50000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 0.5),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({"cpu/cpu.cfs_quota_us": "5\n", "cpu/cpu.cfs_period_us": "0\n"}, None),
        ({}, None),
    ],
)
def test_a_container_s_share_is_read_of_both_kinds_of_groups(
    tmp_path: Path, files: dict[str, str], quota: float | None
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert processors._quota(tmp_path) == quota


def test_what_training_comes_to_is_gradient_descent() -> None:
    random = np.random.default_rng(1)
    start = [random.standard_normal((4, 3)), random.standard_normal((3, 2))]
    inputs, wanted = random.standard_normal((5, 4)), random.standard_normal((5, 2))

    def loss(weights: list[np.ndarray]) -> float:
        return float(np.mean((np.maximum(inputs @ weights[0], 0) @ weights[1] - wanted) ** 2))

    weights = [each.copy() for each in start]
    for _step in range(workloads.STEPS):
        slopes = [np.zeros_like(each) for each in weights]
        for layer, each in enumerate(weights):
            for place in np.ndindex(*each.shape):
                step = np.zeros_like(each)
                step[place] = 1e-6
                moved = [[one + sign * step if number == layer else one for number, one in enumerate(weights)]
                         for sign in (1, -1)]  # fmt: skip
                slopes[layer][place] = (loss(moved[0]) - loss(moved[1])) / 2e-6
        weights = [each - workloads.RATE * slope for each, slope in zip(weights, slopes, strict=True)]
    for mine, theirs in zip(workloads.trained(np, start, inputs, wanted), weights, strict=True):
        assert mine == pytest.approx(theirs, abs=1e-7)
