"""GPUs from nvidia-smi, the NVIDIA driver's own files, PCI identifiers, KFD, system_profiler and Windows' registry."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from tfsetup.host.model import MOST_CORES, Gpu, GpuVendor
from tfsetup.host.parsers.words import name_of

# https://admin.pci-ids.ucw.cz/read/PC
PCI_VENDORS: dict[int, GpuVendor] = {0x10DE: "nvidia", 0x1002: "amd", 0x8086: "intel", 0x106B: "apple"}
_DISPLAY, _ACCELERATOR = 0x03, 0x12  # PCI base classes; MI300 and its like call themselves processing accelerators

PARAVIRTUAL = "Apple Paravirtual device"
"""What macOS calls the GPU that its hypervisors show to a guest, on Apple silicon and on Intel."""

_ABSENT = frozenset({"", "n/a", "[n/a]", "[not supported]", "[unknown error]", "not found", "unknown"})


def read_nvidia_smi(text: str, *, with_capability: bool) -> tuple[Gpu, ...] | None:
    """Return the GPUs of `nvidia-smi --query-gpu=name,driver_version[,compute_cap] --format=csv,noheader`.

    None: some line is not what was asked for, so the output is not to be believed.
    """
    gpus = []
    for line in filter(None, map(str.strip, text.splitlines())):
        cells = [cell.strip() for cell in line.rsplit(",", 2 if with_capability else 1)]
        if len(cells) != (3 if with_capability else 2) or not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,4}){1,2}", cells[1]):
            return None
        capability = cells[2] if with_capability else ""
        gpus.append(
            Gpu(
                vendor="nvidia",
                name=_known(cells[0]),
                driver=cells[1],
                compute_capability=capability if re.fullmatch(r"[0-9]{1,3}\.[0-9]{1,3}", capability) else None,
            )
        )
    return tuple(gpus)


def lacks_compute_cap(text: str) -> bool:
    """Whether nvidia-smi is too old (before 510) to know the field `compute_cap`."""
    return "compute_cap" in text and "not a valid field" in text


def no_nvidia_device(text: str) -> bool:
    """Whether nvidia-smi itself says that there is no GPU, which is an answer and not a failure."""
    return "No devices were found" in text or "No devices found" in text


def read_driver_version(text: str) -> str | None:
    """Return the kernel module's version from /proc/driver/nvidia/version (closed and open module, and Tegra's)."""
    found = re.search(r"NVRM version:.*?([0-9]{3,4}\.[0-9]{1,4}(?:\.[0-9]{1,4})?)\s", text)
    return found[1] if found else None


def read_gpu_information(text: str) -> str | None:
    """Return the model from /proc/driver/nvidia/gpus/*/information."""
    found = re.search(r"^Model:\s*(\S.*)$", text, re.MULTILINE)
    return _known(found[1]) if found else None


def pci_gpu(vendor: str, device_class: str) -> GpuVendor | None:
    """Return the vendor when the `vendor` and `class` files of a PCI device say that it is a GPU."""
    try:
        vendor_id, base = int(vendor.strip(), 16), int(device_class.strip(), 16) >> 16
    except ValueError:
        return None
    name = PCI_VENDORS.get(vendor_id)
    if base == _DISPLAY or (base == _ACCELERATOR and name in {"nvidia", "amd"}):
        return name
    return None


def is_kfd_gpu(properties: str) -> bool:
    """Whether a KFD topology node is a GPU: CPUs are nodes too, with no SIMD units."""
    found = re.search(r"^simd_count ([0-9]{1,9})$", properties, re.MULTILINE)
    return found is not None and int(found[1]) > 0


def read_kfd(properties: str) -> tuple[str, Gpu] | None:
    """Return where on PCI a KFD node's GPU is (`0000:03:00.0`, empty: not told) and the GPU; None for a CPU.

    Source: the kernel's amdkfd, kfd_topology.c: `gfx_target_version` is major, minor and stepping with two decimal
    digits each; LLVM writes the last two in hexadecimal (90010 is gfx90a). `location_id` is bus, device and function.
    """
    if not is_kfd_gpu(properties):
        return None
    known = {name: int(value) for name, value in re.findall(r"^(\w+) ([0-9]{1,12})$", properties, re.MULTILINE)}
    version, place = known.get("gfx_target_version", 0), known.get("location_id")
    (major, rest), (bus, device) = divmod(version, 10_000), divmod(place or 0, 256)
    gfx = "gfx{}{:x}{:x}".format(major, *divmod(rest, 100)) if version else None
    slot = "" if place is None else f"{known.get('domain', 0):04x}:{bus:02x}:{device >> 3:02x}.{device & 7}"
    return slot, Gpu(vendor="amd", gfx=gfx)


def read_system_profiler(text: str) -> tuple[Gpu, ...] | None:
    """Return the GPUs of `system_profiler -json SPDisplaysDataType`; None when that is not what it is."""
    try:
        entries = json.loads(text)["SPDisplaysDataType"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not isinstance(entries, list):
        return None
    found = (_profiled(entry) for entry in entries if isinstance(entry, dict))
    return tuple(gpu for gpu in found if gpu is not None)


def _profiled(entry: dict[str, object]) -> Gpu | None:
    name = name_of(str(entry.get("sppci_model") or entry.get("_name") or ""))
    vendor = vendor_of(f"{entry.get('spdisplays_vendor', '')} {name}")
    if vendor is None:
        return None
    cores = _cores(str(entry.get("sppci_cores") or "")) if vendor == "apple" else None
    return Gpu(vendor=vendor, name=name, cores=cores, virtual=True if name == PARAVIRTUAL else None)


def read_accelerator(text: str) -> Gpu | None:
    """Return the GPU of an Apple chip from `ioreg -r -c AGXAccelerator`; None: there is none in it.

    The bars before a property are drawn by ioreg, where something hangs below the entry.
    """
    known = dict(re.findall(r'^[ |]*"([a-z-]{1,40})" = (.{1,300})$', text, re.MULTILINE))
    cores = _cores(known.get("gpu-core-count", ""))
    model = re.fullmatch(r'<?"([^"]+)">?', known.get("model", "").strip())
    name = name_of(model[1]) if model else None
    return Gpu(vendor="apple", name=name, cores=cores) if cores or name else None


def _cores(text: str) -> int | None:
    found = re.fullmatch(r"[0-9]{1,4}", text.strip())
    return int(found[0]) if found and 0 < int(found[0]) <= MOST_CORES else None


def vendor_of(words: str) -> GpuVendor | None:
    """Return the vendor that a device's name or vendor string betrays."""
    lower = words.lower()
    for marks, vendor in _VENDOR_MARKS:
        if any(mark in lower for mark in marks):
            return vendor
    return None


_VENDOR_MARKS: tuple[tuple[tuple[str, ...], GpuVendor], ...] = (
    (("nvidia", "ven_10de", "0x10de", "geforce", "quadro", "tesla"), "nvidia"),
    (("vendor_amd", "ven_1002", "0x1002", "radeon", "amd ", "ati ", "advanced micro"), "amd"),
    (("intel", "ven_8086", "0x8086"), "intel"),
    (("apple", "0x106b"), "apple"),
)


def read_display_registry(blocks: Iterable[dict[str, str]]) -> tuple[Gpu, ...]:
    """Return the GPUs of Windows' display-adapter class key, one block a numbered subkey.

    NVIDIA's public driver version is the last five digits of the Windows one: 31.0.15.5222 is 552.22.
    """
    gpus = []
    for values in blocks:
        name = values.get("DriverDesc", "")
        vendor = vendor_of(f"{values.get('MatchingDeviceId', '')} {name}")
        if vendor:
            driver = _nvidia_from_windows(values.get("DriverVersion", "")) if vendor == "nvidia" else None
            gpus.append(Gpu(vendor=vendor, name=_known(name), driver=driver))
    return tuple(dict.fromkeys(gpus))


def _nvidia_from_windows(version: str) -> str | None:
    digits = "".join(version.split(".")[-2:])[-5:]
    return f"{digits[:3]}.{digits[3:]}" if len(digits) == 5 and digits.isdecimal() else None  # noqa: PLR2004 - see above


def _known(cell: str) -> str | None:
    return None if cell.strip().lower() in _ABSENT else name_of(cell)


def merged(first: Sequence[Gpu], second: Sequence[Gpu]) -> tuple[Gpu, ...]:
    """Return `first`, and of `second` the GPUs of vendors that `first` has none of."""
    have = {gpu.vendor for gpu in first}
    return (*first, *(gpu for gpu in second if gpu.vendor not in have))
