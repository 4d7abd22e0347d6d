"""What a list of installed packages is worth by the matrix and the index snapshot, without a file of it seen. Pure.

The snapshot knows of every release of TensorFlow which wheels hold code, which are empty and what carries the code in
their stead, for which Pythons and systems they are, and what they require. Where the machine is not known, nothing is
said that is not true of every machine the release has wheels for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from packaging.markers import Marker, UndefinedComparison, UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from tfsetup.ground.platforms import Arch, Os, Platform, arch_of
from tfsetup.ground.versions import asked, in_range, is_prerelease, is_version, version
from tfsetup.matrix.facts import Index, Wheels
from tfsetup.matrix.file.rows import Matrix, Pair
from tfsetup.matrix.machine import parse_tags

# Whose extra brings NVIDIA's libraries.
_NAME: Final = "tensorflow"


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """What is known of the process that the packages are for. `python`: a minor version such as `3.12`."""

    os: Os | None = None
    arch: Arch | None = None
    python: str | None = None


class Empty(NamedTuple):
    """An installed name without code, and the distribution that carries it: (name, version)."""

    name: str
    version: str
    target: tuple[str, str]


class Unmet(NamedTuple):
    """A bound of an installed distribution that another one does not keep; `have` is empty where that is missing."""

    by: str
    by_version: str
    name: str
    specifier: str
    have: str
    because: str = ""


class Unpaired(NamedTuple):
    """A plugin that has no pair with the TensorFlow beside it; `newer`: that is newer than all it has one with."""

    plugin: str
    version: str
    tensorflow: str
    newer: bool


def groups(index: Index, name: str, text: str, place: Place) -> list[Wheels]:
    """Return the wheels that an installed version may have come from; `2.13` may be any stable release of 2.13."""
    found = (group for release in _releases(index, name, text) for group in release)
    return [group for group in found if _for(group.platform, place)]


def _releases(index: Index, name: str, text: str) -> list[tuple[Wheels, ...]]:
    release = index.release(name, text)
    if release is not None or text.count(".") != 1 or not is_version(text):
        return [release.wheels] if release is not None else []
    series = (known for known in index.releases(name) if known.startswith(f"{text}.") and not is_prerelease(known))
    return [found.wheels for known in series if (found := index.release(name, known)) is not None]


@lru_cache(maxsize=4096)
def _for(platform: str, place: Place) -> bool:
    tags = parse_tags(platform)
    return any(tag.os in {None, place.os or tag.os} and tag.arch in {"any", place.arch or tag.arch} for tag in tags)


def empty(packages: Mapping[str, str], place: Place, index: Index) -> tuple[Empty, ...]:
    """Return the installed names (normalised name → version) whose wheels are empty, wherever they may be from."""
    return tuple(_empty(packages, place, index))


def _empty(packages: Mapping[str, str], place: Place, index: Index) -> Iterator[Empty]:
    for name, text in packages.items():
        carriers = {group.carrier for group in groups(index, name, text, place)}
        if len({carrier and carrier[0] for carrier in carriers}) == 1 and (first := min(carriers, key=str)):
            yield Empty(name, text, first)


def lost(packages: Mapping[str, str], place: Place, index: Index) -> tuple[Empty, ...]:
    """Return the empty ones whose code nothing among the packages carries."""
    hollow = empty(packages, place, index)
    names = {one.name for one in hollow}
    return tuple(one for one in hollow if one.target[0] not in packages or one.target[0] in names)


def owners(packages: Mapping[str, str], names: Sequence[str], place: Place, index: Index) -> tuple[str, ...]:
    """Return which of `names` are installed and own TensorFlow's folder: not those that are, or may be, empty."""
    found = [name for name in dict.fromkeys(names) if name in packages]
    return tuple(name for name in found if not any(g.carrier for g in groups(index, name, packages[name], place)))


