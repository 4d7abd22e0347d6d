"""Architectures as a system tells them by other means than by name."""

from __future__ import annotations

from typing import Final

from tfsetup.ground.platforms import Arch, arch_of

_NARROW: dict[Arch, Arch] = {"x86_64": "i686", "aarch64": "armv7l", "arm64": "armv7l"}

ELF_IDENT: Final = 5  # bytes of an ELF file up to its class

# IMAGE_FILE_MACHINE_* as IsWow64Process2 gives them.
# https://learn.microsoft.com/en-us/windows/win32/sysinfo/image-file-machine-constants
_WINDOWS_MACHINES: dict[int, str] = {0x014C: "x86", 0x8664: "amd64", 0xAA64: "arm64"}


def narrow(arch: Arch | None, bits: int) -> Arch | None:
    """Return the architecture of a process of `bits` bits that runs on `arch` (32-bit programs see a 64-bit kernel)."""
    if arch is None or bits == 64:  # noqa: PLR2004 - pointer size
        return arch
    return _NARROW.get(arch, arch)


def elf_bits(head: bytes) -> int | None:
    """Return 32 or 64 for the first bytes of a program (gABI: EI_CLASS behind the magic); None for anything else."""
    return {1: 32, 2: 64}.get(head[4]) if len(head) >= ELF_IDENT and head.startswith(b"\x7fELF") else None


def windows_machine(number: int) -> Arch | None:
    """Return the architecture of an `IMAGE_FILE_MACHINE_*` number."""
    return arch_of(_WINDOWS_MACHINES.get(number, ""), "windows")
