"""Which bounds of the matrix a release needs: not those that its own metadata has already. Pure.

A rule speaks of a range of releases, in which release candidates count as what they lead to; of some its words are not
true. What is told of a release must be, so that each bound is held against what the wheel itself requires.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from tfsetup.ground.versions import asked
from tfsetup.host.model import Host
from tfsetup.matrix.choose.releases import Candidate, coded_wheels
from tfsetup.matrix.file.rows import Matrix, Rule

# A requirement with a specifier and without a marker or an extra (PEP 508).
_BOUNDED: Final = r"([A-Za-z0-9][A-Za-z0-9._-]*?)\s*\(?([<>=!~][^;()\[\]]*)\)?\s*"


def with_needed_bounds(best: Candidate, host: Host, matrix: Matrix) -> Candidate:
    """Return the candidate with rules whose bounds change something, over the versions that the index has."""
    if not any(rule.add for rule in best.rules):
        return best
    _, wheels = coded_wheels(best.row, best.version, best.python, host, matrix)
    own = dict(_bounded(matrix.index.requires[wheels.requires])) if wheels else {}
    return replace(best, rules=tuple(_needed(rule, own, matrix) for rule in best.rules))


def _needed(rule: Rule, own: dict[str, str], matrix: Matrix) -> Rule:
    kept = tuple(bound for bound in rule.add if not _said(bound, own, matrix))
    return rule if kept == rule.add else replace(rule, add=kept)


def _said(bound: str, own: dict[str, str], matrix: Matrix) -> bool:
    """Tell whether a release's own metadata lets nothing through that a bound forbids."""
    name, specifier = next(_bounded((bound,)), ("", ""))
    known = matrix.index.companions.get(name, ())
    admitted = [version for version in known if name in own and asked(own[name], version)]
    return bool(admitted) and all(asked(specifier, version) for version in admitted)


def _bounded(requirements: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for text in requirements:
        if found := re.fullmatch(_BOUNDED, text):
            yield re.sub(r"[-_.]+", "-", found[1]).lower(), found[2]
