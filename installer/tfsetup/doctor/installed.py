"""What a list of installed packages shows, as an inspection shows it of a prefix. Pure.

The rules are the matrix's (`matrix.installed`, `matrix.beside`, `matrix.extensions`): here they are asked, and what
they answer is put into words. A list says nothing of files, so what it shows is kept apart (`Observation.listed`):
beside the text of a failure it supports an explanation, and decides only what is certain from names and versions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, cast, get_args

from tfsetup.doctor.facts import Facts
from tfsetup.doctor.listed import spoken_in
from tfsetup.doctor.model import Check, Evidence, Knowledge, Observation
from tfsetup.doctor.text import LogText
from tfsetup.ground.platforms import Os, arch_of
from tfsetup.ground.versions import is_prerelease, is_version, minor, version
from tfsetup.matrix import beside, extensions, installed
from tfsetup.matrix.file.rows import Matrix
from tfsetup.matrix.installed import Place

_MODULE: Final = "tensorflow"
# What an inspection of a prefix sees better: in the files.
_IN_FILES: Final[frozenset[Check]] = frozenset(("two-tensorflows", "requirement-missing", "requirement-not-met"))
# Tools that may leave out what one system's wheel requires, and the option that does.
_LOCK_TOOLS: Final = ("oetry", "uv sync", "uv add", "uv run", "uv.lock", "pdm ", "--no-deps")
# The share of what TensorFlow requires that may be missing of an installation.
_FEW: Final = 0.2


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """A list and what is known of where it is from. `names`: what TensorFlow is called, by its other names too.

    `whole`: what is not in it is not installed.
    """

    packages: Mapping[str, str]
    names: Sequence[str]
    place: Place
    whole: bool = False

    @property
    def tensorflow(self) -> str | None:
        """The version of TensorFlow in it."""
        return installed.tensorflow_of(self.packages, self.names)


def place_of(facts: Mapping[str, str], told: Place) -> Place:
    """Return the process that the packages are for, from the doctor's facts, else as their names tell (`told`)."""
    os = cast("Os", facts["os"]) if facts.get("os") in get_args(Os) else told.os
    known = facts.get("process") or facts.get("arch")
    arch = arch_of(known, os) if known else told.arch if os == told.os else None
    python = facts.get("python", "")
    return Place(os=os, arch=arch, python=minor(python) if is_version(python) else None)


def seen_in(evidence: Evidence, facts: Facts, knowledge: Knowledge, log: LogText) -> tuple[Observation, ...]:
    """Return what the packages that are known show, besides what an inspection has seen.

    Where nobody listed TensorFlow, that is what the text speaks of, if it speaks of one release of each.
    """
    matrix, packages = knowledge.matrix, facts.installed
    names = (_MODULE, *knowledge.aliases.get(_MODULE, ()))
    if matrix is None:
        return ()
    place = place_of(facts.host, installed.system_told(packages, matrix.index))
    listing = Listing(packages=packages, names=names, place=place, whole=facts.whole)
    found = look(listing, matrix) if packages else ()
    if evidence.observations is not None:
        return tuple(one for one in found if one.check not in _IN_FILES)
    if facts.elsewhere or packages.keys() & set(names):
        return found
    spoken = replace(listing, packages={**spoken_in(log, _paired(matrix)), **packages})
    locked = (_lost,) if any(word in log.stream for word in _LOCK_TOOLS) else ()
    return (*found, *look(spoken, matrix, (*locked, _pairs, _strangers)))


def _paired(matrix: Matrix) -> Iterator[str]:
    """Yield the names of what goes with one release of another only."""
    yield from (_MODULE, *(one.distribution for one in matrix.extensions))
    yield from {row.plugin.distribution for row in matrix.rows if row.plugin is not None}


Rule = Callable[[Listing, Matrix], Iterator[Observation]]
"""One thing that may be wrong with a list."""


def look(listing: Listing, matrix: Matrix, rules: Sequence[Rule] = ()) -> tuple[Observation, ...]:
    """Return everything wrong with what is installed, the most basic first; by some of the rules, where given."""
    every: Sequence[Rule] = (_lost, _copies, _served, _bounds, _beside, _pairs, _strangers, _plugin, _cuda)
    return tuple(one for rule in rules or every for one in rule(listing, matrix))


def _lost(listing: Listing, matrix: Matrix) -> Iterator[Observation]:
    for one in installed.lost(listing.packages, listing.place, matrix.index):
        target, number = one.target
        itself = target == one.name
        words = f"{one.name} {one.version} is an empty package here: its code is in {target} {number}, "
        rest = "which is empty too." if itself else "which is not installed."
        sure = "yes" if itself or listing.whole else "no"
        yield _see(
            "shim-without-target", one.name, words + rest,
            installed=one.version, keep=target, kept=number, sure=sure,
        )  # fmt: skip


