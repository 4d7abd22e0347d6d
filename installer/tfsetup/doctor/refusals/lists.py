"""The list of a refusal against what an interpreter is shown, day by day. Pure.

A list grows. The stretches of days on which an interpreter would be shown just this one are weighed by their length
and by how well it fits; a list that differs in one version speaks far less, and one that somebody shortened too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise
from typing import Final

from tfsetup.doctor.refusals.model import Refusal
from tfsetup.doctor.refusals.specs import base_of, normal
from tfsetup.doctor.refusals.worlds import SINCE, Interpreter, Market, with_current_pip
from tfsetup.ground.versions import is_prerelease
from tfsetup.matrix.relatives import Offer

_SHARPNESS: Final = 3.0  # how much a list that differs in one version speaks less, as a power of e
_NEVER_SHOWN: Final = 2.0  # a version in the list that the interpreter is never shown
_TOO_EARLY: Final = 0.8  # one that came later than the day
_MISSING: Final = 1.0  # one that it should have been shown
_UNRECORDED: Final = 0.3  # one that nobody has recorded
_DELETED: Final = 0.003  # one that was deleted since, as most candidates of old releases were
_LEAST_DAYS: Final = 3.0
_OF_A_LIST: Final = 30.0  # a list that fits to the letter is no chance, however short its days
_FEW_DAYS: Final = 4.0  # so long does one ask for what is announced, and not there yet
_ENOUGH: Final = 16
_HOPELESS: Final = 2.5  # what an empty list may cost at most
_EXACT: Final = 0.35
_EXCERPT: Final = 1.5  # that a list was shortened
_OTHER_NEWEST: Final = 1.0  # a shortened list that ends elsewhere
_OTHER_OLDEST: Final = 0.5  # one that begins elsewhere


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days on which one interpreter would be shown about the list: how many, up to when, and how well it fits."""

    weight: float
    until: str
    exact: bool


def stretches(
    refusal: Refusal, market: Market, one: Interpreter, wanted: Sequence[Offer], met: tuple[str, str]
) -> Iterator[Stretch]:
    """Yield the stretches of days on which an interpreter would be refused so; their weights are days that fit.

    Only the days on which its Python is met count; a stretch ends where a release that would do appears anywhere, or
    one is shown.
    """
    shown = market.offered(one)
    start, end = max(met[0], refusal.since, SINCE.get(one.place, "")), min(met[1], refusal.until)
    mine = frozenset(offer.version for offer in wanted)
    listing = _Listing.of(refusal, one, market)
    first = min((offer.date for offer in wanted), default="")
    dates = (
        {offer.date for offer in shown} if refusal.offered else {*_some(wanted), *(offer.date for offer in shown[:2])}
    )
    events = sorted({start, end, *(day for day in (*dates, first) if start < day < end)}) if start < end else []
    place, had = 0, False
    for day, following in pairwise(events):
        while place < len(shown) and shown[place].date <= day:
            had = had or shown[place].version in mine
            listing.show(shown[place].version)
            place += 1
        if had or (not refusal.offered and listing.cost > _HOPELESS):
            return
        days = float(day_of(following) - day_of(day))
        exact = bool(refusal.offered) and listing.cost < _EXACT
        days = min(days, _FEW_DAYS) if following <= first else max(days, _OF_A_LIST if exact else _LEAST_DAYS)
        fit = math.exp(-_SHARPNESS * min(listing.cost, listing.cost_of_excerpt))
        yield Stretch(weight=days * fit, until=following, exact=exact)


class _Listing:
    """How badly the list of a refusal fits what an interpreter is shown; 0: to the letter."""

    def __init__(self, listed: frozenset[str] | None, never: float, market: Market, *, cut: bool = False) -> None:
        self._listed = listed
        self._cut = cut
        self._rank = market.rank
        self._never = never
        known = [text for text in listed or () if text in self._rank]
        self._early = len(known)
        self._missing = 0
        self._finals = bool(known) and not any(is_prerelease(text) for text in known)
        ranks = sorted(self._rank[text] for text in known)
        self._ends = (ranks[0], ranks[-1]) if ranks else None
        self._seen: tuple[int, int] | None = None

    @staticmethod
    def of(refusal: Refusal, one: Interpreter, market: Market) -> _Listing:
        """Return how a list fits on the first day, when nothing is shown yet."""
        if refusal.offered is None:
            return _Listing(None, 0.0, market)
        listed = frozenset(normal(text) for text in refusal.offered)
        there = frozenset(offer.version for offer in market.offered(one))
        # The candidates of 2.0 had tags that an old pip knows, which the release has not.
        final = frozenset(offer.version for offer in market.offered(with_current_pip(one)))
        strange = [text for text in listed if text not in market.rank]
        never = [text for text in listed if text in market.rank and text not in there]
        cost = _NEVER_SHOWN * len(never) + math.fsum(_of_unrecorded(text, final, market) for text in strange)
        return _Listing(listed - frozenset(never), cost, market, cut=refusal.cut)

    def show(self, version: str) -> None:
        """One more release is shown."""
        if self._listed is None:
            return
        if version in self._listed:
            self._early -= 1
        else:
            self._missing += 1
        if not self._finals or not is_prerelease(version):
            rank = self._rank[version]
            low, high = self._seen or (rank, rank)
            self._seen = (min(low, rank), max(high, rank))

    @property
    def cost(self) -> float:
        """The list as it is."""
        return self._never + _TOO_EARLY * self._early + _MISSING * self._missing

    @property
    def cost_of_excerpt(self) -> float:
        """The list as one that somebody has shortened."""
        if not self._ends or self._seen is None:
            return math.inf
        other = _OTHER_OLDEST * (self._ends[0] != self._seen[0])
        other += _OTHER_NEWEST * (self._ends[1] != self._seen[1] and not self._cut)
        return _EXCERPT + other + self._never + _TOO_EARLY * self._early


def _of_unrecorded(text: str, there: frozenset[str], market: Market) -> float:
    """Return what a version costs that nobody has recorded: a deleted candidate was for whom its release is."""
    base = base_of(text)
    return _UNRECORDED if base not in market.rank else _DELETED if base in there else 1.0


def _some(offers: Sequence[Offer]) -> Iterator[str]:
    """Yield the days of some of the offers, the first among them: enough to see what changes over the years."""
    step = 1 + len(offers) // _ENOUGH
    return (offer.date for offer in offers[::step])


@lru_cache(maxsize=4096)
def day_of(text: str) -> int:
    """Return a day (ISO) as a number of days."""
    return date.fromisoformat(text).toordinal()
