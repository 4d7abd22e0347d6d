"""What a host file says, as facts. Pure."""

from __future__ import annotations

from typing import Final

from tfsetup.doctor.machines.people import levels, macos_in
from tfsetup.host.model import Host

# A person may have written more into `os_version` than a number: `Docker on macOS 12`, `10 (32-bit Python)`.
_PERSONAL: Final = (
    ("docker", "container", "true"), ("container", "container", "true"), ("32-bit", "bits", "32"),
    ("32 bit", "bits", "32"), ("alpine", "libc", "musl"), ("wsl", "wsl", "true"), ("raspb", "device", "raspberry"),
    ("jetson", "device", "jetson"), ("tegra", "device", "jetson"),
)  # fmt: skip


def facts_of(host: Host) -> dict[str, str]:
    """Return the facts that `host` gives, of the machine and of the first Python on it."""
    facts: dict[str, str | bool | None] = {
        "os": host.os, "os_version": host.os_version, "arch": host.arch, "rosetta": host.rosetta, "wsl": host.wsl,
    }  # fmt: skip
    if host.libc is not None:
        facts["libc"] = host.libc.name
        facts["glibc"] = host.libc.version if host.libc.name == "glibc" else None
    if host.cpu is not None and host.cpu.features is not None:
        facts["avx"] = "avx" in host.cpu.features
        facts["avx2"] = "avx2" in host.cpu.features
    if host.gpus is not None:
        nvidia = [gpu for gpu in host.gpus if gpu.vendor == "nvidia"]
        facts["gpu"] = host.gpus[0].vendor if host.gpus else "none"
        facts |= {"driver": nvidia[0].driver, "compute": nvidia[0].compute_capability} if nvidia else {}
        facts["gpu_name"] = next((gpu.name for gpu in nvidia or host.gpus if gpu.name), None)
    if host.pythons:
        facts["python"] = host.pythons[0].version
        facts["process"] = host.pythons[0].arch
    known = {name: value for name, value in facts.items() if value is not None}
    told = {name: str(value).lower() if isinstance(value, bool) else value for name, value in known.items()}
    return {**_written(host.os, told.get("os_version", "")), **told}


def _written(os: str | None, os_version: str) -> dict[str, str]:
    small = os_version.lower()
    release = macos_in(small) if os == "macos" else None
    return {
        **({"macos": release} if release else {}),
        **(levels(small) if os == "linux" else {}),
        **{fact: value for word, fact, value in _PERSONAL if word in small},
    }
