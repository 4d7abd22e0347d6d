"""How likely each interpreter is, from what is known of the machine. Pure.

What somebody told about a machine rules others out almost; what words of a log suggest makes them less likely.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tfsetup.doctor.refusals.worlds import PLACES, PYTHONS, Interpreter, Place
from tfsetup.ground.versions import minor, numbers

_TOLD: Final = 0.0015  # how much is left of what a told fact contradicts: it may be of another interpreter
_SUGGESTED: Final = 0.06
_OUTSIDE: Final = 0.15  # that who speaks of a container ran something outside of it
_TRANSLATED: Final = 0.12  # so many of those who work on Apple silicon have an Intel Python
_COMMON: Final[Mapping[str, float]] = {
    "2.7": 0.03, "3.4": 0.01, "3.5": 0.02, "3.6": 0.05, "3.7": 0.09, "3.8": 0.12, "3.9": 0.12, "3.10": 0.13,
    "3.11": 0.13, "3.12": 0.13, "3.13": 0.12, "3.14": 0.06, "3.15": 0.004,
}  # fmt: skip
_MACS_WITH_NEW_TAGS: Final = 11
# Half a year after its successor came.
_MACOS_IN_USE: Final[Mapping[int, str]] = {
    11: "2022-04-25", 12: "2023-04-24", 13: "2024-03-26", 14: "2025-03-16", 15: "2026-03-15",
}  # fmt: skip
_AS_IT_CAME: Final = 15.0  # times as many who had macOS 11 still had a pip from before it
_REPORTED: Final = (10, 16)  # what a Python of an old SDK reports of every newer release
_TELL_RELEASES: Final = frozenset({"macos-arm64", "macos-x86_64"})
# What knows a kind of tags: macOS 11's, manylinux2010 (pip's own news).
_PIP_OF_MACOS_11: Final = (20, 3)
_PIP_OF_MANYLINUX2010: Final = (19, 0)


def interpreters(
    facts: Mapping[str, str], guessed: frozenset[str], *, pip: str = "", old_sdk: float = 1.0
) -> dict[Interpreter, float]:
    """Return the weight of each interpreter that refused something.

    `pip` is its version, where it is known; `old_sdk`: how much likelier words make a Python
    that was built for an older macOS.
    """
    places = {place: weight * _place(place, facts, guessed) for place, weight in PLACES.items()}
    places["macos-10.16"] *= old_sdk
    for place, known, times in _of_pip(pip):
        places[place] *= times if known else 1.0
    release = _release(facts, guessed)
    return {
        Interpreter(python, place, release if place in _TELL_RELEASES else ()): weight
        * _COMMON[python]
        * _python(python, facts, guessed)
        for place, weight in places.items()
        for python in PYTHONS
        if weight > 0
    }


def _release(facts: Mapping[str, str], guessed: frozenset[str]) -> tuple[int, ...]:
    """Return the release of macOS that somebody told; of a newer one no wheel is refused."""
    told = numbers(facts.get("macos", "")) or ()
    known = "macos" not in guessed and facts.get("os") == "macos" and told[:2] != _REPORTED
    return () if not known or not told else told[:1] if told[0] > _REPORTED[0] else told[:2]


def in_use(facts: Mapping[str, str]) -> str:
    """Return until when (ISO) most who have this release of macOS used it; a late day where it is not known."""
    told = numbers(facts.get("macos", "")) or ()
    return _MACOS_IN_USE.get(told[0], "9999") if told and facts.get("os") == "macos" else "9999"


def _of_pip(pip: str) -> tuple[tuple[Place, bool, float], ...]:
    known = numbers(pip) or ()
    old, older = bool(known) and known < _PIP_OF_MACOS_11, bool(known) and known < _PIP_OF_MANYLINUX2010
    return (
        ("macos-11only", old, 100.0), ("macos-11only", bool(known) and not old, 0.0),
        ("linux-manylinux1", older, 60.0), ("linux-manylinux1", bool(known) and not older, 0.0),
    )  # fmt: skip


def _python(python: str, facts: Mapping[str, str], guessed: frozenset[str]) -> float:
    told = minor(facts.get("python"))
    if told not in PYTHONS:
        return 1.0
    return 1.0 if python == told else _doubt("python", guessed)


def _doubt(fact: str, guessed: frozenset[str]) -> float:
    return _SUGGESTED if fact in guessed else _TOLD


def _place(place: Place, facts: Mapping[str, str], guessed: frozenset[str]) -> float:
    system, _, arch = place.partition("-")
    weight = 1.0
    if (os := facts.get("os")) in {"macos", "linux", "windows"}:
        weight *= _system(system, os, facts, guessed)
    if facts.get("device") == "raspberry" and arch not in {"armv7l", "aarch64"}:
        weight *= _SUGGESTED
    libc = facts.get("libc")
    if (libc == "musl" and system != "musl") or (libc == "glibc" and system == "musl"):
        weight *= _doubt("libc", guessed)
    if facts.get("bits") == "32" and arch not in {"i686", "armv7l"}:
        weight *= _doubt("bits", guessed)
    return weight * (_mac(arch, facts, guessed) if system == "macos" else _processor(arch, facts, guessed))


def _system(system: str, os: str, facts: Mapping[str, str], guessed: frozenset[str]) -> float:
    """Return how likely a system is where a machine has this one: in a container it is Linux, whatever the machine."""
    inside = facts.get("container") == "true" and os != "linux"
    if system == os:
        return _OUTSIDE if inside else 1.0
    if inside or system == "musl":
        return 1.0 if system == "linux" else 0.5 if system == "musl" else _doubt("os", guessed)
    return _doubt("os", guessed)


def _mac(arch: str, facts: Mapping[str, str], guessed: frozenset[str]) -> float:
    process, machine = facts.get("process"), facts.get("arch")
    mine = "arm64" if arch == "arm64" else "x86_64"
    if facts.get("rosetta") == "true" or process == "x86_64":
        weight = 1.0 if mine == "x86_64" else _doubt("process", guessed)
    elif process in {"arm64", "aarch64"}:
        weight = 1.0 if mine == "arm64" else _doubt("process", guessed) * 2
    elif machine in {"arm64", "aarch64"}:
        weight = 1.0 if mine == "arm64" else _TRANSLATED
    elif machine == "x86_64":
        weight = 1.0 if mine == "x86_64" else _doubt("arch", guessed)
    else:
        weight = 1.0
    release = numbers(facts.get("macos", "")) or ()
    if arch == "arm64" and release and release[0] < _MACS_WITH_NEW_TAGS:
        return 0.0
    if arch == "11only" and release:
        weight *= 0.0 if release[0] < _MACS_WITH_NEW_TAGS else _AS_IT_CAME if release[0] == _MACS_WITH_NEW_TAGS else 1.0
    return weight


def _processor(arch: str, facts: Mapping[str, str], guessed: frozenset[str]) -> float:
    known = facts.get("process") or facts.get("arch") or ""
    known = {"arm64": "aarch64", "armv6l": "armv7l", "armv8l": "armv7l", "amd64": "x86_64", "i386": "i686"}.get(
        known, known
    )
    mine = {"arm64": "aarch64", "manylinux1": "x86_64"}.get(arch, arch)
    if not known or mine == known:
        return 1.0
    if mine == "i686" and known == "x86_64":
        return 1.0  # a 32-bit Python on a 64-bit system is as common as PLACES says
    return _doubt("process" if "process" in facts else "arch", guessed)
