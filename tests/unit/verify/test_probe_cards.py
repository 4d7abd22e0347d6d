"""What NVIDIA's driver says of its GPUs, asked of a driver that is none."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path
from typing import Any

import pytest

from support.tiny_c import built, has_gcc
from tfsetup.verify.probes import cards as room
from tfsetup.verify.probes.cards import CLOCK_KHZ, MAJOR, MINOR, MULTIPROCESSORS, cards

H100 = {MULTIPROCESSORS: 132, CLOCK_KHZ: 1_980_000, MAJOR: 9, MINOR: 0}
T4 = {MULTIPROCESSORS: 40, CLOCK_KHZ: 1_590_000, MAJOR: 7, MINOR: 5}


class Device:
    def __init__(self, name: str, capability: tuple[int, int] | None) -> None:
        self.name = name
        self.details = {"compute_capability": capability} if capability else {}


class Driver:
    """Answers as libcuda does: a status, and the value through a pointer."""

    def __init__(self, *known: dict[int, int], starts: int = 0) -> None:
        self.known, self.starts, self.asked = known, starts, 0

    def cuInit(self, _flags: int) -> int:  # noqa: N802
        self.asked += 1
        return self.starts

    def cuDeviceGet(self, device: Any, number: Any) -> int:  # noqa: N802
        if number.value >= len(self.known):
            return 101
        device._obj.value = number.value
        return 0

    def cuDeviceGetAttribute(self, value: Any, which: Any, device: Any) -> int:  # noqa: N802
        attributes = self.known[device.value]
        if which.value not in attributes:
            return 1
        value._obj.value = attributes[which.value]
        return 0


def test_each_device_is_asked_by_its_number() -> None:
    devices = [Device("CPU:0", None), Device("GPU:1", (7, 5)), Device("GPU:0", (9, 0))]
    assert cards(devices, Driver(H100, T4)) == [
        {"device": "GPU:1", "multiprocessors": 40, "clock_ghz": pytest.approx(1.59), "compute_capability": "7.5"},
        {"device": "GPU:0", "multiprocessors": 132, "clock_ghz": pytest.approx(1.98), "compute_capability": "9.0"},
    ]


def test_a_machine_without_such_devices_asks_no_driver() -> None:
    driver = Driver(H100)
    assert cards([Device("CPU:0", None), Device("GPU:0", None)], driver) == []
    assert driver.asked == 0


@pytest.mark.parametrize("driver", [Driver(), Driver(H100, starts=100)], ids=["no such device", "does not start"])
def test_a_driver_that_refuses_says_nothing(driver: Driver) -> None:
    assert cards([Device("GPU:0", (9, 0))], driver) == []


@pytest.mark.parametrize("lost", [MULTIPROCESSORS, CLOCK_KHZ, MAJOR])
def test_what_the_driver_does_not_know_is_none(lost: int) -> None:
    (found,) = cards([Device("GPU:0", (9, 0))], Driver({key: value for key, value in H100.items() if key != lost}))
    unknown = {MULTIPROCESSORS: "multiprocessors", CLOCK_KHZ: "clock_ghz", MAJOR: "compute_capability"}
    assert [key for key, value in found.items() if value is None] == [unknown[lost]]


def test_a_clock_of_nothing_is_none() -> None:
    (found,) = cards([Device("GPU:0", (9, 0))], Driver(H100 | {CLOCK_KHZ: 0}))
    assert found["clock_ghz"] is None


def test_without_a_driver_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_driver", lambda: None)
    assert cards([Device("GPU:0", (9, 0))]) == []


# As cuda.h declares them; an H100 behind the number 0.
_LIBCUDA = """
int cuInit(unsigned flags) { return flags; }
int cuDeviceGet(int *device, int number) { *device = number + 40; return number == 0 ? 0 : 101; }
int cuDeviceGetAttribute(int *value, int which, int device) {
    if (device != 40) return 101;
    *value = which == 16 ? 132 : which == 13 ? 1980000 : which == 75 ? 9 : 0;
    return 0;
}
"""


@pytest.mark.process
@pytest.mark.skipif(sys.platform != "linux" or not has_gcc(), reason="needs gcc on Linux")
def test_a_real_library_is_called_as_cuda_h_says(tmp_path: Path) -> None:
    library = tmp_path / "libcuda.so.1"
    library.write_bytes(built(library.name, {"c": _LIBCUDA, "flags": "-fPIC"}, {}))
    assert cards([Device("GPU:0", (9, 0)), Device("GPU:1", (9, 0))], ctypes.CDLL(str(library))) == [
        {"device": "GPU:0", "multiprocessors": 132, "clock_ghz": pytest.approx(1.98), "compute_capability": "9.0"}
    ]
