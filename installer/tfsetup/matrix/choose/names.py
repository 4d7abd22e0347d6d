"""Distributions that are one thing under several names: which of them a row's environment holds. Pure.

Two of them in one environment own the same files, and which of them stay is chance. So the row requires the name that
others require, where it can (`gives_way_to`), and what is only another name for it stays out (`keeps_out`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from tfsetup.matrix.file.rows import Row


def given_way(row: Row) -> Row | None:
    """Return the row as it is where anything else requires the name that it gives way to; None: it gives way to none.

    What it required before is then another name for what it requires, and stays out.
    """
    if row.gives_way_to is None:
        return None
    kept_out = (*row.keeps_out, row.distribution)
    return replace(row, distribution=row.gives_way_to, gives_way_to=None, keeps_out=kept_out)


def as_resolved(row: Row, names: Collection[str]) -> Row:
    """Return the row as a resolution has it that holds these distributions: under the name it gave way to, or as is."""
    other = given_way(row)
    return other if other is not None and other.distribution in names and row.distribution not in names else row