def _copies(listing: Listing, matrix: Matrix) -> Iterator[Observation]:
    found = installed.owners(listing.packages, listing.names, listing.place, matrix.index)
    if len(found) < 2:  # noqa: PLR2004 - one copy is as it should be
        return
    versions = {name: listing.packages[name] for name in found}
    alike = len({minor(text) for text in versions.values()}) == 1
    known = [name for name in found if is_version(versions[name])]
    best = max(known, key=lambda name: (not is_prerelease(versions[name]), version(versions[name])), default=found[0])
    words = " and ".join(f"{name} {text}" for name, text in versions.items())
    yield _see(
        "two-tensorflows", _MODULE, f"{words} both bring the module {_MODULE}.", names=" ".join(found), keep=best,
        kept=versions[best], found_by="inspection", alike="yes" if alike else "no",
    )  # fmt: skip


def _served(listing: Listing, matrix: Matrix) -> Iterator[Observation]:
    place = listing.place
    for name, served in installed.pythons(listing.packages, listing.names, place, matrix.index).items():
        have = listing.packages[name]
        older = version(str(place.python).rstrip("t")) > version(served[-1].rstrip("t"))
        words = f"{name} {have} has wheels for Python {served[0]} to {served[-1]}, and this is Python {place.python}."
        yield _see("not-for-this-python", name, words, installed=have, release="too-old" if older else "too-new")
    for name in installed.elsewhere(listing.packages, listing.names, place, matrix.index):
        have = listing.packages[name]
        yield _see(
            "not-for-this-system", name, f"{name} {have} has no wheel for {place.os} {place.arch}.", installed=have
        )


def _bounds(listing: Listing, matrix: Matrix) -> Iterator[Observation]:
    every = list(installed.required(listing.packages, listing.names, listing.place, matrix))
    gaps = {one.name for one in every if not one.have}
    # Of a list that lacks a good part of what is required, that part was left out by whoever wrote it down.
    missed = listing.whole and len(gaps) <= _FEW * len({one.name for one in every})
    seen: set[str] = set()
    for one in every:
        whose = f"{one.by} {one.by_version} requires {one.name}{one.specifier}"
        details = {"required": one.specifier, "by": one.by, "installed": one.have}
        if one.name in seen:
            continue
        if not one.have and missed and not one.because:
            yield _see("requirement-missing", one.name, f"{whose}, which is not installed.", **details)
        elif one.have and not installed.kept(one):
            why = f": {one.because}" if one.because else ""
            yield _see("requirement-not-met", one.name, f"{whose}, but {one.have} is installed{why}.", **details)
            seen.add(one.name)


def _beside(listing: Listing, matrix: Matrix) -> Iterator[Observation]:
    rules = [rule for rule in matrix.beside if rule.os in {None, listing.place.os}]
    for one in beside.broken(rules, listing.packages, whole=listing.whole):
        details = {"by": one.rule.distribution, "installed": one.version}
        yield _see("beside-not-kept", one.rule.id, f"{one.sentence}.", **details)


def _pairs(listing: Listing, matrix: Matrix) -> Iterator[Observation]:
    for one in installed.unpaired(listing.packages, listing.tensorflow, matrix):
        words = f"{one.plugin} {one.version} is not made for TensorFlow {one.tensorflow}."
        newer = "yes" if one.newer else "no"
        yield _see("plugin-of-another-tensorflow", one.plugin, words, installed=one.version, newer=newer)


def _strangers(listing: Listing, matrix: Matrix) -> Iterator[Observation]:
    for one in extensions.strangers(matrix.extensions, listing.packages, listing.tensorflow):
        name = one.extension.distribution
        words = f"{name} {one.version} is made for TensorFlow {one.wants}, and {one.tensorflow} is installed: "
        details = {"installed": one.version, "required": one.wants, "want": one.tensorflow}
        yield _see("extension-of-another-tensorflow", name, f"{words}{one.extension.because}.", **details)


def _plugin(listing: Listing, matrix: Matrix) -> Iterator[Observation]:
    plugins = {row.plugin.distribution for row in matrix.rows if row.plugin is not None}
    place = listing.place
    mac = place.os == "macos" and place.arch == "arm64" and listing.tensorflow is not None
    if mac and listing.whole and not plugins & listing.packages.keys():
        yield _see("no-plugin", _MODULE, f"TensorFlow {listing.tensorflow} is installed, and no plugin for the GPU.")


def _cuda(listing: Listing, matrix: Matrix) -> Iterator[Observation]:
    place, packages = listing.place, listing.packages
    if installed.cuda_set(packages, place, matrix):
        words = f"All of NVIDIA's libraries for TensorFlow {packages[_MODULE]} are installed."
        yield _see("cuda-set-complete", _MODULE, words)
    if place.os in {None, "linux"} and (why := installed.unfound_by(packages, matrix)):
        yield _see("cuda-wheels-not-found", _MODULE, f"tensorflow {packages[_MODULE]} is installed, and {why}.")
    if place.os == "linux" and place.arch == "aarch64" and installed.cuda_parts(matrix) & packages.keys():
        words = "NVIDIA's libraries are installed, and every TensorFlow for Linux on aarch64 is a CPU build."
        yield _see("cuda-without-a-build", _MODULE, words)


def _see(check: Check, subject: str, detail: str, **captures: str) -> Observation:
    return Observation(check=check, subject=subject, detail=detail, captures=captures, listed=True)
