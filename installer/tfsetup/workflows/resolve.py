"""The course of an answer: a machine and an ask in, the selection out, with its story where that is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tfsetup.errors import Code, TfsetupError
from tfsetup.host.model import Host
from tfsetup.matrix.choose.select import select
from tfsetup.matrix.file.disk import read_matrix
from tfsetup.matrix.file.rows import Matrix
from tfsetup.matrix.model import Ask, Chapter, Selection
from tfsetup.workflows.told import Told, silent


class Answer(NamedTuple):
    """What was chosen, and the long story of it; empty where it was not asked for.

    `companions` are the packages asked for besides, at the versions that fit with it.
    """

    selection: Selection
    story: tuple[Chapter, ...] = ()
    companions: tuple[str, ...] = ()


def resolve(
    host: Host,
    ask: Ask,
    *,
    matrix: Path | None = None,
    explained: bool = False,
    wanted: Sequence[str] = (),
    told: Told = silent,
) -> Answer:
    """Choose a row of the matrix for `host`. `matrix`: a file that extends the one that comes with tfsetup.

    `wanted` are more packages, which the index is asked for: without any nothing is downloaded.

    Raises:
        UsageError: the ask is no version, or no Python, or something wanted is no requirement.
        InvalidFileError: the matrix cannot be read.
        NetworkError: the index did not answer.
    """
    rows = read_matrix(matrix)
    selection, companions = _with(host, ask, rows, wanted, told) if wanted else (select(host, ask, rows), ())
    selection = and_others(selection, host, ask, rows)
    if not explained:
        return Answer(selection=selection, companions=companions)
    from tfsetup.matrix.choose.explain import explain

    return Answer(selection=selection, story=explain(selection, host, ask, rows), companions=companions)


def and_others(selection: Selection, host: Host, ask: Ask, rows: Matrix) -> Selection:
    """Return an answer with what else computes on a GPU of this machine that it leaves idle.

    Raises:
        InvalidFileError: what is known of them cannot be read.
    """
    if host.os != "macos" or selection.accelerator == "metal":
        return selection  # nothing need be read: there is none for other systems, and none is needed
    from tfsetup.matrix.choose.alternatives import Others
    from tfsetup.matrix.choose.select import decide
    from tfsetup.matrix.file.disk import read_alternatives, read_openings

    others = Others(known=read_alternatives(), opened=read_openings(), matrix=rows, decide=decide)
    return others.told(selection, host, ask)


def _with(host: Host, ask: Ask, rows: Matrix, wanted: Sequence[str], told: Told) -> tuple[Selection, tuple[str, ...]]:
    """Return the choice with which everything wanted can be resolved, and the versions that go with it."""
    from tfsetup.workflows.together import besides, chosen, companions, solved

    with_it = besides(ask, wanted, (), no_lock=True)
    selection = select(host, ask, rows) if with_it is None else chosen(host, with_it, rows)
    if with_it is None or not selection.installable:
        return selection, ()
    try:
        answer = solved(selection, with_it, host, rows, told=told)
    except TfsetupError as error:
        if error.code is Code.NETWORK:
            raise
        reasons, remedy = tuple(error.message.splitlines()[:1]), (error.hint,) if error.hint else ()
        return Selection(installable=False, reasons=reasons, suggestions=remedy), ()
    return answer.wish.selection, companions(answer, with_it)
