"""What a row takes of the requirements that people write: extras that are for another accelerator are not. Pure.

An extra of TensorFlow such as `and-cuda` brings gigabytes that only the wheels of one row use. Which extras these are
follows from the rules of the matrix: those that some row adds by itself, and this one does not. A name of TensorFlow's
that is not one of the row's is not installed there: it chooses the version of what is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from tfsetup.errors import InvalidFileError
from tfsetup.ground.marked import Marked
from tfsetup.ground.values import value
from tfsetup.matrix.file.rows import Matrix, Row

# A requirement begins with its name (PEP 508).
_NAME: Final = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)")


@value
class Refused:
    """A requirement with extras that a row does not take: where it stands, what is left of it, and why."""

    item: Marked
    without: str
    extras: tuple[str, ...]
    row: str
    because: str
    rows: tuple[str, ...]

    @property
    def words(self) -> str:
        """What it is about, in a sentence."""
        names = f"[{', '.join(self.extras)}]"
        return f"`{self.item.text}`: {self.row} does not take {names}, which is for {', '.join(self.rows)}"

    @property
    def error(self) -> InvalidFileError:
        """The error of a team file that asks for it."""
        return InvalidFileError(
            f"{self.words} ({self.because}).",
            where=self.item.where,
            hint=f"Write `{self.without}`: {', '.join(self.rows)} adds {', '.join(self.extras)} by itself.",
        )


@value
class Renamed:
    """A requirement that names TensorFlow otherwise than a row does; `taken`: what is left of it there, perhaps ""."""

    item: Marked
    taken: str
    row: str
    distribution: str

    @property
    def words(self) -> str:
        """What becomes of it, in a sentence."""
        return f"`{self.item.text}` ({self.item.where}) chooses the version; {self.row} installs {self.distribution}"


@value
class Taken:
    """The requirements as a row takes them, in their order, those of which it refuses an extra, and those renamed."""

    requirements: tuple[str, ...]
    refused: tuple[Refused, ...] = ()
    renamed: tuple[Renamed, ...] = ()


def tensorflow_names(matrix: Matrix) -> frozenset[str]:
    """Return the names under which TensorFlow is published: those the index snapshot follows, but for the plugins."""
    plugins = {row.plugin.distribution for row in matrix.rows if row.plugin is not None}
    return frozenset({*matrix.index.distributions, *(row.distribution for row in matrix.rows)}) - plugins


def name_of(requirement: str) -> str:
    """Return the normalised name (PEP 503) at the beginning of a requirement; "" when it begins with none."""
    found = _NAME.match(requirement)
    return re.sub(r"[-_.]+", "-", found[1]).lower() if found else ""


def taken(items: Sequence[Marked], row: Row, matrix: Matrix, markers: Mapping[str, str]) -> Taken:
    """Return what `row` takes of requirements; `markers` is what environment markers see on its target (PEP 508)."""
    refused = {item: no for item in items if (no := _refused(item, row, matrix, markers))}
    left = {item: refused[item].without if item in refused else item.text for item in items}
    renamed = {item: other for item, text in left.items() if (other := _renamed(item, text, row, matrix, markers))}
    texts = (renamed[item].taken if item in renamed else left[item] for item in items)
    return Taken(
        requirements=tuple(filter(None, texts)), refused=tuple(refused.values()), renamed=tuple(renamed.values())
    )


def _renamed(item: Marked, text: str, row: Row, matrix: Matrix, markers: Mapping[str, str]) -> Renamed | None:
    if name_of(text) in _names(row) or name_of(text) not in tensorflow_names(matrix):
        return None
    from packaging.requirements import Requirement

    asked = Requirement(text)
    if asked.marker is not None and not asked.marker.evaluate(dict(markers)):
        return None
    extras = ",".join(sorted(asked.extras))
    instead = f"{row.distribution}[{extras}]" if extras else ""
    return Renamed(item=item, taken=instead, row=row.id, distribution=row.distribution)


def _refused(item: Marked, row: Row, matrix: Matrix, markers: Mapping[str, str]) -> Refused | None:
    if "[" not in item.text or name_of(item.text) not in {*_names(row), *tensorflow_names(matrix)}:
        return None
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    asked = Requirement(item.text)
    named = {extra: canonicalize_name(extra) for extra in sorted(asked.extras)}
    others = {extra: found for extra, name in named.items() if (found := _only_for_others(name, row, matrix))}
    if not others or (asked.marker is not None and not asked.marker.evaluate(dict(markers))):
        return None
    asked.extras -= others.keys()
    told = next(iter(others.values()))
    return Refused(
        item=item, without=str(asked), extras=tuple(others), row=row.id, because=told[0][1],
        rows=tuple(dict.fromkeys(name for found in others.values() for name, _ in found)),
    )  # fmt: skip


def _names(row: Row) -> set[str]:
    return {row.distribution, *row.keeps_out, *([row.gives_way_to] if row.gives_way_to else [])}


def _only_for_others(extra: str, row: Row, matrix: Matrix) -> list[tuple[str, str]]:
    """Return the rows that add an extra by themselves, and why; none when this row does too, or nobody does."""
    found = [(other.id, because) for other in matrix.rows for because in _adds(other, extra)]
    return [] if any(name == row.id for name, _ in found) else found


def _adds(row: Row, extra: str) -> Iterator[str]:
    yield from (rule.because for rule in row.rules if extra in rule.extras)
