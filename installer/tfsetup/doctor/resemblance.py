"""Which cause's reports a text resembles, by its words: what is left to say where no sign of any cause was seen. Pure.

The measure is the vector space model with one centroid a class (Rocchio 1971; Manning, Raghavan and Schütze,
Introduction to Information Retrieval, sections 6.3 and 14.2): a text is the set of its words and pairs of neighbouring
words, each worth the logarithm of its rarity; a cause is the mean of its reports; both have length 1, and their product
is from 0 to 1. Words are no sign of a cause: what resembles is named as possible, never as found.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from tfsetup.doctor.model import Learned

_TERM: Final = re.compile(r"[a-z_][a-z_+]*[a-z]|\d+\.\d+|c\+\+")
_PATH: Final = re.compile(r"/[\w./-]+/")
# What one report alone has is its own: a name, a path, a model.
_LEAST_REPORTS: Final = 2
_MOST_TERMS: Final = 300
"""Terms that are kept of a cause; with all of them no more of the reports that were held back are right."""
_READ: Final = 20_000
"""Characters of each end of a text that are read: nobody tells more in words."""
LEAST: Final = 0.1
"""Below this a text resembles nothing."""
_SUBJECT: Final = re.compile(r"tensorflow|keras|(?<![a-z])tf(?![a-z])")
"""What does not name what all reports are about resembles none of them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Resembling:
    """A cause whose reports share words with a text. `terms` weigh the most of these."""

    cause: str
    likeness: float
    """From 0 to 1."""
    terms: tuple[str, ...]


def terms_in(text: str) -> frozenset[str]:
    """Return the words of `text` in small letters, and the pairs of neighbours; folders of paths are left out."""
    ends = text if len(text) <= 2 * _READ else text[:_READ] + "\n" + text[-_READ:]
    words = _TERM.findall(_PATH.sub(" ", ends.lower()))
    return frozenset((*words, *map(" ".join, pairwise(words))))


def learn(reports: Iterable[tuple[str, str]]) -> Learned:
    """Return what can be learned from `reports`: texts with their causes."""
    told = [(terms_in(text), cause) for text, cause in reports]
    often = Counter(term for terms, _ in told for term in terms)
    kept = {term: count for term, count in often.items() if count >= _LEAST_REPORTS}
    rarity = {term: round(math.log((len(told) + 1) / (count + 0.5)), 2) for term, count in kept.items()}
    sums: dict[str, dict[str, float]] = {}
    for terms, cause in told:
        mean = sums.setdefault(cause, {})
        for term, weight in _of_length_1({term: rarity[term] for term in terms if term in rarity}).items():
            mean[term] = mean.get(term, 0.0) + weight
    return Learned(rarity=_used(rarity, sums), causes={cause: _centroid(sums[cause]) for cause in sorted(sums)})


def _used(rarity: Mapping[str, float], sums: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    used = {term for terms in sums.values() for term in _most(terms)}
    return {term: rarity[term] for term in sorted(used)}


def _centroid(terms: Mapping[str, float]) -> dict[str, float]:
    return {term: round(weight, 3) for term, weight in sorted(_of_length_1(_most(terms)).items())}


def _most(terms: Mapping[str, float]) -> dict[str, float]:
    return dict(sorted(terms.items(), key=lambda one: (-one[1], one[0]))[:_MOST_TERMS])


def _of_length_1(weights: Mapping[str, float]) -> dict[str, float]:
    length = math.sqrt(math.fsum(weight * weight for weight in weights.values()))
    return {term: weight / length for term, weight in weights.items()} if length else {}


def resembling(text: str, learned: Learned) -> tuple[Resembling, ...]:
    """Return the causes whose reports `text` resembles, the most alike first."""
    read = terms_in(text)
    if not any(_SUBJECT.search(term) for term in read):
        return ()
    terms = _of_length_1({term: learned.rarity[term] for term in read if term in learned.rarity})
    shared = (
        (cause, {term: weight * terms[term] for term, weight in weights.items() if term in terms})
        for cause, weights in learned.causes.items()
    )
    alike = [
        Resembling(cause=cause, likeness=math.fsum(products.values()), terms=tuple(_most(products))[:5])
        for cause, products in shared
    ]
    return tuple(sorted((one for one in alike if one.likeness >= LEAST), key=lambda one: (-one.likeness, one.cause)))
