"""Known defects as JSON data, and in one plain sentence each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tfsetup.ground.encode import encode
from tfsetup.matrix.defects import Defect, defects_of, sentence
from tfsetup.matrix.hazards import Hazard, pins

Data = Mapping[str, Any]


def hazards_data(hazards: Iterable[Hazard], *, cured: bool) -> list[dict[str, Any]]:
    """Return `hazards` of a command's data. `cured`: the variables of the cures are, or will be, set."""
    return list(encode(defects_of(hazards, cured=cured)))


def sentences(defects: Iterable[Defect | Data], requirements: Sequence[str]) -> Iterator[str]:
    """Yield a sentence for each defect (or its form in a command's data), with the versions of the requirements."""
    from msgspec import convert

    packages = pins(requirements)
    for each in defects:
        yield sentence(each if isinstance(each, Defect) else convert(dict(each), Defect), packages)
