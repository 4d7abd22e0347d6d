"""Is a hazard about something: a distribution of the index, releases in its range, a cure that does anything? Pure."""

from __future__ import annotations

from collections.abc import Sequence

from packaging.utils import canonicalize_name

from tfsetup.ground.versions import in_range, is_version, specifiers
from tfsetup.matrix.facts import Index
from tfsetup.matrix.file.rows import Matrix, Row
from tfsetup.matrix.hazards import Hazard
from tfsetup.upkeep.checks.common import Found, parse


def check_hazard(hazard: Hazard, matrix: Matrix) -> Found:
    """Yield what is wrong with a hazard, with paths from the hazard on."""
    known = known_versions(hazard.distribution, matrix.index)
    if not known:
        yield ("distribution",), f"the index has no {hazard.distribution}"
    elif not (touched := [v for v in known if in_range(hazard.versions, v)]):
        yield ("versions",), f"no published release of {hazard.distribution} is in this range"
    else:
        yield from _rows(hazard, touched, matrix)
        yield from _python(hazard, touched, matrix.index)
    if hazard.macos is not None and not any(in_range(hazard.macos, f"{major}.0") for major in range(11, 100)):
        yield ("macos",), "no macOS from 11 on is in this range"
    cure = hazard.cure
    if not (cure.environment or cure.requirements or cure.program):
        yield ("cure",), "a cure without any effect"
    for place, bound in enumerate(cure.requirements):
        yield from _bound(place, bound, matrix.index)


def known_versions(distribution: str, index: Index) -> Sequence[str]:
    """Return the published versions of a row's distribution, of a plugin or of a companion."""
    return index.releases(distribution) or index.companions.get(distribution, ())


def _rows(hazard: Hazard, touched: Sequence[str], matrix: Matrix) -> Found:
    """Every row that is named must be able to bring an affected release; a companion can come with any."""
    companion = hazard.distribution in matrix.index.companions
    rows = {row.id: row for row in matrix.rows}
    for place, name in enumerate(hazard.rows):
        if name in rows and not companion and not _brings(rows[name], hazard.distribution, touched):
            yield ("rows", place), f"this row brings no {hazard.distribution} of this range"
    if hazard.macos is not None and not any(row.when.os == "macos" for row in _named(hazard, matrix)):
        yield ("macos",), "no row of this hazard is for macOS"


def _python(hazard: Hazard, touched: Sequence[str], index: Index) -> Found:
    """Only a release that was built for several Pythons can be wrong on some of them."""
    wanted = hazard.python
    releases = [index.release(hazard.distribution, version) for version in touched]
    minors = {minor for release in releases if release for group in release.wheels for minor in group.pythons}
    if wanted is not None and not any(is_version(minor) and in_range(wanted, minor) for minor in minors):
        yield ("python",), "no release in this range has a wheel for such a Python"


def _named(hazard: Hazard, matrix: Matrix) -> Sequence[Row]:
    return [row for row in matrix.rows if not hazard.rows or row.id in hazard.rows]


def _brings(row: Row, distribution: str, touched: Sequence[str]) -> bool:
    if row.distribution == distribution:
        return any(in_range(row.versions, version) for version in touched)
    if row.plugin is None or row.plugin.distribution != distribution:
        return False
    return bool({pair.plugin for pair in row.plugin.pairs} & set(touched))


def _bound(place: int, bound: str, index: Index) -> Found:
    """A bound that would avoid the defect must leave a version to install."""
    wanted = parse(bound)
    known = known_versions(canonicalize_name(wanted.name), index)
    if not known:
        yield ("cure", "requirements", place), f"the index has no {wanted.name}"
    elif not any(specifiers(str(wanted.specifier)).contains(version) for version in known):
        yield ("cure", "requirements", place), f"no published {wanted.name} is in this range"
