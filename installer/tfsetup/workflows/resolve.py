"""The course of an answer: a machine and an ask in, the selection out, with its story where that is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from tfsetup.host.model import Host
from tfsetup.matrix.choose.select import select
from tfsetup.matrix.file.disk import read_matrix
from tfsetup.matrix.model import Ask, Chapter, Selection


class Answer(NamedTuple):
    """What was chosen, and the long story of it; empty where it was not asked for."""

    selection: Selection
    story: tuple[Chapter, ...] = ()


def resolve(host: Host, ask: Ask, *, matrix: Path | None = None, explained: bool = False) -> Answer:
    """Choose a row of the matrix for `host`. `matrix`: a file that extends the one that comes with tfsetup.

    Raises:
        UsageError: the ask is no version, or no Python.
        InvalidFileError: the matrix cannot be read.
    """
    rows = read_matrix(matrix)
    selection = select(host, ask, rows)
    if not explained:
        return Answer(selection=selection)
    from tfsetup.matrix.choose.explain import explain

    return Answer(selection=selection, story=explain(selection, host, ask, rows))
