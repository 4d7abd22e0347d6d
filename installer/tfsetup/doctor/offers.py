"""What an installer finds at a place: the releases that the recorded tables have for a system and a Python. Pure.

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
from tfsetup.ground.versions import in_range, is_prerelease, version
from tfsetup.matrix.facts import Index, Release, Wheels
from tfsetup.matrix.machine import fits, parse_tags

_ANY_PYTHON: Final = "3.12"  # where markers ask and nobody knows
_DEEPEST: Final = 4  # empty wheels that point to one another
_PLAIN: Final = re.compile(r"[0-9]+(?:\.[0-9]+)*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where something is to be installed; None: not known, so that it is no obstacle.

    `floor` is the version of macOS or of glibc, `python` a minor version, `arch` that of the process.
    """

    os: Os | None = None
    arch: Arch | None = None
    floor: str | None = None
    python: str | None = None
    musl: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Tables:
    """The recorded releases. What was worked out of them is remembered."""

    index: Index
    _found: dict[tuple[str, Place, bool], tuple[str, ...] | None] = field(default_factory=dict, compare=False)

    def offered(self, name: str, place: Place, *, pre: bool = False) -> tuple[str, ...] | None:
        """Return the versions of a distribution that install at a place, newest first; None: nobody recorded it.

        Of a companion only its versions are recorded, not for which Pythons they are.
        """
        key = (name, place, pre)
        if key not in self._found:
            self._found[key] = self._offered(name, place, pre=pre)
        return self._found[key]

    def _offered(self, name: str, place: Place, *, pre: bool) -> tuple[str, ...] | None:
        known = self.index.distributions.get(name)
        if known is None:
            return self._companions(name) or None
        fitting = (one for one in self.index.releases(name) if self._installs(known[one], place))
        return tuple(one for one in fitting if pre or not is_prerelease(one))

    def _companions(self, name: str) -> tuple[str, ...]:
        return tuple(sorted(self.index.companions.get(name, ()), key=version, reverse=True))

    def is_recorded(self, name: str, wanted: Specifiers) -> bool:
        """Return whether the table reaches back to what is wanted: what is older than its first release is unknown."""
        known = self.index.releases(name) or self._companions(name)
        if not known:
            return False
        oldest = version(known[-1])
        ends = [one.version.removesuffix(".*") for one in wanted if one.operator in {"==", "===", "~=", "<", "<="}]
        return all(version(end) >= oldest for end in ends if _PLAIN.fullmatch(end))

    def wheels_of(self, name: str, release: str, place: Place) -> Wheels | None:
        """Return the wheels of a release that an installer takes at a place."""
        found = self.index.release(name, release)
        return next((one for one in found.wheels if _fits(one, found, place)), None) if found is not None else None

    def needed_by(self, name: str, release: str, place: Place) -> Mapping[str, Specifiers]:
        """Return the ranges of what a release requires at a place, by normalised name; of its extras nothing."""
        found: dict[str, Specifiers] = {}
        for one in self._requirements(name, release, place):
            if "extra" not in str(one.marker or "") and _applies(one, place):
                found[canonicalize_name(one.name)] = one.specifier
        return found

    def extra_names(self, name: str, release: str, extras: frozenset[str], place: Place) -> frozenset[str]:
        """Return the normalised names of what a release requires for its extras."""
        mine = [f'extra == "{extra}"' for extra in extras]
        wanted = (
            one for one in self._requirements(name, release, place) if any(text in str(one.marker) for text in mine)
        )
        return frozenset(canonicalize_name(one.name) for one in wanted)

    def _requirements(self, name: str, release: str, place: Place) -> Sequence[Requirement]:
        wheels = self.wheels_of(name, release, place)
        texts = self.index.requires[wheels.requires] if wheels is not None else ()
        return [one for text in texts if (one := _parsed(text)) is not None]

    def pythons_for(self, name: str, releases: Sequence[str], place: Place) -> tuple[str, ...]:
        """Return the Pythons on which one of `releases` installs at a place, whatever the place's own."""
        here = {
            python
            for one in releases
            if (found := self.index.release(name, one)) is not None
            for wheels in found.wheels
            for python in wheels.pythons
            if python != "any" and self._installs(found, replace(place, python=python))
        }
        return tuple(sorted(here, key=lambda text: version(text.rstrip("t"))))

    def _installs(self, release: Release, place: Place, depth: int = 0) -> bool:
        if release.yanked:
            return False
        if not release.wheels:
            return release.sdist and _admits(release, place.python)
        return any(_fits(one, release, place) and self._has_code(one, place, depth) for one in release.wheels)

    def _has_code(self, wheels: Wheels, place: Place, depth: int) -> bool:
        """Whether an empty wheel leads to one with code; one that leads to itself has none."""
        if wheels.carrier is None:
            return True
        target = self.index.release(*wheels.carrier)
        return target is not None and depth < _DEEPEST and self._installs(target, place, depth + 1)


def satisfying(wanted: Specifiers, versions: Iterable[str]) -> tuple[str, ...]:
    """Return those of `versions` that a requirement admits, in their order."""
    return tuple(one for one in versions if wanted.contains(one, prereleases=True))


def nearest(wanted: str, versions: Sequence[str]) -> str:
    """Return the version nearest to `wanted`: the newest before it, else the oldest there is."""
    older = [one for one in versions if version(one) < version(wanted)]
    return max(older, key=version) if older else min(versions, key=version)


def _fits(wheels: Wheels, release: Release, place: Place) -> bool:
    right = place.python is None or "any" in wheels.pythons or place.python in wheels.pythons
    return right and _admits(release, place.python) and _for_system(wheels.platform, place)


def _admits(release: Release, python: str | None) -> bool:
    if python is None or not release.requires_python:
        return True
    return in_range(release.requires_python, f"{python.rstrip('t')}.99")


@lru_cache(maxsize=4096)
def _for_system(platform: str, place: Place) -> bool:
    tags = parse_tags(platform)
    if place.os is None:
        return not place.musl and (place.arch is None or any(tag.arch in {"any", place.arch} for tag in tags))
    if place.musl and not any(tag.os is None for tag in tags):
        return False
    if place.arch is None:
        return any(tag.os in {None, place.os} for tag in tags)
    return fits(platform, place.os, place.arch, place.floor)


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Requirement | None:
    try:
        return Requirement(text)
    except InvalidRequirement:
        return None


def _applies(one: Requirement, place: Place) -> bool:
    if one.marker is None:
        return True
    if place.os is None or place.arch is None:
        return False
    python = (place.python or _ANY_PYTHON).rstrip("t")
    return one.marker.evaluate({**Platform(place.os, place.arch).environment(f"{python}.0"), "extra": ""})
