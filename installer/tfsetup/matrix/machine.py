"""What a host means for wheels: its real architecture, and whether a platform tag fits it (PEP 425, 600, 656)."""

from __future__ import annotations

from functools import lru_cache

from tfsetup.ground.platforms import NARROW, Arch, Os, PlatformTag, read_mac_version, read_tag, spelled
from tfsetup.ground.versions import at_least, in_range, numbers
from tfsetup.host.model import Host


@lru_cache(maxsize=4096)
def parse_tag(tag: str) -> PlatformTag | None:
    """Return what a platform tag says; None for one that no host here can use (musllinux, PyPy's own, unknown)."""
    found = read_tag(tag)
    return None if found is None or (found.os == "linux" and found.libc != "glibc") else found


@lru_cache(maxsize=4096)
def parse_tags(platform: str) -> tuple[PlatformTag, ...]:
    """Return the tags of a compressed platform tag (`manylinux_2_17_x86_64.manylinux2014_x86_64`)."""
    return tuple(tag for part in platform.split(".") if (tag := parse_tag(part)))


def hardware(host: Host) -> Arch | None:
    """Return the hardware's architecture as the system spells it: a translated process runs on `arm64`."""
    if host.os == "macos" and host.rosetta:
        return "arm64"
    pythons = {python.arch for python in host.pythons or ()}
    if host.os == "linux" and len(pythons) == 1 and pythons <= NARROW:
        return next(iter(pythons))  # nothing but 32-bit Pythons on a 64-bit kernel: no 64-bit one would start
    return spelled(host.arch, host.os)


def floor_version(host: Host) -> str | None:
    """Return what a tag's floor is compared with: the macOS version or the glibc version; None: could not tell."""
    if host.os == "macos":
        return macos_version(host)
    if host.os == "linux" and host.libc is not None and host.libc.name == "glibc":
        return host.libc.version
    return None


def macos_version(host: Host) -> str | None:
    """Return the macOS version; None when it is unknown or the 10.16 of a Python built against an old SDK."""
    return read_mac_version(host.os_version or "") if host.os == "macos" else None


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
