"""The many spellings of an architecture."""

from __future__ import annotations

from typing import Literal, get_args

from tfsetup.host.model import Arch, Os

Bits = Literal[32, 64]

# What uname, Windows and Python's own version string call them.
_SPELLINGS: dict[str, Arch] = {
    "x86_64": "x86_64",
    "amd64": "x86_64",
    "x64": "x86_64",
    "i386": "i686",
    "i486": "i686",
    "i586": "i686",
    "i686": "i686",
    "x86": "i686",
    "win32": "i686",
    "armv7l": "armv7l",
    "armv8l": "armv7l",  # a 32-bit personality on a 64-bit kernel
    "armhf": "armv7l",
}
_ARM64 = frozenset({"arm64", "arm64e", "aarch64"})
_NARROW: dict[Arch, Arch] = {"x86_64": "i686", "aarch64": "armv7l", "arm64": "armv7l"}

# IMAGE_FILE_MACHINE_* as IsWow64Process2 gives them.
# https://learn.microsoft.com/en-us/windows/win32/sysinfo/image-file-machine-constants
_WINDOWS_MACHINES: dict[int, Arch] = {0x014C: "i686", 0x8664: "x86_64", 0xAA64: "arm64"}


def read_arch(spelling: str, os: Os) -> Arch | None:
    """Return the one name of an architecture on `os` (64-bit ARM is `aarch64` on Linux, `arm64` elsewhere)."""
    name = spelling.strip().lower()
    if name in _ARM64:
        return "aarch64" if os == "linux" else "arm64"
    return _SPELLINGS.get(name)


def narrow(arch: Arch | None, bits: int) -> Arch | None:
    """Return the architecture of a process of `bits` bits that runs on `arch` (32-bit programs see a 64-bit kernel)."""
    if arch is None or bits == 64:  # noqa: PLR2004 - pointer size
        return arch
    return _NARROW.get(arch, arch)


def windows_machine(number: int) -> Arch | None:
    """Return the architecture of an `IMAGE_FILE_MACHINE_*` number."""
    return _WINDOWS_MACHINES.get(number)


def known(name: str) -> bool:
    """Whether `name` is one of the names in INTERFACE."""
    return name in get_args(Arch)
