"""Targets in conda's words: the subdir of a channel, and the virtual packages that stand for a machine. Pure.

Everything comes from `Host`: what the machine that runs the solve is like never enters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from tfsetup.errors import UsageError
from tfsetup.ground.platforms import NAMES, Arch, Platform, x86_level
from tfsetup.ground.versions import pair
from tfsetup.host.model import Host
from tfsetup.locks.conda.model import VirtualPackage
from tfsetup.matrix.model import Target

# What cannot be told about a machine is taken at the least that conda-forge builds for (conda-forge.org, "Minimum
# system requirements", 2026); the kernel is conda-lock's default, because channels hardly ask for it.
_LEAST_GLIBC: Final = "2.17"
_LEAST_MACOS: Final[Mapping[str, str]] = {"x86_64": "10.13", "arm64": "11.0"}
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


def subdir_of(target: Target) -> str:
    """Return the subdir that a target's packages lie in.

    Raises:
        UsageError: no channel has such a subdir.
    """
    platform = Platform.named(target.platform)
    if platform is None or platform.subdir is None:
        raise UsageError(f"No conda channel has packages for {target.platform}.", hint="Use --backend venv.")
    return platform.subdir


def virtual_packages(host: Host, subdir: str) -> tuple[VirtualPackage, ...]:
    """Return the virtual packages of `host` for packages of `subdir` (CEP 30).

    An x86_64 subdir on Apple silicon stands for a translated process: its `__archspec` is x86_64.
    """
    return tuple(_virtual(host, NAMES[subdir]))


def _virtual(host: Host, platform: Platform) -> Iterator[VirtualPackage]:
    if platform.os == "windows":
        version = host.os_version or "0"
        yield VirtualPackage(name="__win", version=_WINDOWS.get(version, version))
    else:
        yield VirtualPackage(name="__unix", version="0")
    if platform.os == "linux":
        yield VirtualPackage(name="__linux", version=_LINUX)
        glibc = host.libc.version if host.libc and host.libc.name == "glibc" else None
        yield VirtualPackage(name="__glibc", version=glibc or _LEAST_GLIBC)
    if platform.os == "macos":
        yield VirtualPackage(name="__osx", version=host.os_version or _LEAST_MACOS[platform.arch])
    cuda = _cuda(host)
    if cuda is not None and platform.os != "macos":
        yield VirtualPackage(name="__cuda", version=cuda)
    yield VirtualPackage(name="__archspec", version="1", build=_archspec(host, platform.arch))


def _cuda(host: Host) -> str | None:
    """Return the newest CUDA that the host's NVIDIA driver carries; None without one or when it is not known."""
    drivers = [gpu.driver for gpu in host.gpus or () if gpu.vendor == "nvidia" and gpu.driver]
    have = pair(drivers[0]) if drivers else None
    if have is None:
        return None
    return next((cuda for cuda, linux, windows in _CUDA if have >= (windows if host.os == "windows" else linux)), None)


def _archspec(host: Host, arch: Arch) -> str:
    if arch == "x86_64":
        level = x86_level((host.cpu and host.cpu.features) or ()) if host.arch == arch else 1
        return arch if level == 1 else f"{arch}_v{level}"
    found = re.match(r"Apple M(\d)", (host.cpu and host.cpu.brand) or "")
    return f"m{found[1]}" if found else "m1" if arch == "arm64" else arch
