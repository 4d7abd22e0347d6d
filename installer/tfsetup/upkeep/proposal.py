"""What `tfsetup matrix update` proposes: edits of the YAML's own text for what is new on the index. Pure.

An edit replaces one value at the place where it stands, so comments and layout stay. What a person has to decide (a new
plugin, a row bound to one release) is said and not edited.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tfsetup.errors import Where
from tfsetup.ground.versions import in_range, is_prerelease, version
from tfsetup.matrix.choose.pythons import order
from tfsetup.matrix.choose.releases import process_arch
from tfsetup.matrix.facts import Index
from tfsetup.matrix.file.rows import Matrix, Row
from tfsetup.matrix.machine import right_system


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """One value to replace, where it stands."""

    where: Where
    old: str
    new: str
    because: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """What to change, and what a person should look at."""

    edits: tuple[Edit, ...] = ()
    notes: tuple[str, ...] = ()


def propose(matrix: Matrix, index: Index) -> Proposal:
    """Return what a matrix needs to be true of a newer index; `matrix.index` is the snapshot it was written for."""
    newest = _newest(matrix, index)
    edits = [*_proven(matrix, newest), *(edit for row in matrix.rows for edit in _python(row, matrix, index))]
    notes = [*_plugins(matrix, index), *(_bound(matrix, newest) if newest else ())]
    return Proposal(edits=tuple(edits), notes=tuple(notes))


def apply_edits(text: str, edits: Sequence[Edit]) -> str:
    """Return the text with each value replaced in its place.

    Raises:
        ValueError: the text at a place is not what the edit expects.
    """
    lines = text.splitlines(keepends=True)
    for edit in sorted(edits, key=lambda e: (e.where.line or 0, e.where.column or 0), reverse=True):
        row, column = (edit.where.line or 1) - 1, (edit.where.column or 1) - 1
        line = lines[row]
        if not line[column:].startswith(edit.old):
            raise ValueError(f"{edit.where}: {edit.old} is expected here")
        lines[row] = line[:column] + edit.new + line[column + len(edit.old) :]
    return "".join(lines)


def diff(old: str, new: str, name: str) -> str:
    """Return a unified diff of a file's text."""
    return "".join(difflib.unified_diff(old.splitlines(keepends=True), new.splitlines(keepends=True), name, name))


def _stable(distribution: str, index: Index) -> list[str]:
    known = index.distributions.get(distribution, {})
    return [v for v in index.releases(distribution) if not is_prerelease(v) and not known[v].yanked]


def _newest(matrix: Matrix, index: Index) -> str | None:
    found = {v for row in matrix.rows for v in _stable(row.distribution, index) if in_range(row.versions, v)}
    return max(found, key=version, default=None)


def _proven(matrix: Matrix, newest: str | None) -> Iterator[Edit]:
    where = matrix.marks.get(("proven",))
    if newest is None or matrix.proven is None or where is None or version(newest) <= version(matrix.proven):
        return
    yield Edit(
        where=where, old=f'"{matrix.proven}"', new=f'"{newest}"', because=f"{newest} is the newest stable release"
    )


def _python(row: Row, matrix: Matrix, index: Index) -> Iterator[Edit]:
    """Prefer another Python where the newest release of a row has no wheel for the preferred one any more."""
    where = matrix.marks.get((row.id, "python"))
    mine = [v for v in _stable(row.distribution, index) if in_range(row.versions, v)]
    if where is None or not mine or row.plugin is not None or mine[0] in matrix.index.releases(row.distribution):
        return
    release = index.distributions[row.distribution][mine[0]]
    wheels = [g for g in release.wheels if right_system(g.platform, row.when.os, process_arch(row))]
    minors = {m for g in wheels for m in g.pythons if m[-1].isdigit()}
    if minors and row.python not in minors:
        best = max(minors, key=order)
        because = f"{mine[0]} has no wheel for Python {row.python}"
        yield Edit(where=where, old=f'"{row.python}"', new=f'"{best}"', because=because)


def _plugins(matrix: Matrix, index: Index) -> Iterator[str]:
    seen: set[tuple[str, str]] = set()
    for row in matrix.rows:
        if row.plugin is None:
            continue
        paired = {pair.plugin for other in matrix.rows if other.plugin for pair in other.plugin.pairs}
        known = set(matrix.index.releases(row.plugin.distribution))
        for text in _stable(row.plugin.distribution, index):
            name = (row.plugin.distribution, text)
            if text not in known and text not in paired and name not in seen:
                seen.add(name)
                proof = f"`tfsetup preflight {row.distribution}==… {row.plugin.distribution}=={text}`"
                yield f"{row.plugin.distribution} {text} is new; prove what it loads with ({proof}) for {row.id}"


def _bound(matrix: Matrix, newest: str) -> Iterator[str]:
    """Rows and pairs that speak of the newest release known so far, and so say nothing of the new one."""
    if matrix.proven is None or version(newest) <= version(matrix.proven):
        return
    for row in matrix.rows:
        if in_range(row.versions, matrix.proven) and not in_range(row.versions, newest):
            yield f"{row.id} holds for {row.versions} and does not take in {newest}"
        elif _without_plugin(row, newest):
            yield f"{row.id} has no plugin for {newest}; its newest pair stays the answer"


def _without_plugin(row: Row, newest: str) -> bool:
    if row.plugin is None or not in_range(row.versions, newest):
        return False
    return not any(in_range(pair.tensorflow, newest) for pair in row.plugin.pairs)
