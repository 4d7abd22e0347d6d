"""`tfsetup matrix check`, the part that needs no network: is every field of every row true of the index facts?

Each check returns what is wrong with the field it looked at, so that a problem has a line and a column. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tfsetup.errors import Where
from tfsetup.ground.marked import Problem
from tfsetup.ground.versions import in_range, is_prerelease, version
from tfsetup.host.model import Host
from tfsetup.matrix.choose.select import rivals
from tfsetup.matrix.file.rows import Matrix, Refusal, Row
from tfsetup.matrix.model import Ask
from tfsetup.upkeep.checks.common import Found, Path, below, required
from tfsetup.upkeep.checks.hazards import check_hazard
from tfsetup.upkeep.checks.reach import check_reach
from tfsetup.upkeep.checks.rows import check_row
from tfsetup.upkeep.checks.rules import check_rule


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckedRow:
    """What the check of one row came to."""

    row: str
    """Its identifier."""
    newest: str
    """Its newest stable release on the snapshot; empty where it has none."""
    releases: int
    """How many stable releases it covers."""
    problems: int
    """How many of its fields are not true."""


def check_matrix(
    matrix: Matrix, hosts: Mapping[str, Host] | None = None
) -> tuple[tuple[CheckedRow, ...], tuple[Problem, ...]]:
    """Check every row against the index facts, and every replayed host for exactly one winner.

    Returns a line for each row, and all problems: first those that belong to no row.
    """
    checked = [check_one(row, matrix) for row in matrix.rows]
    found = [problem_at(matrix, path, words) for path, words in _whole(matrix)]
    for name, host in (hosts or {}).items():
        for accelerator in ("auto", "cpu"):
            tied = rivals(host, Ask(accelerator=accelerator), matrix)
            if len(tied) > 1:
                found.append(problem_at(matrix, (tied[1], "id"), f"ties with {tied[0]} for the host {name}"))
    return tuple(row for row, _ in checked), (*found, *(problem for _, problems in checked for problem in problems))


def check_one(row: Row, matrix: Matrix) -> tuple[CheckedRow, list[Problem]]:
    """Check one row against the index facts and the other rows."""
    mine = [v for v in matrix.index.releases(row.distribution) if in_range(row.versions, v)]
    found = list(check_row(row, mine, matrix.index)) or list(check_reach(row, mine, matrix))
    problems = [problem_at(matrix, (row.id, *path), words) for path, words in found]
    stable = [v for v in mine if not is_prerelease(v)]
    newest = stable[0] if stable else ""
    return CheckedRow(row=row.id, newest=newest, releases=len(stable), problems=len(problems)), problems


def problem_at(matrix: Matrix, path: Path, words: str) -> Problem:
    """Return a problem at the nearest place that is known of a path."""
    for size in range(len(path), -1, -1):
        if (where := matrix.marks.get(path[:size])) is not None:
            return Problem(where=where, message=words)
    return Problem(where=Where(file="matrix"), message=f"{path}: {words}")


def _whole(matrix: Matrix) -> Found:
    for place, rule in enumerate(matrix.rules):
        names = sorted({row.distribution for row in matrix.rows})
        found = [list(check_rule(rule, name, matrix.index.releases(name), None, matrix.index)) for name in names]
        if all(found):  # wrong for every distribution; for some it may simply not apply
            yield from below(("rules", place), iter(found[0]))
    for hazard in matrix.hazards:
        yield from below(("hazards", hazard.id), check_hazard(hazard, matrix))
    for place, refusal in enumerate(matrix.refusals):
        yield from below(("refusals", place), _refusal(refusal, matrix))
    yield from _proven(matrix)


def _refusal(refusal: Refusal, matrix: Matrix) -> Found:
    if refusal.libc is not None and refusal.os not in {None, "linux"}:
        yield ("libc",), f"{refusal.os} has no libc to choose"
    if refusal.rosetta and refusal.os not in {None, "macos"}:
        yield ("os",), "Rosetta is a part of macOS"
    if refusal.libc == "glibc":
        yield ("libc",), "wheels for glibc exist"
    for row in matrix.rows:
        same = refusal.os in {None, row.when.os} and (not refusal.arch or row.when.arch in refusal.arch)
        plain = refusal.libc is None and not refusal.rosetta and row.auto != "never"
        if same and plain and refusal.accelerator in {None, row.accelerator}:
            yield (), f"refuses what the row {row.id} is for"


def _proven(matrix: Matrix) -> Found:
    if matrix.proven is None:
        return
    stable = {v for row in matrix.rows for v in matrix.index.releases(row.distribution) if not is_prerelease(v)}
    if matrix.proven not in stable:
        yield ("proven",), f"the index has no release {matrix.proven}"
    elif newer := sorted((v for v in stable if version(v) > version(matrix.proven)), key=version):
        yield ("proven",), f"the index has {', '.join(newer)}, which nobody has looked at (`tfsetup matrix update`)"
    wanted: set[str] = set()
    for row in matrix.rows:
        if matrix.index.release(row.distribution, matrix.proven) is not None:
            wanted |= set(required(row.distribution, [matrix.proven], None, matrix.index))
    for place, name in enumerate(matrix.companions):
        if name not in wanted:
            yield ("companions", place), f"{matrix.proven} does not require {name}"
        elif name not in matrix.index.companions:
            yield ("companions", place), f"the index has no {name}"
