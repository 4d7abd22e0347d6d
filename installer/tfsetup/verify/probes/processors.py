"""How many threads this process may run at once, and how many of them have a core, or a fast one, of their own."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from typing import Any

from .facts import usable_cores

CPUS = Path("/sys/devices/system/cpu")
CONTROL = Path("/sys/fs/cgroup")


def threads() -> dict[str, Any]:
    """Return `usable` (what TensorFlow would start), `cores`, `fast` and `quota`; None where that is not known."""
    return {"usable": usable_cores(), "cores": _cores(CPUS), "fast": _fast(), "quota": _quota(CONTROL)}


def _cores(cpus: Path) -> int | None:
    """Return the cores behind the processors this process may use: two hardware threads share one.

    Linux: `topology/thread_siblings_list` of sysfs (kernel documentation, "CPU topology info"); macOS: sysctl.
    """
    if sys.platform == "darwin":
        return _sysctl(b"hw.physicalcpu")
    if not hasattr(os, "sched_getaffinity"):
        return None
    try:
        names = (cpus / f"cpu{number}" / "topology/thread_siblings_list" for number in os.sched_getaffinity(0))
        return len({name.read_text() for name in names}) or None
    except OSError:
        return None


def _fast() -> int | None:
    """Return the performance cores of an Apple chip: level 0 of `hw.perflevel` (Apple, sysctl parameters)."""
    return _sysctl(b"hw.perflevel0.physicalcpu") if sys.platform == "darwin" else None


def _sysctl(name: bytes) -> int | None:
    value, size = ctypes.c_int(0), ctypes.c_size_t(4)
    status = ctypes.CDLL(None).sysctlbyname(name, ctypes.byref(value), ctypes.byref(size), None, ctypes.c_size_t(0))
    return value.value if status == 0 and value.value > 0 else None


def _quota(control: Path) -> float | None:
    """Return the processors' worth of time that a container may use; None: no limit is said.

    `cpu.max` of cgroup 2, `cpu.cfs_quota_us` over `cpu.cfs_period_us` of cgroup 1 (kernel documentation).
    """
    try:
        if (control / "cpu.max").is_file():
            limit, period = (control / "cpu.max").read_text().split()
        else:
            limit = (control / "cpu/cpu.cfs_quota_us").read_text().strip()
            period = (control / "cpu/cpu.cfs_period_us").read_text().strip()
        return int(limit) / int(period) if int(limit) > 0 else None
    except (OSError, ValueError, ZeroDivisionError):
        return None
