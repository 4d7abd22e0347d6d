"""What people say of their machine in their own words: systems, releases, chips, cards. Pure.

Who names a chip of Apple's means the Mac in hand, also where an Intel one stood before it. A text that names several
systems says of none that it is the one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from tfsetup.doctor.machines.statements import Statement, Strength, shaped

# Names of macOS' releases, which are told more often than numbers.
_RELEASES: Final[Mapping[str, str]] = {
    "mojave": "10.14", "catalina": "10.15", "big sur": "11", "bigsur": "11", "monterey": "12", "ventura": "13",
    "sonoma": "14", "sequoia": "15", "tahoe": "26",
}  # fmt: skip
# The C library of a distribution's release (their package lists).
_GLIBC: Final[Mapping[str, str]] = {
    "ubuntu 14.04": "2.19", "ubuntu 16.04": "2.23", "ubuntu 18.04": "2.27", "ubuntu 20.04": "2.31",
    "ubuntu 22.04": "2.35", "ubuntu 24.04": "2.39", "debian 9": "2.24", "debian 10": "2.28", "debian 11": "2.31",
    "debian 12": "2.36", "debian 13": "2.41", "centos 6": "2.12", "centos 7": "2.17", "centos 8": "2.28",
    "rhel 7": "2.17", "rhel 8": "2.28", "rhel 9": "2.34", "almalinux 8": "2.28", "almalinux 9": "2.34",
    "rocky 8": "2.28", "rocky 9": "2.34", "amazon linux 2": "2.26",
}  # fmt: skip
_MAC: Final = re.compile(
    r"\b(?:macbooks?|mac ?os|os ?x|imac|mac mini|mac studio|mac pro|apple silicon|macs?|apple(?='s| m[1-5]\b| chip))\b"
    rf"|\b(?:{'|'.join(_RELEASES)})\b"
)
_CHIP: Final = re.compile(r"\bm[1-5](?: ?(?:pro|max|ultra|air))?\b|\bapple silicon\b")
_INTEL_MAC: Final = re.compile(
    r"\bintel(?:-based)?(?: core)?[^.\n]{0,20}\b(?:mac|macbook|imac)\b"
    r"|\bmac(?:book)?\b[^.\n]{0,30}\bintel\b(?! (?:python|conda))"
)
_INTEL: Final = re.compile(
    r"\bintel(?:\(r\))? (?:core|xeon|celeron|pentium|atom|n[0-9])|\bcore i[3579]\b"
    r"|\bamd (?:ryzen|epyc|athlon|phenom|fx)\b"
)
_MACOS: Final = re.compile(
    r"\b(?:mac ?os|os ?x)(?: x)?[ :=(-]{0,3}(?:version |[a-z]{1,8}(?: sur)? )?"
    r"(?P<macos>(?:1[0-5]|26)(?:\.[0-9]{1,2}){0,2})\b"
)
_WINDOWS: Final = re.compile(r"\b(?:windows|win) ?(?:7|8|8\.1|10|11)\b|\bon windows\b|\bwindows pc\b")
# That a person is there; WSL is also what is advised to those who are not.
_WSL: Final = re.compile(
    r"(?<!tensorflow )\b(?:in|on|under|inside|with|via|running|through)(?: the| a)? (?:windows )?wsl ?2?\b"
    r"|\bwsl ?2? (?:ubuntu|debian|distro|instance|terminal)|\bubuntu[^.\n]{0,20}\bwsl ?2?\b|\(wsl ?2?\)"
)
_LINUX: Final = re.compile(
    r"\b(?:ubuntu|debian|centos|rhel|red hat|fedora|almalinux|rocky linux|arch linux|manjaro|linux mint|opensuse|nixos"
    r"|raspberry pi)\b"
)
_DISTRIBUTION: Final = re.compile(
    r"\b(?P<name>ubuntu|debian|centos|rhel|red hat|almalinux|rocky|amazon linux)[ :-]"
    r"(?:gnu/linux |linux |server |release |enterprise )?(?P<release>[0-9]{1,2}(?:\.[0-9]{2})?)"
)
_BOARDS: Final = (
    ("raspberry pi", {"device": "raspberry"}), ("raspberrypi", {"device": "raspberry"}),
    ("jetson", {"device": "jetson", "arch": "aarch64", "os": "linux"}),
    ("jetpack", {"device": "jetson", "arch": "aarch64", "os": "linux"}),
    ("dgx spark", {"device": "spark", "arch": "aarch64", "os": "linux"}),
    ("grace hopper", {"arch": "aarch64", "os": "linux"}), ("graviton", {"arch": "aarch64", "os": "linux"}),
    ("inside docker", {"container": "true"}), ("in docker", {"container": "true"}),
    ("with docker", {"container": "true"}), ("using docker", {"container": "true"}),
    ("via docker", {"container": "true"}), ("running docker", {"container": "true"}),
    ("docker on ", {"container": "true"}),
    ("docker container", {"container": "true"}), ("docker image", {"container": "true"}),
    ("docker desktop", {"container": "true"}), ("dockerfile", {"container": "true"}),
    ("devcontainer", {"container": "true"}), ("docker-compose", {"container": "true"}),
    ("docker compose", {"container": "true"}), ("podman", {"container": "true"}),
    ("colima", {"container": "true"}), ("dev container", {"container": "true"}),
)  # fmt: skip
_CARD: Final = re.compile(
    r"\b(?:(?:rtx|gtx)[ -]?(?:pro )?(?:titan )?[0-9]{3,4}(?: ?(?:ti|super))?|titan (?:x|v|xp)"
    r"|quadro [a-z]{0,3}[0-9]{3,4}|tesla [kmpvt][0-9]{1,3}|[bh][1-3]00|a100|v100|p100|k80|a6000|a10g|l40s?)\b"
)
_CUDA: Final = re.compile(r"\bcuda(?: toolkit)?(?:/cudnn)?(?: version)?[ :=-]{1,3}v?(?P<cuda>(?:8|9|1[0-3])\.[0-9])\b")
_DRIVER: Final = re.compile(r"\bdriver(?: version)?[ :=]{1,3}(?P<driver>[3-9][0-9]{2}\.[0-9]{1,3}(?:\.[0-9]{1,3})?)\b")


def said(small: str) -> Iterator[Statement]:
    """Yield what people say in `small`, a text in small letters."""
    yield from _systems(small)
    yield from _macs(small)
    for words, says in _BOARDS:
        if (at := small.find(words)) >= 0:
            yield from _each(says, words, at)
    for pattern in (_CUDA, _DRIVER):
        if found := pattern.search(small):
            yield from _each(found.groupdict(), found[0], found.start())
    if card := _CARD.search(small):
        yield from _each({"gpu_name": card[0]}, card[0], card.start())


def levels(small: str) -> dict[str, str]:
    """Return the C library of the distribution that `small` names, or that it names itself (`glibc 2.42`)."""
    named = re.search(r"\bglibc[ -]?(2\.[0-9]{1,2})\b", small)
    bare = re.match(r"(?:1[468]|2[0-9])\.04\b", small)  # only Ubuntu counts its releases so
    found = [one.value for one in _distribution(f"ubuntu {bare[0]}" if bare else small)]
    return {"glibc": named[1]} if named else {"glibc": found[-1]} if found else {}


def macos_in(small: str) -> str | None:
    """Return the macOS that `small` (in small letters) names by its number or its name; None: it names none."""
    number = re.match(
        r"(?:mac ?os|os ?x)?(?: x)? ?((?:10|1[1-5]|2[6-9])(?:\.[0-9]{1,2}){0,2})\b", small
    ) or _MACOS.search(small)
    return number[1] if number else next((_RELEASES[name] for name in _RELEASES if name in small), None)


def _systems(small: str) -> Iterator[Statement]:
    named = {
        system: found
        for system, pattern in (("macos", _MAC), ("windows", _WINDOWS), ("linux", _LINUX))
        if (found := pattern.search(small))
    }
    wsl = _WSL.search(small)
    if wsl and "macos" not in named:
        named = {"linux": wsl}
        yield from _each({"wsl": "true"}, wsl[0], wsl.start())
    if len(named) == 1:
        [(system, found)] = named.items()
        yield from _each({"os": system}, found[0], found.start())
    if "linux" in named:
        yield from _distribution(small)


def _distribution(small: str) -> Iterator[Statement]:
    for found in _DISTRIBUTION.finditer(small):
        name = found["name"].replace("red hat", "rhel")
        level = _GLIBC.get(f"{name} {found['release']}") or _GLIBC.get(f"{name} {found['release'].partition('.')[0]}")
        if level:
            yield from _each({"glibc": level}, found[0], found.start())


def _macs(small: str) -> Iterator[Statement]:
    if not _MAC.search(small):
        if found := _INTEL.search(small):
            yield from _each({"arch": "x86_64"}, found[0], found.start())
        return
    chip, intel = _CHIP.search(small), _INTEL_MAC.search(small)
    if found := chip or intel:
        yield from _each({"arch": "arm64" if chip else "x86_64"}, found[0], found.start())
    numbered = list(_MACOS.finditer(small))
    for release in numbered:
        yield from _each({"macos": release["macos"]}, release[0], release.start())
    for name, number in _RELEASES.items():
        if not numbered and (at := small.find(name)) >= 0:
            yield from _each({"macos": number}, name, at)


def _each(says: Mapping[str, str], words: str, at: int) -> Iterator[Statement]:
    for fact, value in says.items():
        known = shaped(fact, value)
        if known:
            yield Statement(fact=known[0], value=known[1], strength=Strength.PERSON, said=words, at=at)
