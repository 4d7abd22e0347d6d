"""The course of `tfsetup matrix update`: what a newer index asks of the matrix, and writing it.

`scripts/record-relatives` goes with it: the doctor's record holds the releases that the snapshot has not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tfsetup.errors import Code
from tfsetup.matrix.facts import Index
from tfsetup.matrix.file.load import merge, parse
from tfsetup.matrix.file.rows import Matrix
from tfsetup.upkeep.check import Outcome
from tfsetup.upkeep.checks.check import check_matrix
from tfsetup.upkeep.checks.common import names_of
from tfsetup.upkeep.files import Files
from tfsetup.upkeep.index.client import Traffic
from tfsetup.upkeep.index.snapshot import Difference, File, companions, differences, encode, refreshed
from tfsetup.upkeep.proposal import apply_edits, diff, propose

if TYPE_CHECKING:
    from tfsetup.upkeep.index.client import IndexClient


@dataclass(frozen=True, kw_only=True, slots=True)
class ProposedEdit:
    """One value of the YAML to replace."""

    where: str
    """`file:line:column` of it."""
    old: str
    """What stands there."""
    new: str
    """What should."""
    because: str
    """Why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MatrixUpdated:
    """What `tfsetup matrix update` proposes, and whether it wrote it."""

    differences: tuple[Difference, ...]
    """What is otherwise on the index than in the snapshot."""
    edits: tuple[ProposedEdit, ...]
    """Values of the YAML to replace."""
    notes: tuple[str, ...]
    """What a person has to decide."""
    diff: str
    """The edits as a unified diff; empty where there are none."""
    applied: bool
    """Whether files were written."""
    traffic: Traffic
    """What asking the index cost."""


def update(files: Files, index: IndexClient, *, apply: bool, today: str) -> Outcome[MatrixUpdated]:
    """Propose what a newer index asks for, and write it if `apply` and the check of the result finds nothing.

    `today`: the date of a new snapshot, `YYYY-MM-DD`.

    Raises:
        NetworkError: the index does not answer, or not with project pages.
        InvalidFileError: the matrix or the snapshot is damaged.
        BuildError: the folder cannot be written; the files are as they were.
    """
    text, snapshot = files.matrix_text(), files.index()
    matrix = merge([parse(text, str(files.matrix))], snapshot)
    pages = index.pages([*names_of(matrix), *matrix.companions])
    newer = _refreshed(matrix, pages, index, today)
    proposal = propose(matrix, newer)
    changed = apply_edits(text, proposal.edits)
    _rows, problems = check_matrix(merge([parse(changed, str(files.matrix))], newer))
    applied = apply and not problems and (changed != text or encode(newer) != encode(snapshot))
    if applied:
        files.write(changed, encode(newer))
    data = MatrixUpdated(
        differences=tuple(differences(snapshot, {name: pages[name] for name in names_of(matrix)})),
        edits=tuple(ProposedEdit(where=str(e.where), old=e.old, new=e.new, because=e.because) for e in proposal.edits),
        notes=proposal.notes,
        diff=diff(text, changed, files.matrix.name),
        applied=applied,
        traffic=replace(index.traffic),
    )
    return Outcome(data=data, problems=problems, code=Code.ANSWER_IS_NO if problems else None)


def _refreshed(matrix: Matrix, pages: Mapping[str, Sequence[File]], index: IndexClient, today: str) -> Index:
    mine = {name: pages[name] for name in names_of(matrix)}
    known = {name: companions(pages[name]) for name in matrix.companions}
    return refreshed(matrix.index, mine, index.requires_of, companions=known, today=today)
