"""What can be said about the interpreter and the TensorFlow in it without computing anything."""

from __future__ import annotations

import ctypes
import os
import platform
import re
import struct
import sys
from pathlib import Path
from typing import Any, Sequence  # noqa: UP035 - see channel.py

from .images import file_architecture

# Settings of the user's that change what TensorFlow finds or how fast it is; they are kept, and reported.
INFLUENCES = re.compile(
    r"^(TF_(CPP|ENABLE|DISABLE|FORCE|GPU|NUM|XLA|CUDNN|DETERMINISTIC|USE|AUTOTUNE|PLUGGABLE|METAL)"
    r"|TURN_OFF_REMAPPER$|CUDA_|NVIDIA_|XLA_|OMP_|OPENBLAS_|MKL_|VECLIB_|KMP_|GOTO_|LD_LIBRARY_PATH$|HIP_|ROCR_|KERAS_)"
)
SECRET = re.compile(r"TOKEN|SECRET|PASSWORD|KEY", re.IGNORECASE)


def interpreter(ours: Sequence[str], asked: Sequence[str] = ()) -> dict[str, Any]:
    """Return version, paths and architecture of this interpreter, and settings of the user's; `ours` are not.

    `asked` are variables whose values somebody wants to know, whoever set them; None where one is not there.
    """
    return {
        "python": ".".join(map(str, sys.version_info[:3])),
        "implementation": platform.python_implementation(),
        "executable": sys.executable,
        "prefix": sys.prefix,
        "arch": architecture(),
        "machine": platform.machine(),
        "system": platform.system(),
        "bits": 8 * struct.calcsize("P"),
        "translated": translated(),
        "cores": usable_cores(),
        "clock_ghz": clock_ghz(),
        "asked": {name: os.environ.get(name) for name in asked},
        "influences": {
            key: value
            for key, value in sorted(os.environ.items())
            if INFLUENCES.match(key) and key not in ours and not SECRET.search(key)
        },
    }


def architecture() -> str:
    """Return the architecture this process runs as, from the header of its own executable where that is thin."""
    own = file_architecture("/proc/self/exe" if os.path.exists("/proc/self/exe") else sys.executable)  # noqa: PTH110
    if own and "+" not in own:
        return own
    return {"AMD64": "x86_64", "ARM64": "arm64"}.get(platform.machine(), platform.machine())


def translated() -> bool | None:
    """Tell whether Rosetta translates this process (Apple: `sysctl.proc_translated`); None off macOS."""
    if sys.platform != "darwin":
        return None
    value, size = ctypes.c_int(0), ctypes.c_size_t(4)
    system = ctypes.CDLL(None)
    status = system.sysctlbyname(
        b"sysctl.proc_translated", ctypes.byref(value), ctypes.byref(size), None, ctypes.c_size_t(0)
    )
    return status == 0 and value.value == 1


def clock_ghz() -> float | None:
    """Return the highest clock the system states for a core; None where it states none (as on Apple silicon).

    Linux: cpufreq's `cpuinfo_max_freq` in kHz, else the fastest `cpu MHz` of /proc/cpuinfo; Intel Macs: sysctl in Hz.
    """
    for path, pattern, unit in (
        ("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq", r"^(\d+)", 1e-6),
        ("/proc/cpuinfo", r"^cpu MHz\s*: ([0-9.]+)", 1e-3),
    ):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123
                clocks = re.findall(pattern, file.read(), re.MULTILINE)
        except OSError:
            continue
        if clocks:
            return max(map(float, clocks)) * unit
    if sys.platform != "darwin":
        return None
    value, size = ctypes.c_uint64(0), ctypes.c_size_t(8)
    status = ctypes.CDLL(None).sysctlbyname(
        b"hw.cpufrequency_max", ctypes.byref(value), ctypes.byref(size), None, ctypes.c_size_t(0)
    )
    return value.value * 1e-9 if status == 0 and value.value else None


def free_bytes() -> int | None:
    """Return the memory that could be used now (half of all of it where only that is known); None where unknown.

    Linux says it in `MemAvailable` (proc(5), since 3.14). What it calls free lacks the cache of files, which it gives
    back: after a download nearly nothing is free.
    """
    available = _available(Path("/proc/meminfo"))
    if available is not None:
        return available
    for name, share in (("SC_AVPHYS_PAGES", 1.0), ("SC_PHYS_PAGES", 0.5)):
        try:
            return int(os.sysconf(name) * os.sysconf("SC_PAGE_SIZE") * share)
        except (AttributeError, ValueError, OSError):
            continue
    return None


def _available(meminfo: Path) -> int | None:
    try:
        lines = meminfo.read_text().splitlines()
        return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)
    except (OSError, ValueError, IndexError):
        return None


def usable_cores() -> int:
    """Return the cores this process may run on, which in a container is fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def tensorflow(tf: Any) -> dict[str, Any]:
    """Return version, git version, folder and build facts of an imported TensorFlow."""
    build = {}
    try:
        build = {str(key): value for key, value in dict(tf.sysconfig.get_build_info()).items()}
    except Exception as error:
        build = {"problem": str(error)}
    return {
        "version": str(tf.__version__),
        "git_version": _text(getattr(getattr(tf, "version", None), "GIT_VERSION", None)),
        "folder": os.path.dirname(str(tf.__file__)),  # noqa: PTH120
        "build": build,
        "onednn": onednn(),
        "tensor_float_32": _tensor_float_32(tf),
        "options": options(tf),
    }


def options(tf: Any) -> dict[str, Any]:
    """Return the program's settings of the graph optimizer that say what becomes of a plugin's, where they were made.

    In this interpreter only a start-up file can have made them; `use_plugin_optimizers` is there from 2.6 on.
    """
    try:
        made = dict(tf.config.optimizer.get_experimental_options())
    except Exception:  # a stand-in, or a TensorFlow that has no such question
        return {}
    return {name: made[name] for name in ("use_plugin_optimizers", "remapping") if name in made}


def onednn() -> bool | None:
    """Tell whether TensorFlow's oneDNN kernels are in use; None where this TensorFlow has no such question."""
    for module, name in (
        ("tensorflow.python.util._pywrap_util_port", "IsMklEnabled"),
        ("tensorflow.python._pywrap_util_port", "IsMklEnabled"),
    ):
        try:
            return bool(getattr(__import__(module, fromlist=[name]), name)())
        except (ImportError, AttributeError):
            continue
    return None


def _tensor_float_32(tf: Any) -> bool | None:
    try:
        return bool(tf.config.experimental.tensor_float_32_execution_enabled())
    except AttributeError:
        return None


def _text(value: Any) -> str | None:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return None if value is None else str(value)
