"""Targets in conda's words: the subdir of a channel, and the virtual packages that stand for a machine. Pure.

Everything comes from `Host`: what the machine that runs the solve is like never enters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tfsetup.errors import UsageError
from tfsetup.host.model import Host
from tfsetup.locks.conda.model import VirtualPackage
from tfsetup.matrix.model import Target

# What cannot be told about a machine is taken at the least that conda-forge builds for (conda-forge.org, "Minimum
# system requirements", 2026); the kernel is conda-lock's default, because channels hardly ask for it.
_LEAST_GLIBC: Final = "2.17"
_LEAST_OSX: Final = {"osx-64": "10.13", "osx-arm64": "11.0"}
_LINUX: Final = "5.10"
_WINDOWS: Final = {"10": "10.0.19041", "11": "10.0.22000"}

# The first driver of each CUDA release (NVIDIA, CUDA Toolkit release notes, "CUDA Toolkit and corresponding driver
# versions"), newest first: Linux, Windows.
_CUDA: Final = (
    ("13.0", (580, 65), (580, 88)),
    ("12.9", (575, 51), (576, 2)),
    ("12.8", (570, 26), (570, 65)),
    ("12.6", (560, 28), (560, 76)),
    ("12.5", (555, 42), (555, 85)),
    ("12.4", (550, 54), (551, 61)),
    ("12.3", (545, 23), (545, 84)),
    ("12.2", (535, 54), (536, 25)),
    ("12.1", (530, 30), (531, 14)),
    ("12.0", (525, 60), (527, 41)),
    ("11.8", (520, 61), (520, 6)),
    ("11.2", (460, 27), (460, 82)),
)

# x86-64 psABI, "Microarchitecture levels", in the spelling of Linux's /proc/cpuinfo.
_LEVELS: Final = (
    ("x86_64_v4", {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}),
    ("x86_64_v3", {"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe"}),
    ("x86_64_v2", {"cx16", "popcnt", "sse4_1", "sse4_2", "ssse3"}),
)


def subdir_of(target: Target) -> str:
    """Return the subdir that a target's packages lie in.

    Raises:
        UsageError: no channel has such a subdir.
    """
    arch, _, system = target.platform.partition("-")
    family = next((ours for theirs, ours in _FAMILIES.items() if theirs in system), None)
    name = {("osx", "aarch64"): "arm64", ("linux", "aarch64"): "aarch64"}.get((family or "", arch))
    if arch == "x86_64":
        name = "64"
    if family is None or name is None:
        raise UsageError(f"No conda channel has packages for {target.platform}.", hint="Use --backend venv.")
    return f"{family}-{name}"


_FAMILIES: Final = {"darwin": "osx", "manylinux": "linux", "windows": "win"}


def virtual_packages(host: Host, subdir: str) -> tuple[VirtualPackage, ...]:
    """Return the virtual packages of `host` for packages of `subdir` (CEP 30).

    An x86_64 subdir on Apple silicon stands for a translated process: its `__archspec` is x86_64.
    """
    return tuple(_virtual(host, subdir))


def _virtual(host: Host, subdir: str) -> Iterator[VirtualPackage]:
    family = subdir.partition("-")[0]
    if family == "win":
        yield VirtualPackage(name="__win", version=_windows(host.os_version))
    else:
        yield VirtualPackage(name="__unix", version="0")
    if family == "linux":
        yield VirtualPackage(name="__linux", version=_LINUX)
        glibc = host.libc.version if host.libc and host.libc.name == "glibc" else None
        yield VirtualPackage(name="__glibc", version=glibc or _LEAST_GLIBC)
    if family == "osx":
        yield VirtualPackage(name="__osx", version=host.os_version or _LEAST_OSX[subdir])
    cuda = _cuda(host)
    if cuda is not None and family != "osx":
        yield VirtualPackage(name="__cuda", version=cuda)
    yield VirtualPackage(name="__archspec", version="1", build=_archspec(host, subdir))


def _windows(version: str | None) -> str:
    if version is None:
        return "0"
    return _WINDOWS.get(version, version)


def _cuda(host: Host) -> str | None:
    """Return the newest CUDA that the host's NVIDIA driver carries; None without one or when it is not known."""
    drivers = [gpu.driver for gpu in host.gpus or () if gpu.vendor == "nvidia" and gpu.driver]
    found = re.match(r"(\d+)\.(\d+)", drivers[0]) if drivers else None
    if found is None:
        return None
    have = (int(found[1]), int(found[2]))
    return next((cuda for cuda, linux, windows in _CUDA if have >= (windows if host.os == "windows" else linux)), None)


def _archspec(host: Host, subdir: str) -> str:
    machine = subdir.partition("-")[2]
    if machine != "64":
        found = re.match(r"Apple M(\d)", (host.cpu and host.cpu.brand) or "")
        return f"m{found[1]}" if found else {"arm64": "m1"}.get(machine, machine)
    have = set((host.cpu and host.cpu.features) or ())
    if host.arch != "x86_64":
        return "x86_64"
    needed: set[str] = set()
    best = "x86_64"
    for level, features in reversed(_LEVELS):
        needed |= features
        if not needed <= have:
            break
        best = level
    return best
