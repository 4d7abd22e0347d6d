"""What keeps an interpreter from the releases that would do, on a day. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from tfsetup.doctor.refusals.model import Why
from tfsetup.doctor.refusals.worlds import PYTHONS, Interpreter, Market, Place
from tfsetup.matrix.relatives import Offer

# Of those whom both another Python and another processor would serve: how many need the latter.
_OF_A_MAC: Final[Mapping[Why, float]] = {"translated": 0.9, "intel-mac": 0.45}
_USUAL: Final[tuple[Place, ...]] = ("linux-x86_64", "windows-x86_64", "macos-arm64")


class Reasons:
    """What keeps an interpreter from what would do, on a day."""

    def __init__(self, wanted: Sequence[Offer], market: Market, facts: Mapping[str, str]) -> None:
        """Remember the releases that would do, oldest first."""
        self.wanted = tuple(wanted)
        self.market = market
        self.facts = facts
        self._known: dict[tuple[Interpreter, int], tuple[tuple[Why, float], ...]] = {}
        self._has: dict[tuple[Interpreter, int], bool] = {}

    def of(self, one: Interpreter, until: str) -> tuple[tuple[Why, float], ...]:
        """Return the reasons with their parts of one, as they are just before the day `until`."""
        if not self.wanted:
            return (("never", 1.0),)
        there = sum(offer.date < until for offer in self.wanted)
        if not there:
            return (("later", 1.0),)
        key = (one, there)
        if key not in self._known:
            self._known[key] = tuple(self._found(one, there))
        return self._known[key]

    def _served(self, python: str, place: Place, there: int) -> bool:
        """Return whether an interpreter may have one of the first `there` releases that would do."""
        key = (Interpreter(python, place), there)
        if key not in self._has:
            enough = frozenset(offer.version for offer in self.wanted[:there])
            self._has[key] = any(offer.version in enough for offer in self.market.offered(key[0]))
        return self._has[key]

    def _found(self, one: Interpreter, there: int) -> Iterator[tuple[Why, float]]:
        if (special := self._special(one, there)) is not None:
            yield special, 1.0
            return
        intel = one.place in {"macos-x86_64", "macos-10.16", "macos-11only"}
        place: Place = "macos-x86_64" if intel else one.place
        elsewhere = any(self._served(one.python, other, there) for other in _USUAL)
        other_python = any(self._served(python, place, there) for python in PYTHONS)
        platform: Why = _of_a_mac(self.facts) if intel else "platform"
        if intel and (self.facts.get("rosetta") == "true" or self._served(one.python, "macos-arm64", there)):
            part = _OF_A_MAC[platform] if other_python else 1.0
            yield platform, part
            yield "python", 1.0 - part
        elif other_python:
            yield "python", 1.0
        elif elsewhere or intel:
            yield platform, 1.0
        else:
            yield "platform", 0.6
            yield "python", 0.4

    def _special(self, one: Interpreter, there: int) -> Why | None:
        match one.place:
            case "macos-arm64" | "macos-x86_64" if one.macos:
                return "old-macos" if self._served(one.python, one.place, there) else None
            case "linux-i686" | "windows-i686":
                return "narrow"
            case "musl-x86_64" | "musl-aarch64":
                return "musl"
            case "macos-10.16" | "macos-11only" if self._served(one.python, "macos-x86_64", there):
                return "old-tags" if one.place == "macos-10.16" else "old-pip"
            case "linux-manylinux1" if self._served(one.python, "linux-x86_64", there):
                return "old-pip"
            case _:
                return None


def _of_a_mac(facts: Mapping[str, str]) -> Why:
    arm = facts.get("arch") in {"arm64", "aarch64"} or facts.get("rosetta") == "true"
    return "translated" if arm else "intel-mac"
