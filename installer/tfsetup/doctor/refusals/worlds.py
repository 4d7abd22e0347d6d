"""Who would be offered what: interpreters (a Python on a system), and the releases that an installer there may choose.

Pure. The tags of wheels are those of PEP 425, 600 and 656; pip offers every release that has a wheel for the
interpreter, or a source distribution, and whose Requires-Python admits it, pre-releases and yanked ones too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Literal

from tfsetup.doctor.refusals.specs import specifiers
from tfsetup.ground.versions import numbers
from tfsetup.matrix.relatives import Offer, Wheel

Place = Literal[
    "macos-arm64", "macos-x86_64", "macos-10.16", "macos-11only", "linux-x86_64", "linux-manylinux1", "linux-aarch64",
    "linux-armv7l", "linux-i686", "musl-x86_64", "musl-aarch64", "windows-x86_64", "windows-i686", "windows-arm64",
]  # fmt: skip
"""A system as its tags tell it. `macos-10.16`: a Mac that its Python takes for macOS 10; `macos-11only`: one whose pip
does not know that macOS 11 takes what is for macOS 10; `linux-manylinux1`: a pip that knows the oldest tags only."""

# How common each is among those whose installer refuses something.
PLACES: Final[Mapping[Place, float]] = {
    "windows-x86_64": 30.0, "linux-x86_64": 25.0, "macos-arm64": 22.0, "macos-x86_64": 9.0, "macos-10.16": 2.0,
    "macos-11only": 0.3, "linux-aarch64": 4.0, "linux-armv7l": 3.0, "linux-i686": 0.7, "musl-x86_64": 0.4,
    "musl-aarch64": 0.15,
    "windows-i686": 3.0, "windows-arm64": 0.6, "linux-manylinux1": 0.3,
}  # fmt: skip
# The days on which each Python came, and until which it is met (its end of life and three years): PEP 373, 429, 478,
# 494, 537, 569, 596, 619, 664, 693, 719, 745, 790.
PYTHONS: Final[Mapping[str, tuple[str, str]]] = {
    "2.7": ("2010-07-03", "2021-12-31"), "3.4": ("2014-03-16", "2021-03-18"), "3.5": ("2015-09-13", "2022-09-30"),
    "3.6": ("2016-12-23", "2024-12-23"), "3.7": ("2018-06-27", "2026-06-27"), "3.8": ("2019-10-14", "2027-10-07"),
    "3.9": ("2020-10-05", "2028-10-31"), "3.10": ("2021-10-04", "2029-10-31"), "3.11": ("2022-10-24", "2030-10-31"),
    "3.12": ("2023-10-02", "2031-10-31"), "3.13": ("2024-10-07", "2032-10-31"), "3.14": ("2025-10-07", "2033-10-31"),
    "3.15": ("2026-10-01", "2034-10-31"),
}  # fmt: skip
# Since when there are such machines, where they are younger than most Pythons.
SINCE: Final[Mapping[Place, str]] = {
    "macos-arm64": "2020-11-17", "macos-10.16": "2020-11-12", "macos-11only": "2020-11-12",
    "linux-aarch64": "2015-01-01", "windows-arm64": "2017-12-05",
}  # fmt: skip
_TAG: Final = re.compile(r"(?P<kind>macosx|manylinux|musllinux|linux|win)(?P<rest>.*)")
_MAC: Final = re.compile(r"_(?P<major>\d+)_(?P<minor>\d+)_(?P<arch>\w+)")
_MAC_ARCHS: Final[Mapping[str, tuple[str, ...]]] = {
    "macos-arm64": ("arm64", "universal2"),
    "macos-x86_64": ("x86_64", "universal2", "intel"),
    "macos-10.16": ("x86_64", "universal2", "intel"),
    "macos-11only": ("x86_64", "universal2"),
}
_OLD_MAC: Final = 10


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python (`3.11`) at a place; `macos`: the release that it runs on, where that is known."""

    python: str
    place: Place
    macos: tuple[int, ...] = ()


