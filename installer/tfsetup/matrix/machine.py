"""What a host means for wheels: its real architecture, and whether a platform tag fits it (PEP 425, 600, 656)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from tfsetup.ground.versions import at_least, in_range, numbers
from tfsetup.host.model import Arch, Host, Os

# SYSTEM_VERSION_COMPAT=1 makes macOS 11 and later call themselves 10.16: a lie that only says "11 or later".
_COMPAT_LIE = (10, 16)

_OLD_MANYLINUX = {"manylinux1": "2.5", "manylinux2010": "2.12", "manylinux2014": "2.17"}  # PEP 600, "legacy tags"
_MAC = re.compile(r"macosx_(\d+)_(\d+)_(\w+)\Z")
_MANY = re.compile(r"manylinux_(\d+)_(\d+)_(\w+)\Z")
_OLD = re.compile(r"(manylinux1|manylinux2010|manylinux2014)_(\w+)\Z")
_WINDOWS: dict[str, Arch] = {"win_amd64": "x86_64", "win32": "i686", "win_arm64": "arm64"}

OS_NAMES = {"macos": "macOS", "linux": "Linux", "windows": "Windows"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Tag:
    """One platform tag: which system and architecture it is for and the oldest macOS or glibc it runs on."""

    os: Os | None
    arch: str
    floor: str | None = None


@lru_cache(maxsize=4096)
def parse_tag(tag: str) -> Tag | None:
    """Return what a platform tag says; None for one that no host here can use (musllinux, PyPy's own, unknown)."""
    if tag == "any":
        return Tag(os=None, arch="any")
    if tag in _WINDOWS:
        return Tag(os="windows", arch=_WINDOWS[tag])
    if found := _MAC.match(tag):
        arch = "any" if found[3] == "universal2" else found[3]
        return Tag(os="macos", arch=arch, floor=f"{found[1]}.{found[2]}")
    if found := _MANY.match(tag):
        return Tag(os="linux", arch=found[3], floor=f"{found[1]}.{found[2]}")
    if found := _OLD.match(tag):
        return Tag(os="linux", arch=found[2], floor=_OLD_MANYLINUX[found[1]])
    return None


@lru_cache(maxsize=4096)
def parse_tags(platform: str) -> tuple[Tag, ...]:
    """Return the tags of a compressed platform tag (`manylinux_2_17_x86_64.manylinux2014_x86_64`)."""
    return tuple(tag for part in platform.split(".") if (tag := parse_tag(part)))


def hardware(host: Host) -> Arch | None:
    """Return the hardware's architecture as the system spells it: a translated process runs on `arm64`."""
    if host.os == "macos" and host.rosetta:
        return "arm64"
    return spelled(host.arch, host.os)


def spelled(arch: Arch | None, os: Os | None) -> Arch | None:
    """Return `arch` as the operating system spells it: Linux says `aarch64` for what the others call `arm64`."""
    if arch in {"arm64", "aarch64"}:
        return "aarch64" if os == "linux" else "arm64"
    return arch


def floor_version(host: Host) -> str | None:
    """Return what a tag's floor is compared with: the macOS version or the glibc version; None: could not tell."""
    if host.os == "macos":
        return macos_version(host)
    if host.os == "linux" and host.libc is not None and host.libc.name == "glibc":
        return host.libc.version
    return None


def macos_version(host: Host) -> str | None:
    """Return the macOS version; None when it is unknown or the 10.16 of a Python built against an old SDK."""
    if host.os != "macos" or host.os_version is None:
        return None
    found = numbers(host.os_version)
    return None if found is None or found[:2] == _COMPAT_LIE else host.os_version


def macos_in(wanted: str, have: str) -> bool:
    """Tell whether a macOS version is in a range; a bare major (`12`) stands for the newest of that major."""
    return in_range(wanted, have if "." in have else f"{have}.99")


@lru_cache(maxsize=4096)
def right_system(platform: str, os: Os, arch: Arch) -> bool:
    """Tell whether a compressed platform tag is for this system and process architecture, whatever its version."""
    return any(tag.os in {None, os} and tag.arch in {"any", arch} for tag in parse_tags(platform))


@lru_cache(maxsize=16_384)
def fits(platform: str, os: Os, arch: Arch, have: str | None) -> bool:
    """Tell whether a wheel with this compressed platform tag installs; an unknown version (None) is no obstacle."""
    for tag in parse_tags(platform):
        if tag.os not in {None, os} or tag.arch not in {"any", arch}:
            continue
        if tag.floor is None or have is None or at_least(have, tag.floor) is not False:
            return True
    return False


def floor(platform: str, os: Os, arch: Arch) -> str | None:
    """Return the oldest macOS or glibc that a compressed platform tag admits, as `major.minor`."""
    floors = [tag.floor for tag in parse_tags(platform) if tag.os == os and tag.arch in {"any", arch} and tag.floor]
    return min(floors, key=lambda text: numbers(text) or ()) if floors else None