def tensorflow_of(packages: Mapping[str, str], names: Sequence[str]) -> str | None:
    """Return the version of TensorFlow among the packages: the newest, where several names have one."""
    known = [packages[name] for name in names if is_version(packages.get(name, ""))]
    return max(known, key=version, default=None)


def kept(one: Unmet) -> bool:
    """Tell whether the version that is there is within the bound; one that is no version is taken to be."""
    return not is_version(one.have) or asked(one.specifier, one.have)


def required(packages: Mapping[str, str], names: Sequence[str], place: Place, matrix: Matrix) -> Iterator[Unmet]:
    """Yield each bound that holds for what is installed, kept or not."""
    for name in names:
        text = packages.get(name, "")
        if is_version(text):
            yield from _required(
                name, text, _alike(_coded(matrix.index, name, text, place), place, matrix.index), packages
            )
            yield from _ruled(name, text, packages, matrix)


def _coded(index: Index, name: str, text: str, place: Place) -> list[Wheels]:
    """Return the wheels with the code of an installed version: of an empty one, those of what carries it."""
    found = groups(index, name, text, place)
    carried = {group.carrier for group in found if group.carrier is not None and group.carrier[0] != name}
    targets = [group for other, number in carried for group in groups(index, other, number, place)]
    return [group for group in (*found, *targets) if group.carrier is None]


def _alike(found: Sequence[Wheels], place: Place, index: Index) -> Iterator[tuple[str, str]]:
    """Yield (name, specifier) of the requirements that every wheel in question has."""
    mine = [group for group in found if place.python is None or place.python in group.pythons] or list(found)
    each = [dict(_bounds(index.requires[group.requires], place)) for group in mine]
    for name, spec in each[0].items() if each else ():
        if all(other.get(name) == spec for other in each):
            yield name, spec


def _bounds(requirements: Sequence[str], place: Place) -> Iterator[tuple[str, str]]:
    for text in requirements:
        try:
            one = Requirement(text)
            if one.marker is None or _applies(one.marker, place):
                yield canonicalize_name(one.name), str(one.specifier)
        except (InvalidRequirement, UndefinedComparison, UndefinedEnvironmentName):
            continue


def _applies(marker: Marker, place: Place) -> bool:
    """Tell whether a marker holds there; one that asks for what is not known of the place is taken not to."""
    unknown = ("" if place.python else "python_", "" if place.os and place.arch else "platform")
    if any(word and word in str(marker) for word in unknown):
        return False
    platform = Platform(place.os or "linux", place.arch or "x86_64")
    return marker.evaluate({**platform.environment(f"{place.python}.0"), "extra": ""})


def _required(name: str, text: str, bounds: Iterator[tuple[str, str]], packages: Mapping[str, str]) -> Iterator[Unmet]:
    for other, specifier in bounds:
        if specifier:
            yield Unmet(name, text, other, specifier, packages.get(other, ""))


def _ruled(name: str, text: str, packages: Mapping[str, str], matrix: Matrix) -> Iterator[Unmet]:
    for rule in matrix.rules:
        if is_version(text) and (rule.tensorflow is None or in_range(rule.tensorflow, text)):
            for bound in rule.add:
                one = Requirement(bound)
                other = canonicalize_name(one.name)
                yield Unmet(name, text, other, str(one.specifier), packages.get(other, ""), rule.because)


def unpaired(packages: Mapping[str, str], tensorflow: str | None, matrix: Matrix) -> tuple[Unpaired, ...]:
    """Return the plugins among the packages that no row pairs with this TensorFlow."""
    if tensorflow is None:
        return ()
    pairs: dict[str, list[Pair]] = {}
    for row in matrix.rows:
        if row.plugin is not None:
            pairs.setdefault(row.plugin.distribution, []).extend(row.plugin.pairs)
    found = (_unpaired(name, packages.get(name, ""), tensorflow, known) for name, known in pairs.items())
    return tuple(one for one in found if one is not None)