def with_current_pip(one: Interpreter) -> Interpreter:
    """Return the same with a pip that knows today's tags of Linux."""
    return replace(one, place="linux-x86_64") if one.place == "linux-manylinux1" else one


@lru_cache(maxsize=4096)
def admits(place: Place, platform: str, macos: tuple[int, ...] = ()) -> bool:
    """Return whether an interpreter there takes wheels of this compressed platform tag."""
    return any(part == "any" or _admits(place, part, macos) for part in platform.split("."))


def _admits(place: Place, tag: str, macos: tuple[int, ...]) -> bool:
    found = _TAG.fullmatch(tag)
    if found is None:
        return False
    system, _, arch = place.partition("-")
    rest = found["rest"]
    match found["kind"]:
        case "macosx":
            mac = _MAC.fullmatch(rest)
            if system != "macos" or mac is None or mac["arch"] not in _MAC_ARCHS[place]:
                return False
            floor = (int(mac["major"]), int(mac["minor"]))
            if macos and floor[: len(macos)] > macos[:2]:
                return False
            old = floor[0] <= _OLD_MAC
            return old if place == "macos-10.16" else not old if place == "macos-11only" else True
        case "win":
            return system == "windows" and rest == {"x86_64": "_amd64", "i686": "32", "arm64": "_arm64"}[arch]
        case "musllinux":
            return system == "musl" and rest.endswith(f"_{arch}")
        case "manylinux" if place == "linux-manylinux1":
            return rest == "1_x86_64"
        case _:
            return system == "linux" and rest.endswith(f"_{arch}")


@lru_cache(maxsize=4096)
def serves(pythons: tuple[str, ...], python: str) -> bool:
    """Return whether wheels of these Pythons serve this one: exactly, by a stable ABI, or because they have no code."""
    if python in pythons or ("any" in pythons and python[0] == "3") or ("2" in pythons and python[0] == "2"):
        return True
    return any(one.endswith("+") and _not_below(python, one[:-1]) for one in pythons)


def _not_below(python: str, least: str) -> bool:
    return (numbers(python) or ()) >= (numbers(least) or ()) and python[0] == least[0]


@lru_cache(maxsize=4096)
def permits(requires_python: str, python: str) -> bool:
    """Return whether Requires-Python admits a release of this Python; what cannot be read forbids nothing."""
    known = specifiers(requires_python)
    return known is None or known.contains(f"{python}.15")


class Market:
    """The releases of one distribution, and which of them each interpreter may choose, oldest first."""

    def __init__(self, offers: Sequence[Offer]) -> None:
        """Remember the releases; nothing is looked up yet."""
        self.offers = tuple(sorted(offers, key=lambda offer: offer.date))
        # `offers` come in the order of their versions.
        self.rank = {offer.version: place for place, offer in enumerate(offers)}
        self._there: dict[tuple[Place, tuple[int, ...]], list[tuple[Offer, tuple[str, ...]]]] = {}
        self._seen: dict[Interpreter, tuple[Offer, ...]] = {}

    def offered(self, one: Interpreter) -> tuple[Offer, ...]:
        """Return what an installer of `one` may choose from once all of it is published."""
        if one not in self._seen:
            where = (one.place, one.macos)
            if where not in self._there:
                self._there[where] = [(offer, _pythons(offer.wheels, *where)) for offer in self.offers]
            self._seen[one] = tuple(
                offer
                for offer, pythons in self._there[where]
                if permits(offer.requires_python, one.python) and (offer.sdist or serves(pythons, one.python))
            )
        return self._seen[one]


def _pythons(wheels: tuple[Wheel, ...], place: Place, macos: tuple[int, ...]) -> tuple[str, ...]:
    return tuple(python for platform, pythons in wheels if admits(place, platform, macos) for python in pythons)
