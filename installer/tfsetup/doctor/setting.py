"""Where a command of a step would be typed: the environment in question, a new one, or another machine. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final, get_args

from tfsetup.doctor.facts import Facts
from tfsetup.doctor.offers import Spot
from tfsetup.ground.platforms import Arch, Os, arch_of, spelled
from tfsetup.ground.versions import is_version, minor
from tfsetup.host.model import Host, Libc

_MAKES_ONE: Final = re.compile(r"-m venv |\buv venv\b|\bconda create\b|\btfsetup install\b")
_SAYS_ONE: Final = re.compile(r"\b(?:new|fresh|clean|separate) (?:virtual )?environment")
_OF_ITS_OWN: Final = re.compile(rf"\btfsetup install\b|{_SAYS_ONE.pattern}")
_CONTAINER: Final = re.compile(r"\bdocker (?:run|build)\b|\bFROM python:|-slim\b")
_CONTAINER_ARCH: Final = re.compile(r"--platform[ =]linux/([a-z0-9]+)")
_WSL: Final = re.compile(r"\bwsl --install\b|\bin the Linux shell\b|\b(?:in|use) WSL2?\b")
_PYTHON: Final = re.compile(r"(?:\bpy -|\bpython|\bPython |\bpython[=:])(3\.[0-9]{1,2})")
_WIDE: Final = re.compile(r"\b64-bit (?:build|Python|operating system|Windows)")
_NATIVE: Final = re.compile(r"\barch -arm64\b|\barm64 Python\b")
# Told to the Python that pip runs on, so that it reads another version of macOS than the one it was told before.
_OTHER_VERSION: Final = "SYSTEM_VERSION_COMPAT="


@dataclass(frozen=True, slots=True)
class Setting:
    """A place, and whether nothing is installed there yet."""

    place: Spot
    new: bool = False


def spot_of(facts: Facts) -> Spot:
    """Return the place that the facts tell of; what they do not tell is no obstacle."""
    told = facts.host
    if "os" in facts.guessed and "mac" in told and told.get("os") != "macos":
        return Spot()  # a report about a Mac speaks of another machine too
    os = next((one for one in get_args(Os) if one == told.get("os")), None)
    word = told.get("process") or told.get("arch")
    arch = spelled(next((one for one in get_args(Arch) if one == word), None), os)
    if arch == "x86_64" and told.get("bits") == "32":
        arch = "i686"
    floor = {"macos": told.get("macos"), "linux": told.get("glibc")}.get(os or "")
    python = told.get("python")
    return Spot(
        os=os, arch=arch, floor=floor if floor and is_version(floor) else None, musl=told.get("libc") == "musl",
        python=minor(python) if python and is_version(python) and "." in python else None,
    )  # fmt: skip


def machine_told(facts: Facts) -> Host | None:
    """Return the machine that the facts tell of; None: not of its system and its hardware."""
    spot = spot_of(facts)
    arch = spelled(next((one for one in get_args(Arch) if one == facts.host.get("arch")), None), spot.os) or spot.arch
    if spot.os is None or arch is None:
        return None
    libc = Libc(name="musl", version=None) if spot.musl else None
    return Host(
        os=spot.os, os_version=spot.floor if spot.os == "macos" else None, arch=arch, libc=libc, python_downloads=True,
        rosetta=True if facts.host.get("rosetta") == "true" else None,
    )  # fmt: skip


def setting_of(text: str, at: int, place: Spot) -> Setting:
    """Return where the command that stands at `at` in a step is typed, if `place` is where the trouble is."""
    before = text[:at]
    named = _PYTHON.findall(before)
    python = named[-1] if named else None
    if _CONTAINER.search(before):
        return Setting(_container(before, place, python), new=True)
    if _WSL.search(before):
        return Setting(Spot(os="linux", arch="x86_64", python=python), new=True)
    if _OTHER_VERSION in before:
        place = replace(place, floor=None)
    if _MAKES_ONE.search(before) or _SAYS_ONE.search(text):
        native = _NATIVE.search(before) is not None
        own = None if native or _OF_ITS_OWN.search(before) else place.python
        arch = "arm64" if native else "x86_64" if place.os == "windows" and _WIDE.search(before) else place.arch
        return Setting(replace(place, python=python or own, arch=arch), new=True)
    return Setting(place)


def _container(before: str, place: Spot, python: str | None) -> Spot:
    said = _CONTAINER_ARCH.search(before)
    arch = arch_of(said[1], "linux") if said is not None else spelled(place.arch, "linux")
    return Spot(os="linux", arch=arch, python=python)
