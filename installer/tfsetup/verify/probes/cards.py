"""What NVIDIA's driver says of its GPUs beyond TensorFlow: how many multiprocessors, and their highest clock.

TensorFlow has started the driver before. A device keeps its number: both count what `CUDA_VISIBLE_DEVICES` leaves.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Any, Sequence  # noqa: UP035 - see channel.py

# CUdevice_attribute of cuda.h, "CUDA Driver API, Device Management".
MULTIPROCESSORS, CLOCK_KHZ, MAJOR, MINOR = 16, 13, 75, 76


def cards(devices: Sequence[Any], driver: Any = None) -> list[dict[str, Any]]:
    """Return what the driver says of each device that has a compute capability; nothing where it cannot be asked."""
    mine = [device for device in devices if device.details.get("compute_capability")]
    if not mine:
        return []
    driver = driver or _driver()
    if driver is None or driver.cuInit(0) != 0:
        return []
    asked = ((device.name, _card(driver, int(device.name.split(":")[-1]))) for device in mine)
    return [dict(card, device=name) for name, card in asked if card]


def _driver() -> Any:
    try:
        if sys.platform == "win32":
            return ctypes.WinDLL("nvcuda.dll")
        return ctypes.CDLL("libcuda.so.1")
    except OSError:  # AMD's GPUs may state a capability too
        return None


def _card(driver: Any, number: int) -> dict[str, Any]:
    device = ctypes.c_int(0)
    if driver.cuDeviceGet(ctypes.byref(device), ctypes.c_int(number)) != 0:
        return {}
    count, khz, major, minor = (
        _attribute(driver, device, which) for which in (MULTIPROCESSORS, CLOCK_KHZ, MAJOR, MINOR)
    )
    return {
        "multiprocessors": count,
        "clock_ghz": khz * 1e-6 if khz else None,
        "compute_capability": None if major is None or minor is None else f"{major}.{minor}",
    }


def _attribute(driver: Any, device: Any, which: int) -> int | None:
    value = ctypes.c_int(0)
    status = driver.cuDeviceGetAttribute(ctypes.byref(value), ctypes.c_int(which), device)
    return value.value if status == 0 else None
