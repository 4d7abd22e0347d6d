"""A machine in one line."""

from __future__ import annotations

import re

from tfsetup.host.model import Gpu, Host
from tfsetup.host.parsers.gpus import PARAVIRTUAL
from tfsetup.host.parsers.system import windows_release

# What vendors put around the name of a processor.
_NOISE = re.compile(r"\((?:R|TM)\)|\bCPU\b|\bProcessor\b|\b\d+-Core\b|\b\d+th Gen\b|@.*$")


def describe(host: Host) -> str:
    """Return what this machine is in one line, such as `macOS 14.4.1 on Apple M3 Pro (arm64), Metal GPU`."""
    return ", ".join(filter(None, (_system(host), _processor(host), _graphics(host))))


def _system(host: Host) -> str:
    match host.os:
        case "macos":
            return f"macOS {host.os_version or '(version unknown)'} on {_mac(host)}"
        case "linux":
            libc = f"{host.libc.name} {host.libc.version or '?'}" if host.libc else "C library unknown"
            wsl = " under WSL" if host.wsl else ""
            return f"Linux {host.arch or '(architecture unknown)'}{wsl} ({libc})"
        case "windows":
            release = windows_release(host.os_version) if host.os_version else "(version unknown)"
            return f"Windows {release} {host.arch or '(architecture unknown)'}"
        case None:
            return f"unknown system{f' on {host.arch}' if host.arch else ''}"


def _mac(host: Host) -> str:
    brand = _tidy(host.cpu.brand) if host.cpu and host.cpu.brand else "Mac"
    translated = ", this process translated by Rosetta" if host.rosetta else ""
    return f"{brand} ({host.arch or 'architecture unknown'}{translated})"


def _processor(host: Host) -> str:
    if host.os == "macos" and host.arch == "arm64":
        return ""
    cpu = host.cpu
    brand = "" if host.os == "macos" or cpu is None or not cpu.brand else _tidy(cpu.brand)
    if host.arch != "x86_64":
        return brand
    if cpu is None or cpu.features is None:
        return f"{brand or 'CPU'} of unknown features"
    best = next((name for name in ("avx512f", "avx2", "avx") if name in cpu.features), None)
    words = {"avx512f": "with AVX-512", "avx2": "with AVX2", "avx": "with AVX", None: "without AVX"}[best]
    return f"{brand or 'CPU'} {words}"


def _tidy(brand: str) -> str:
    return " ".join(_NOISE.sub(" ", brand).split())


def _graphics(host: Host) -> str:
    if host.gpus is None:
        return "GPU unknown"
    if not host.gpus:
        return "no GPU"
    if host.os == "macos":
        played = "paravirtual " if all(gpu.virtual or gpu.name == PARAVIRTUAL for gpu in host.gpus) else ""
        return f"{played}Metal GPU" if host.arch == "arm64" else ", ".join(_each(host.gpus))
    return ", ".join(_each(host.gpus))


def _each(gpus: tuple[Gpu, ...]) -> list[str]:
    """Return each kind of GPU once, with its number when there are several alike."""
    counts: dict[str, int] = {}
    for gpu in gpus:
        name = gpu.name or f"{_VENDORS[gpu.vendor]} GPU"
        driver = f" (driver {gpu.driver})" if gpu.driver else (" (no driver)" if gpu.vendor == "nvidia" else "")
        counts[name + driver] = counts.get(name + driver, 0) + 1
    return [f"{count}x {words}" if count > 1 else words for words, count in counts.items()]


_VENDORS = {"apple": "Apple", "nvidia": "NVIDIA", "amd": "AMD", "intel": "Intel"}
