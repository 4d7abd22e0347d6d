"""What an installer finds at a spot: the releases that the recorded tables have for a system and a Python. Pure.

A table that is not there answers None, which is not "nothing": a name or a version that nobody recorded is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from tfsetup.doctor.commands import Specifiers
from tfsetup.ground.platforms import Arch, Os, Platform
from tfsetup.ground.versions import at_least, in_range, is_prerelease, version
from tfsetup.matrix.facts import Release, Wheels
from tfsetup.matrix.machine import fits, parse_tags
from tfsetup.matrix.relatives import Offer, Tables

_ANY_PYTHON: Final = "3.12"  # where markers ask and nobody knows
_DEEPEST: Final = 4  # empty wheels that point to one another
_UNKNOWN: Final = -1
_ANYWHERE: Final = Wheels(platform="any", pythons=("any",), size=0, requires=_UNKNOWN)
_MINOR: Final = re.compile(r"[0-9]\.[0-9]+")
_PLAIN: Final = re.compile(r"[0-9]+(?:\.[0-9]+)*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Spot:
    """Where something is to be installed; None: not known, so that it is no obstacle.

    `floor` is the version of macOS or of glibc, `python` a minor version, `arch` that of the process.
    """

    os: Os | None = None
    arch: Arch | None = None
    floor: str | None = None
    python: str | None = None
    musl: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Stock:
    """The recorded releases of the tables. What was worked out of them is remembered."""

    tables: Tables
    _found: dict[tuple[str, Spot, bool], tuple[str, ...] | None] = field(default_factory=dict, compare=False)
    _known: dict[str, Mapping[str, Release]] = field(default_factory=dict, compare=False)

    def releases(self, name: str) -> Mapping[str, Release]:
        """Return the releases of a distribution, newest version first; nothing: nobody recorded it."""
        if name not in self._known:
            index = self.tables.index
            of_snapshot = index.distributions.get(name, {})
            found = {one.version: of_snapshot.get(one.version) or _release(one) for one in self.tables.offers(name)}
            found = found or {one: Release(date="", wheels=(_ANYWHERE,)) for one in index.companions.get(name, ())}
            wheels = any(release.wheels for release in found.values())
            # What is built from source is old where later ones have wheels: it rarely builds on a newer Python.
            kept = (one for one in found if found[one].wheels or not wheels)
            self._known[name] = {one: found[one] for one in sorted(kept, key=version, reverse=True)}
        return self._known[name]

    def offered(self, name: str, spot: Spot, *, pre: bool = False) -> tuple[str, ...] | None:
        """Return the versions of a distribution that install at a spot, newest first; None: nobody recorded it.

        Of a companion without a table of its own only the versions are known, not for which Pythons they are.
        """
        key = (name, spot, pre)
        if key not in self._found:
            known = self.releases(name)
            fitting = (one for one, release in known.items() if self._installs(release, spot))
            self._found[key] = tuple(one for one in fitting if pre or not is_prerelease(one)) if known else None
        return self._found[key]

    def is_recorded(self, name: str, wanted: Specifiers) -> bool:
        """Return whether the table reaches back to what is wanted: what is older than its first release is unknown."""
        known = list(self.releases(name))
        if not known:
            return False
        oldest = version(known[-1])
        ends = [one.version.removesuffix(".*") for one in wanted if one.operator in {"==", "===", "~=", "<", "<="}]
        return all(version(end) >= oldest for end in ends if _PLAIN.fullmatch(end))

    def wheels_of(self, name: str, release: str, spot: Spot) -> Wheels | None:
        """Return the wheels of a release that an installer takes at a spot."""
        found = self.releases(name).get(release)
        return next((one for one in found.wheels if _fits(one, found, spot)), None) if found is not None else None

    def needed_by(self, name: str, release: str, spot: Spot) -> Mapping[str, Specifiers]:
        """Return the ranges of what a release requires at a spot, by normalised name; of its extras nothing."""
        texts = (text for text in self._required(name, release, spot) if "extra ==" not in text)
        parsed = (one for text in texts if (one := _parsed(text)) is not None and _applies(one, spot))
        return {canonicalize_name(one.name): one.specifier for one in parsed}

    def extra_names(self, name: str, release: str, extras: frozenset[str], spot: Spot) -> frozenset[str]:
        """Return the normalised names of what a release requires for its extras."""
        marks = [f'extra == "{extra}"' for extra in extras]
        texts = (text for text in self._required(name, release, spot) if any(mark in text for mark in marks))
        return frozenset(canonicalize_name(one.name) for text in texts if (one := _parsed(text)) is not None)

    def _required(self, name: str, release: str, spot: Spot) -> Sequence[str]:
        wheels = self.wheels_of(name, release, spot)
        known = wheels is not None and wheels.requires >= 0
        return self.tables.index.requires[wheels.requires] if wheels is not None and known else ()

    def pythons_for(self, name: str, releases: Sequence[str], spot: Spot) -> tuple[str, ...]:
        """Return the Pythons on which one of `releases` installs at a spot, whatever the spot's own."""
        here = {
            python
            for one in releases
            if (found := self.releases(name).get(one)) is not None
            for wheels in found.wheels
            for python in wheels.pythons
            if _MINOR.fullmatch(python) and self._installs(found, replace(spot, python=python))
        }
        return tuple(sorted(here, key=lambda text: version(text.rstrip("t"))))

    def _installs(self, release: Release, spot: Spot, depth: int = 0) -> bool:
        if release.yanked:
            return False
        if not release.wheels:
            return release.sdist and _admits(release, spot.python)
        return any(_fits(one, release, spot) and self._has_code(one, spot, depth) for one in release.wheels)

    def _has_code(self, wheels: Wheels, spot: Spot, depth: int) -> bool:
        """Whether an empty wheel leads to one with code; one that leads to itself has none."""
        if wheels.carrier is None:
            return True
        name, release = wheels.carrier
        target = self.releases(name).get(release)
        return target is not None and depth < _DEEPEST and self._installs(target, spot, depth + 1)