def _unpaired(name: str, text: str, tensorflow: str, pairs: Sequence[Pair]) -> Unpaired | None:
    mine = [pair.tensorflow for pair in pairs if pair.plugin == text]
    if not mine or any(in_range(wanted, tensorflow) for wanted in mine):
        return None
    releases = [f"2.{number}.0" for number in range(100)]
    last = max(version(known) for wanted in mine for known in releases if in_range(wanted, known))
    return Unpaired(name, text, tensorflow, newer=version(tensorflow) > last)


def pythons(
    packages: Mapping[str, str], names: Sequence[str], place: Place, index: Index
) -> dict[str, tuple[str, ...]]:
    """Return the installed names that have wheels for this system and none for this Python, and their Pythons."""
    found: dict[str, tuple[str, ...]] = {}
    for name in names:
        served = {minor for group in groups(index, name, packages.get(name, ""), place) for minor in group.pythons}
        if place.python is not None and served and not {place.python, "any"} & served:
            found[name] = tuple(sorted(served, key=lambda text: version(text.rstrip("t"))))
    return found


def elsewhere(packages: Mapping[str, str], names: Sequence[str], place: Place, index: Index) -> tuple[str, ...]:
    """Return the installed names whose release has no wheel for this system at all."""
    known = (
        [name for name in names if _releases(index, name, packages.get(name, ""))] if place.os and place.arch else []
    )
    return tuple(name for name in known if not groups(index, name, packages[name], place))


def system_told(packages: Mapping[str, str], index: Index) -> Place:
    """Return what the names of packages say of the machine: some are published for one system only."""
    for name in index.distributions:
        if name in packages:
            systems, machines = _published(name, index)
            if len(systems) == 1:
                return Place(os=min(systems), arch=min(machines) if len(machines) == 1 else None)
    return Place()


def _published(name: str, index: Index) -> tuple[set[Os], set[Arch]]:
    wheels = (group for release in index.distributions[name].values() for group in release.wheels)
    tags = {tag for group in wheels for tag in parse_tags(group.platform)}
    return {tag.os for tag in tags if tag.os}, {arch for tag in tags if (arch := arch_of(tag.arch, tag.os))}


def cuda_set(packages: Mapping[str, str], place: Place, matrix: Matrix) -> bool:
    """Tell whether all that the extra for CUDA brings to the installed TensorFlow is installed, whatever version."""
    found = groups(matrix.index, _NAME, packages.get(_NAME, ""), place)
    wanted = [_of_cuda(matrix.index.requires[group.requires], matrix) for group in found]
    return any(names and names <= packages.keys() for names in wanted)


def cuda_parts(matrix: Matrix) -> frozenset[str]:
    """Return the distributions that the extra for CUDA brings to the newest TensorFlow."""
    newest = next(iter(matrix.index.releases(_NAME)), "")
    found = groups(matrix.index, _NAME, newest, Place())
    return frozenset[str]().union(*(_of_cuda(matrix.index.requires[group.requires], matrix) for group in found))


def _of_cuda(requirements: Sequence[str], matrix: Matrix) -> frozenset[str]:
    rules = (rule for row in matrix.rows if row.accelerator == "cuda" for rule in row.rules)
    extras = {f'extra == "{extra}"' for rule in rules for extra in rule.extras}
    mine = (text for text in requirements if any(extra in text for extra in extras))
    return frozenset(canonicalize_name(Requirement(text).name) for text in mine)


def unfound_by(packages: Mapping[str, str], matrix: Matrix) -> str:
    """Return why the installed TensorFlow does not find NVIDIA's wheels, as the matrix says it; empty: it does."""
    text = packages.get(_NAME, "")
    rules = [rule for row in matrix.rows if row.accelerator == "cuda" for rule in row.rules if rule.verdict == "avoid"]
    mine = (r for r in rules if is_version(text) and r.tensorflow is not None and in_range(r.tensorflow, text))
    return next((rule.because for rule in mine), "")
