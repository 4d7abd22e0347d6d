"""Which of uv's wheels runs here: the platform tags this machine takes, best first. Pure, but for `this_machine`."""

from __future__ import annotations

import os
import platform
import re
import struct
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bootstrap.pages import Offered

_SPELLINGS = {"amd64": "x86_64", "arm64": "aarch64", "i386": "i686", "i586": "i686", "x86": "i686", "armv8l": "armv7l"}
# A 32-bit userland on a 64-bit kernel, as Raspberry Pi OS and old containers are: the kernel's name is not the answer.
_NARROW = {"x86_64": "i686", "aarch64": "armv7l"}
_WINDOWS = {"x86_64": "win_amd64", "aarch64": "win_arm64", "i686": "win32"}
_LIBC = re.compile(r"(many|musl)linux_([0-9]{1,3})_([0-9]{1,3})_([a-z0-9_]+)")
_MACOS = re.compile(r"macosx_([0-9]{1,3})_([0-9]{1,3})_([a-z0-9_]+)")
_OLDER = {"manylinux1": "2_5", "manylinux2010": "2_12", "manylinux2014": "2_17"}


class Machine:
    """`system`: linux, macos, windows or another; `arch` as wheels name it; `libc`: glibc or musl, with its version."""

    def __init__(self, system: str, arch: str, libc: str = "", version: tuple[int, int] = (0, 0)) -> None:
        self.system, self.arch, self.libc, self.version = system, arch, libc, version

    def __str__(self) -> str:
        """Return the machine in words."""
        libc = f" ({self.libc} {self.version[0]}.{self.version[1]})" if self.libc else ""
        return f"{self.system} {self.arch}{libc}"


def best(machine: Machine, offered: Iterable[Offered], version: str) -> list[Offered]:
    """Return the wheels of a uv that run on a machine, the best first; of equally good ones, the first listed."""
    found = []
    for one in offered:
        parts = one.name[:-4].split("-") if one.name.endswith(".whl") else []
        if len(parts) == 5 and parts[0].lower() == "uv" and parts[1] == version:  # noqa: PLR2004
            ranks = [rank for tag in parts[4].split(".") for rank in _rank(machine, tag)]
            if ranks:
                found.append((min(ranks), one))
    return [one for _, one in sorted(found, key=lambda pair: pair[0])]


def _rank(machine: Machine, tag: str) -> Sequence[int]:
    """Return how well a platform tag suits (0 is best), nothing where it does not."""
    if machine.system == "windows":
        return [0] if tag == _WINDOWS.get(machine.arch) else []
    if machine.system == "macos":
        found = _MACOS.fullmatch(tag)
        wanted = "arm64" if machine.arch == "aarch64" else machine.arch
        fits = found and found.group(3) in (wanted, "universal2") and machine.version >= _numbers(found)
        return [0] if fits else []
    if machine.system != "linux":
        return []
    if tag == f"linux_{machine.arch}":
        return [3]
    name, _, arch = tag.partition("_")
    found = _LIBC.fullmatch(f"manylinux_{_OLDER[name]}_{arch}" if name in _OLDER else tag)
    if not found or found.group(4) not in _arches(machine.arch):
        return []
    if found.group(1) == "musl":  # linked statically: it runs wherever nothing better does, whatever the libc
        return [0 if machine.libc == "musl" else 2]
    return [0] if machine.libc == "glibc" and machine.version >= _numbers(found) else []


def _numbers(found: re.Match[str]) -> tuple[int, int]:
    first, second = found.groups()[-3:-1]
    return int(first), int(second)


def _arches(arch: str) -> Sequence[str]:
    return (arch, "armv6l") if arch == "armv7l" else (arch,)


def arch_of(uname: str, bits: int) -> str:
    """Return an architecture as wheels name it, from what the kernel calls itself and the width of this Python."""
    name = uname.lower()
    name = _SPELLINGS.get(name, name)
    return _NARROW.get(name, name) if bits == 32 else name  # noqa: PLR2004


def this_machine() -> Machine:
    """Return what this Python runs on. (Touches the world.)."""
    arch = arch_of(platform.machine(), struct.calcsize("P") * 8)
    if sys.platform == "darwin":
        release = tuple(map(int, (platform.mac_ver()[0] or "11.0").split(".")[:2]))
        # An Intel Python on Apple silicon: what is native is better, and would otherwise be emulated for ever.
        if arch == "x86_64" and _said("/usr/sbin/sysctl", "-n", "hw.optional.arm64") == "1":
            arch = "aarch64"
        # A Python built before macOS 11 is told that it is 10.16.
        version = (11, 0) if release == (10, 16) else (*release, 0)[:2]
        return Machine("macos", arch, version=(version[0], version[1]))
    if sys.platform == "win32":
        return Machine("windows", arch)
    if sys.platform.startswith("linux"):
        return Machine("linux", arch, *_libc())
    return Machine(sys.platform, arch)


def _libc() -> tuple[str, tuple[int, int]]:
    try:
        found = re.fullmatch(r"glibc ([0-9]+)\.([0-9]+).*", os.confstr("CS_GNU_LIBC_VERSION") or "")
    except (AttributeError, OSError, ValueError):
        found = None
    if found:
        return "glibc", (int(found.group(1)), int(found.group(2)))
    return ("musl", (1, 1)) if any(Path("/lib").glob("ld-musl-*")) else ("", (0, 0))


def _said(*words: str) -> str:
    try:
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    except OSError:
        return ""
    return done.stdout.decode("ascii", "replace").strip()
