"""The release tables of what stands around TensorFlow, and of TensorFlow before the snapshot: who could install what.

A row says for which Pythons and platforms a release has wheels, and since when: enough to tell what an installer on a
machine was offered. `environments/relatives.json` holds them, written by `scripts/record-relatives`; what the
snapshot of the index knows is not in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tfsetup.ground.values import value
from tfsetup.ground.versions import version
from tfsetup.matrix.facts import Index, Release

RELATIVES: Final = "relatives.json"
Wheel = tuple[str, tuple[str, ...]]
"""A compressed platform tag, and the Pythons with a wheel of it: `3.9`, `3.9+` (its ABI serves later ones), `any`."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One release: since which day (ISO) it is there, for which Pythons, from source too or as wheels only."""

    version: str
    date: str
    requires_python: str = ""
    sdist: bool = False
    yanked: bool = False
    wheels: tuple[Wheel, ...] = ()


@value
class Relatives:
    """The tables as they were on the day `taken`. `sets` has every distinct set of wheels once.

    `projects`: distribution → version → day, Requires-Python, `s` for a source distribution and `y` for a yanked
    release, place in `sets`.
    """

    taken: str
    sets: tuple[Mapping[str, str], ...] = ()
    projects: Mapping[str, Mapping[str, tuple[str, str, str, int]]] = field(default_factory=dict)
    schema: int = 1

    def offers(self, name: str) -> tuple[Offer, ...]:
        """Return the releases of a distribution, in the order of the file."""
        return tuple(
            Offer(number, date, requires, "s" in marks, "y" in marks, _wheels(self.sets[place]))
            for number, (date, requires, marks, place) in self.projects.get(name, {}).items()
        )


def _wheels(row: Mapping[str, str]) -> tuple[Wheel, ...]:
    return tuple((platform, tuple(pythons.split())) for platform, pythons in row.items())


@value
class Tables:
    """Every release that is known, of the snapshot and of the record beside it."""

    index: Index
    relatives: Relatives

    @property
    def taken(self) -> str:
        """The day on which the younger of the two was taken (ISO)."""
        return max(self.index.taken, self.relatives.taken)

    def offers(self, name: str) -> tuple[Offer, ...]:
        """Return the releases of a distribution, oldest version first; nothing: it is not recorded."""
        from packaging.utils import canonicalize_name

        known = canonicalize_name(name)
        of_snapshot = (_offer(number, release) for number, release in self.index.distributions.get(known, {}).items())
        merged = {offer.version: offer for offer in (*self.relatives.offers(known), *of_snapshot)}
        return tuple(sorted(merged.values(), key=lambda offer: version(offer.version)))


def _offer(number: str, release: Release) -> Offer:
    wheels = tuple((group.platform, group.pythons) for group in release.wheels)
    return Offer(number, release.date, release.requires_python, release.sdist, release.yanked, wheels)