def satisfying(wanted: Specifiers, versions: Iterable[str]) -> tuple[str, ...]:
    """Return those of `versions` that a requirement admits, in their order."""
    return tuple(one for one in versions if wanted.contains(one, prereleases=True))


def nearest(wanted: str, versions: Sequence[str]) -> str:
    """Return the version nearest to `wanted`: the newest before it, else the oldest there is."""
    older = [one for one in versions if version(one) < version(wanted)]
    return max(older, key=version) if older else min(versions, key=version)


def _fits(wheels: Wheels, release: Release, spot: Spot) -> bool:
    right = spot.python is None or any(_serves(one, spot.python) for one in wheels.pythons)
    return right and _admits(release, spot.python) and _for_system(wheels.platform, spot)


def _serves(built: str, python: str) -> bool:
    """Whether a wheel built for a Python is for another: `any`, or `3.9+`, whose ABI serves later ones too."""
    if built.endswith("+"):
        return not python.endswith("t") and at_least(python, built[:-1]) is True
    return built in {"any", python}


def _release(one: Offer) -> Release:
    """Return a row of the record as the snapshot has its releases; of what it requires nothing is known."""
    wheels = (Wheels(platform=platform, pythons=pythons, size=0, requires=_UNKNOWN) for platform, pythons in one.wheels)
    return Release(
        date=one.date, requires_python=one.requires_python, yanked=one.yanked, sdist=one.sdist, wheels=tuple(wheels)
    )


def _admits(release: Release, python: str | None) -> bool:
    if python is None or not release.requires_python:
        return True
    return in_range(release.requires_python, f"{python.rstrip('t')}.99")


@lru_cache(maxsize=4096)
def _for_system(platform: str, spot: Spot) -> bool:
    tags = parse_tags(platform)
    if spot.os is None:
        return not spot.musl and (spot.arch is None or any(tag.arch in {"any", spot.arch} for tag in tags))
    if spot.musl and not any(tag.os is None for tag in tags):
        return False
    if spot.arch is None:
        return any(tag.os in {None, spot.os} for tag in tags)
    return fits(platform, spot.os, spot.arch, spot.floor)


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Requirement | None:
    try:
        return Requirement(text)
    except InvalidRequirement:
        return None


def _applies(one: Requirement, spot: Spot) -> bool:
    if one.marker is None:
        return True
    if spot.os is None or spot.arch is None:
        return False
    python = (spot.python or _ANY_PYTHON).rstrip("t")
    return one.marker.evaluate({**Platform(spot.os, spot.arch).environment(f"{python}.0"), "extra": ""})
