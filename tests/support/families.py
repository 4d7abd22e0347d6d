"""The doctor's knowledge with one family of causes written anew, to see what it knows of reports nobody had seen."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from tfsetup.doctor.causes.read import read_causes
from tfsetup.doctor.causes.references import value_of
from tfsetup.doctor.causes.shipped import FOLDER
from tfsetup.doctor.defects import taught
from tfsetup.doctor.model import Knowledge
from tfsetup.matrix.family import family
from tfsetup.matrix.file.disk import read_matrix

_SLUG = re.compile(r"^- cause: (?P<slug>[a-z0-9-]+)$", re.MULTILINE)


def with_family_anew(path: Path) -> tuple[Knowledge, frozenset[str]]:
    """Return what the doctor knows when the file `path` takes the place of its namesake, and that family's causes.

    Raises:
        InvalidFileError: the file is none of causes, or the others need what it no longer has.
    """
    files = {str(one): one.read_text(encoding="utf-8") for one in sorted(FOLDER.glob("*.yaml"))}
    shipped = files[str(FOLDER / path.name)]
    files[str(FOLDER / path.name)] = path.read_text(encoding="utf-8")
    matrix = read_matrix()
    known = read_causes(files, lambda reference: value_of(reference, matrix))
    published = {name for pair in known.aliases.items() for name in (pair[0], *pair[1])}
    slugs = frozenset(match["slug"] for match in _SLUG.finditer(shipped))
    return taught(replace(known, family=family(matrix) | published), matrix.hazards), slugs


def pooled(figures: Iterable[tuple[int, int]]) -> str:
    """Return the hits of all families together: `7 of 9, 0.778`."""
    right, given = (sum(column) for column in zip(*figures, strict=True))
    return f"{right} of {given}, {right / max(1, given):.3f}"
