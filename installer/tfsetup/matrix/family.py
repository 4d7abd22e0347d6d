"""The distributions that `environments/` names: TensorFlow's, its plugins, what its releases require. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from packaging.utils import canonicalize_name

from tfsetup.matrix.file.rows import Matrix, Rule

# A requirement begins with its name (PEP 508).
_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")


def family(matrix: Matrix) -> frozenset[str]:
    """Return the normalised names (PEP 503) of all distributions that the matrix and its index snapshot name."""
    names = [*_of_rows(matrix), *matrix.companions, *matrix.index.distributions, *matrix.index.companions]
    requirements = [*(one for each in matrix.index.requires for one in each), *_of_rules(matrix)]
    names += [found[0] for text in requirements if (found := _NAME.match(text))]
    return frozenset(canonicalize_name(name) for name in names)


def _of_rows(matrix: Matrix) -> Iterator[str]:
    for row in matrix.rows:
        yield from (row.distribution, *row.keeps_out, *([row.gives_way_to] if row.gives_way_to else []))
        if row.plugin is not None:
            yield row.plugin.distribution


def _of_rules(matrix: Matrix) -> Iterator[str]:
    rules: list[Rule] = [*matrix.rules, *(rule for row in matrix.rows for rule in row.rules)]
    for rule in rules:
        yield from (*rule.add, *rule.sdists)
