"""Which native libraries are mapped into this very process, and for which architecture each was built."""

from __future__ import annotations

import ctypes
import struct
import sys
from typing import Any

# e_machine, cputype and Machine values: the ELF gABI, <mach/machine.h>, and Microsoft's "PE Format" page.
ELF_MACHINES = {3: "i686", 20: "ppc", 21: "ppc64le", 40: "armv7l", 62: "x86_64", 183: "aarch64", 243: "riscv64"}
MACHO_CPUS = {7: "i686", 0x01000007: "x86_64", 12: "armv7l", 0x0100000C: "arm64"}
PE_MACHINES = {0x14C: "i686", 0x8664: "x86_64", 0xAA64: "arm64"}

MACHO_MAGICS = (b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe")
FAT_MAGIC = b"\xca\xfe\xba\xbe"


def mapped_paths() -> list[str]:
    """Return the files of the images mapped now, in order of path; empty on a system this cannot ask."""
    return sorted(path for path, _arch in mapped_images(read_headers=False))


def mapped_images(read_headers: bool = True) -> list[tuple[str, str]]:
    """Return `(path, architecture)` of every mapped image; the architecture is empty where no header could be read."""
    if sys.platform == "darwin":
        return _dyld_images(ctypes.CDLL(None))
    if sys.platform == "win32":
        paths = _windows_modules()
    else:
        with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps:  # noqa: PTH123
            paths = parse_maps(maps.read())
    pairs = [(path, file_architecture(path) if read_headers else "") for path in paths]
    return pairs if not read_headers else [(path, arch) for path, arch in pairs if arch]


def parse_maps(text: str) -> list[str]:
    """Return the paths that `/proc/self/maps` lists with execute permission, each once; proc(5) gives the columns."""
    paths = set()
    for line in text.splitlines():
        columns = line.split(None, 5)
        if len(columns) == 6 and "x" in columns[1] and columns[5].startswith("/"):  # noqa: PLR2004
            paths.add(columns[5].replace(" (deleted)", ""))
    return sorted(paths)


def file_architecture(path: str) -> str:
    """Return the architecture in the header of the file at `path`, or an empty string if it is no image or is gone."""
    try:
        with open(path, "rb") as image:  # noqa: PTH123
            return header_architecture(image.read(4096))
    except OSError:
        return ""


def header_architecture(head: bytes) -> str:
    """Return the architecture of an ELF, Mach-O (thin or universal: joined by `+`) or PE image from its first 4 KiB."""
    if head[:4] == b"\x7fELF" and len(head) >= 20:  # noqa: PLR2004
        (machine,) = struct.unpack_from("<H" if head[5] == 1 else ">H", head, 18)
        return ELF_MACHINES.get(machine, f"elf-{machine}")
    if head[:4] in MACHO_MAGICS and len(head) >= 8:  # noqa: PLR2004
        (cpu,) = struct.unpack_from("<I", head, 4)
        return MACHO_CPUS.get(cpu, f"macho-{cpu}")
    if head[:4] == FAT_MAGIC and len(head) >= 8:  # noqa: PLR2004
        return _fat_architectures(head)
    if head[:2] == b"MZ" and len(head) >= 64:  # noqa: PLR2004
        (offset,) = struct.unpack_from("<I", head, 60)
        if head[offset : offset + 4] == b"PE\0\0" and offset + 6 <= len(head):
            (machine,) = struct.unpack_from("<H", head, offset + 4)
            return PE_MACHINES.get(machine, f"pe-{machine}")
    return ""


def _fat_architectures(head: bytes) -> str:
    (count,) = struct.unpack_from(">I", head, 4)
    names = []
    for index in range(min(count, 16)):
        if 8 + 20 * index + 4 <= len(head):
            (cpu,) = struct.unpack_from(">I", head, 8 + 20 * index)
            names.append(MACHO_CPUS.get(cpu, f"macho-{cpu}"))
    return "+".join(names)


def _dyld_images(system: Any) -> list[tuple[str, str]]:
    """Ask dyld (dyld(3)); libraries of the shared cache have no file, so the header is read from memory."""
    image_count, image_name, image_header = (
        getattr(system, name) for name in ("_dyld_image_count", "_dyld_get_image_name", "_dyld_get_image_header")
    )
    image_count.restype, image_name.restype, image_header.restype = ctypes.c_uint32, ctypes.c_char_p, ctypes.c_void_p
    images = []
    for index in range(image_count()):
        name = image_name(ctypes.c_uint32(index))
        header = image_header(ctypes.c_uint32(index))
        if name and header:
            images.append((name.decode("utf-8", "surrogateescape"), header_architecture(ctypes.string_at(header, 32))))
    return sorted(images)


def _windows_modules() -> list[str]:
    """Ask `EnumProcessModules` and `GetModuleFileNameW` (psapi.h, libloaderapi.h)."""
    kernel = getattr(ctypes, "WinDLL")("kernel32", use_last_error=True)  # noqa: B009 - absent on the systems mypy runs on
    kernel.GetCurrentProcess.restype = ctypes.c_void_p
    process = ctypes.c_void_p(kernel.GetCurrentProcess())
    modules = (ctypes.c_void_p * 4096)()
    needed = ctypes.c_uint32()
    kernel.K32EnumProcessModules(process, modules, ctypes.sizeof(modules), ctypes.byref(needed))
    count = min(needed.value // ctypes.sizeof(ctypes.c_void_p), len(modules))
    paths = set()
    for handle in modules[:count]:
        name = ctypes.create_unicode_buffer(32768)
        if kernel.GetModuleFileNameW(ctypes.c_void_p(handle), name, len(name)):
            paths.add(name.value)
    return sorted(paths)
