"""What the checks of the matrix share: how a problem is found, and what releases of a row require. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tfsetup.matrix.choose.releases import process_arch
from tfsetup.matrix.facts import Index, Release, Wheels
from tfsetup.matrix.file.rows import Matrix, Row
from tfsetup.matrix.machine import right_system

Path = tuple[str | int, ...]
Found = Iterator[tuple[Path, str]]  # the path of a field, from its row or from the top of the file, and what is wrong


def below(start: Path, found: Found) -> Found:
    """Yield the problems of a part with their paths from the whole."""
    for path, words in found:
        yield (*start, *path), words


def names_of(matrix: Matrix) -> list[str]:
    """Return the distributions that a matrix speaks of, and those that carry the code of empty wheels."""
    mine = {row.distribution for row in matrix.rows} | {row.plugin.distribution for row in matrix.rows if row.plugin}
    return [*sorted(mine | set(matrix.index.distributions))]


def wheels_for(row: Row | None, release: Release | None) -> list[Wheels]:
    """Return the wheels of a release for the system of a row (None: all of them)."""
    groups = release.wheels if release else ()
    return [g for g in groups if row is None or right_system(g.platform, row.when.os, process_arch(row))]


def requirement_texts(distribution: str, versions: Sequence[str], row: Row | None, index: Index) -> Iterator[str]:
    """Yield what releases require for a row's system; of an empty wheel, what the one with the code requires."""
    for text in versions:
        for group in wheels_for(row, index.release(distribution, text)):
            yield from index.requires[group.requires]
            if group.carrier is not None:
                for other in wheels_for(row, index.release(*group.carrier)):
                    yield from index.requires[other.requires]


def required(
    distribution: str, versions: Sequence[str], row: Row | None, index: Index, extras: frozenset[str] = frozenset()
) -> dict[str, set[str]]:
    """Return what releases require, with these extras: normalized name → the ranges they give."""
    found: dict[str, set[str]] = {}
    for text in requirement_texts(distribution, versions, row, index):
        if "extra ==" not in text or any(f'extra == "{extra}"' in text for extra in extras):
            name, wanted = _name_and_range(text)
            found.setdefault(name, set()).add(wanted)
    return found


@cache
def _name_and_range(text: str) -> tuple[str, str]:
    wanted = parse(text)
    return canonicalize_name(wanted.name), str(wanted.specifier)


@cache
def parse(text: str) -> Requirement:
    """Return a requirement; the same texts come again and again."""
    return Requirement(text)
