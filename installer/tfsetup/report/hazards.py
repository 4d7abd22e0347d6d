"""Known defects in one plain sentence each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tfsetup.matrix.defects import Defect, sentence
from tfsetup.matrix.hazards import pins


def sentences(defects: Iterable[Defect], requirements: Sequence[str]) -> Iterator[str]:
    """Yield a sentence for each defect, with the versions of the requirements."""
    packages = pins(requirements)
    return (sentence(each, packages) for each in defects)
