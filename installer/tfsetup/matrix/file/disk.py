"""Reads the matrix and the index snapshot from disk. The only module of this room that opens files."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tfsetup.errors import InvalidFileError, Where
from tfsetup.ground.text import read
from tfsetup.matrix.facts import Index
from tfsetup.matrix.file.load import Parsed, merge, parse
from tfsetup.matrix.file.rows import Matrix, MatrixFile

if TYPE_CHECKING:
    from tfsetup.matrix.alternatives import Alternatives, Openings
    from tfsetup.matrix.chips import Chips
    from tfsetup.matrix.pips import Pips
    from tfsetup.matrix.relatives import Tables
    from tfsetup.matrix.switches import Switches

MATRIX = "matrix.yaml"
SNAPSHOT = "index.json"
COMPILED = "matrix.json"
_WHAT = "matrix file"
_T = TypeVar("_T")


@cache
def environments() -> Path:
    """Return the folder of the matrix: inside an installed package, or beside `installer/` in a checkout.

    Raises:
        InvalidFileError: neither is there, so the installation is incomplete.
    """
    package = Path(__file__).resolve().parents[2]
    places = (package / "environments", package.parent.parent / "environments")
    for place in places:
        if (place / MATRIX).is_file():
            return place
    raise InvalidFileError(
        "The distribution matrix is not part of this installation of tfsetup.",
        where=Where(file=str(places[0] / MATRIX)),
        hint="Install tfsetup again.",
    )


def read_matrix(extra: Path | None = None, *, index: Index | None = None, marks: bool = False) -> Matrix:
    """Return the shipped matrix, extended or overridden by the rows of `extra`, over `index` (default: the snapshot).

    `marks`: with the place of every field of the shipped file too, for checking it; reading those takes longer.

    Raises:
        InvalidFileError: a file is invalid or cannot be read; the message has every place.
    """
    parts = [_shipped(marks=marks)]
    if extra is not None:
        parts.append(parse(read(extra, _WHAT), str(extra)))
    return merge(parts, index or read_index())


def _shipped(*, marks: bool) -> Parsed:
    """Return the shipped rows: from their compiled copy, where it is current and nobody wants the marks."""
    path = environments() / MATRIX
    text = read(path, _WHAT)
    if not marks:
        copy = environments() / COMPILED
        content = _from_copy(read(copy, _WHAT), text) if copy.is_file() else None
        if content is not None:
            return Parsed(content=content, marks={})
    return parse(text, _shown(path))


# A course reads the matrix more than once (`--host` named a row, then the answer): what it has read it need not decode.
@lru_cache(maxsize=1)
def _from_copy(copy: str, text: str) -> MatrixFile | None:
    from tfsetup.ground.copies import from_copy

    return from_copy(copy, text, MatrixFile)


def compiled_text() -> str:
    """Return `environments/matrix.json` as it must be."""
    from tfsetup.ground.copies import copy_of

    path = environments() / MATRIX
    text = read(path, _WHAT)
    return copy_of(parse(text, _shown(path)).content, text)


def read_index(path: Path | None = None) -> Index:
    """Return the recorded facts of the index.

    Raises:
        InvalidFileError: the snapshot is missing or damaged.
    """
    import msgspec

    file = path or environments() / SNAPSHOT
    try:
        return _index(file.read_bytes())
    except (OSError, msgspec.MsgspecError) as error:
        hint = "Install tfsetup again, or write it anew with `tfsetup matrix update`."
        raise InvalidFileError(
            f"The index snapshot cannot be read: {error}", where=Where(file=str(file)), hint=hint
        ) from error


@cache
def read_tables() -> Tables:
    """Return the release tables of TensorFlow and its relatives.

    Raises:
        InvalidFileError: the snapshot or the record is missing or damaged.
    """
    from tfsetup.matrix.relatives import RELATIVES, Relatives, Tables

    return Tables(index=read_index(), relatives=_record(RELATIVES, Relatives, "The release tables"))


@cache
def read_pips() -> Pips:
    """Return the wheels of pip that go into environments.

    Raises:
        InvalidFileError: their list is missing or damaged.
    """
    from tfsetup.matrix.pips import PIPS, Pips

    return _record(PIPS, Pips, "The list of pips")


@cache
def read_chips() -> Chips:
    """Return what chips could do at best.

    Raises:
        InvalidFileError: the table is missing or damaged.
    """
    from tfsetup.matrix.chips import CHIPS, Chips

    return _record(CHIPS, Chips, "The table of chips")


@cache
def read_switches() -> Switches:
    """Return the switches of TensorFlow that may make it faster.

    Raises:
        InvalidFileError: their list is missing or damaged.
    """
    from tfsetup.matrix.switches import SWITCHES, Switches

    return _record(SWITCHES, Switches, "The list of switches")


@cache
def read_alternatives() -> Alternatives:
    """Return what else computes on the GPU of a Mac.

    Raises:
        InvalidFileError: the list is missing or damaged.
    """
    from tfsetup.matrix.alternatives import ALTERNATIVES, Alternatives

    return _record(ALTERNATIVES, Alternatives, "The list of alternatives")


@cache
def read_openings() -> Openings:
    """Return what came of opening the libraries of the alternatives.

    Raises:
        InvalidFileError: the evidence is missing or damaged.
    """
    from tfsetup.matrix.alternatives import OPENINGS, Openings

    return _record(OPENINGS, Openings, "The evidence of alternatives")


def _record(name: str, wanted: type[_T], what: str) -> _T:
    """Return what a record beside the matrix holds; `what` it is stands in the message."""
    import msgspec

    file = environments() / name
    try:
        return msgspec.json.decode(file.read_bytes(), type=wanted)
    except (OSError, msgspec.MsgspecError) as error:
        raise InvalidFileError(
            f"{what} cannot be read: {error}", where=Where(file=str(file)), hint="Install tfsetup again."
        ) from error


@lru_cache(maxsize=1)
def _index(snapshot: bytes) -> Index:
    import msgspec

    return msgspec.json.decode(snapshot, type=Index)


def _shown(path: Path) -> str:
    """Return the path as a person would write it: relative to the working folder where that is shorter."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


__all__: Sequence[str] = (
    "environments", "read_alternatives", "read_chips", "read_index", "read_matrix", "read_openings", "read_pips",
    "read_switches", "read_tables",
)  # fmt: skip
