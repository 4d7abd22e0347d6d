"""The course: what nothing is kept of is read out of the wheels and opened, and all of it held against the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from msgspec import UNSET, UnsetType

from tfsetup.errors import BuildError, NetworkError, UnsolvableError
from tfsetup.ground.platforms import Platform
from tfsetup.loader.shipped import load_tables
from tfsetup.locks.files import write_all
from tfsetup.matrix.alternatives import OPENINGS, Alternative, Alternatives, Library, Opened, Openings, Wheel
from tfsetup.matrix.file.rows import Matrix
from tfsetup.matrix.machine import right_system
from tfsetup.matrix.model import Selection, Target
from tfsetup.upkeep import kept
from tfsetup.upkeep.alternatives.judge import Pages, newer, otherwise, unfounded
from tfsetup.upkeep.alternatives.opening import ARM, openings
from tfsetup.workflows.told import Told, silent

if TYPE_CHECKING:
    from tfsetup.loader.files.archive import Contents
    from tfsetup.upkeep.index.snapshot import File

Open = Callable[[str, str], "Contents"]
"""A wheel's name and address → what is in it."""
Solves = Callable[[Sequence[str], str, str], bool]
"""Requirements, a Python `X.Y` and a macOS → whether wheels for all of them can be had."""

_PYTHON: Final = "3.13"  # whose site-packages the library is laid into; no library here looks at it


@dataclass(frozen=True, kw_only=True, slots=True)
class AlternativesOpened:
    """What else computes on the GPU of a Mac, beside what the file says of it."""

    verdict: Literal["not asked", "as told", "differs"]
    """`differs`: the index or the wheels say otherwise than the file."""
    opened: tuple[str, ...]
    """The releases that are kept, opened now or before."""
    read: tuple[str, ...] | UnsetType = UNSET
    """Those that were read and opened now; only where it was asked."""
    differences: tuple[str, ...] | UnsetType = UNSET
    """What is otherwise; only where it was asked."""
    newer: tuple[str, ...] | UnsetType = UNSET
    """Releases that the file does not know yet, which is no failure; only where it was asked."""


def open_alternatives(
    known: Alternatives,
    before: Openings,
    matrix: Matrix,
    folder: Path,
    pages: Callable[[list[str]], Pages] | None,
    told: Told = silent,
    *,
    opening: Open | None = None,
    solves: Solves | None = None,
) -> AlternativesOpened:
    """Open what nothing is kept of `before`, keep all of it in `folder`, and hold the file against it and the index.

    `pages` asks the index for the files of projects; None: nothing may be read. `opening` and `solves` stand in for
    reading a wheel at its address, and for uv.

    Raises:
        NetworkError: the index does not answer, or lacks a wheel.
        MalformedImage: a wheel is damaged.
        TfsetupError: what came out cannot be written.
    """
    if pages is None:
        return AlternativesOpened(verdict="not asked", opened=tuple(one.pin for one in before.opened))
    names = {one.distribution for one in known.alternatives}
    found = pages(sorted(names | {one.library.distribution for one in known.alternatives if one.library}))
    have, new = list[Opened](), list[str]()
    for one, library in _with_library(known):
        file = _file(library, found)
        came = before.of(one)
        if came is None or came.wheel.sha256 != file.sha256:
            contents = (opening or _remote)(file.filename, file.url)
            came = _opened(one, library, file, contents, known, solves or _solves)
            new.append(one.pin)
            told(f"Opened    {one.pin}: {_shown(came)}")
        have.append(came)
    after = Openings(opened=tuple(have))
    write_all(folder, {Path(OPENINGS).name: kept.render(after)})
    differences = (*otherwise(known, found), *unfounded(known, after, matrix))
    return AlternativesOpened(
        verdict="differs" if differences else "as told", opened=tuple(one.pin for one in have), read=tuple(new),
        differences=differences, newer=tuple(newer(known, found)),
    )  # fmt: skip


def _with_library(known: Alternatives) -> Iterator[tuple[Alternative, Library]]:
    yield from ((one, one.library) for one in known.alternatives if one.library is not None)


def _file(library: Library, pages: Pages) -> File:
    """Return the wheel that holds a library for a Mac."""
    for file in pages[library.distribution]:
        tag = file.filename.removesuffix(".whl").rpartition("-")[2]
        if file.version == library.version and file.filename != tag and right_system(tag, "macos", ARM):
            return file
    raise NetworkError(f"The index has no wheel of {library.distribution} {library.version} for Macs.")


def _opened(
    one: Alternative, library: Library, file: File, contents: Contents, known: Alternatives, solves: Solves
) -> Opened:
    if library.path not in contents.members:
        raise NetworkError(f"{file.filename} does not hold {library.path}.")
    came = openings(library, file.filename, contents, known.macos, _PYTHON, load_tables("macos"))
    newest = known.macos[-1]
    pythons = tuple(minor for minor in known.pythons if solves((*one.beside, one.pin), minor, newest))
    wheel = Wheel(name=file.filename, sha256=file.sha256)
    return Opened(id=one.id, pin=one.pin, wheel=wheel, openings=came, pythons=pythons)


def _shown(came: Opened) -> str:
    by = ", ".join(f"{each.verdict} on macOS {each.macos}" for each in came.openings)
    return f"{by}; wheels for Python {', '.join(came.pythons) or 'none'}"


def _remote(name: str, url: str) -> Contents:
    from tfsetup.loader.files.remote import open_all

    ((_, archive),) = open_all({name: url})
    return archive


def _solves(requirements: Sequence[str], python: str, macos: str) -> bool:
    from tfsetup.locks.venv.solve import solve

    target = Target.on(Platform("macos", ARM), python, macos)
    selection = Selection(installable=True, requirements=tuple(requirements), python=python, target=target)
    try:
        return bool(solve(selection, environ={}).packages)
    except (UnsolvableError, BuildError):
        return False
