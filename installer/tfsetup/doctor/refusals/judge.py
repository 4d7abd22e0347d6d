"""Refusals to explanations: who would be told just this, and what keeps them from more. Pure.

A Python on a system sees a growing list of versions. Each stretch of days on which an interpreter would be shown the
list of the refusal speaks for it, as long as it is and as common as the interpreter is. What each of them would have
needed is the explanation, and its share is theirs.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, get_args

from tfsetup.doctor.refusals.hearing import heard
from tfsetup.doctor.refusals.hosts import in_use
from tfsetup.doctor.refusals.lists import Stretch, day_of, stretches
from tfsetup.doctor.refusals.model import FAMILY, Blame, Explanation, Refusal, Why
from tfsetup.doctor.refusals.reasons import Reasons
from tfsetup.doctor.refusals.sentences import refusals_told
from tfsetup.doctor.refusals.specs import fits, normal, position, specifiers, version_in
from tfsetup.doctor.refusals.words import refusals_in
from tfsetup.doctor.refusals.worlds import PYTHONS, Interpreter, Market
from tfsetup.ground.versions import is_prerelease, version
from tfsetup.matrix.file.disk import read_tables
from tfsetup.matrix.relatives import Offer, Tables

_ABANDONED: Final = 540  # days without a release after which none is waited for
_SLIGHT: Final = 1e-4  # what is this much less likely than the likeliest is passed over
_FITS: Final = 1e-6  # a likeliest interpreter below this share of a day explains no list
_LATE: Final = 0.15  # a day on which most have a newer system than the one told
_DOUBTED: Final = 0.1  # that a list ends early, where it is no list of any day
_OUTAGE: Final = 0.003  # that no index was reached, beside what else is likely
_TROUBLE: Final = (
    "Retrying (Retry(total", "NewConnectionError", "ConnectTimeoutError", "Temporary failure in name resolution",
    "SSLError", "CERTIFICATE_VERIFY_FAILED", "ReadTimeoutError", "ProxyError", "SSL module is not available",
    "Name or service not known", "Could not fetch URL", "Connection refused", "Connection reset by peer",
    "getaddrinfo failed", "Failed to establish a new connection", "Max retries exceeded",
)  # fmt: skip
# What installers say in so many words, and the reasons that this can mean.
_MEANT: Final[Mapping[Blame, frozenset[Why]]] = {
    "python": frozenset({"python"}),
    "platform": frozenset(
        {"platform", "intel-mac", "translated", "narrow", "musl", "old-tags", "old-pip", "old-macos"}
    ),
    "version": frozenset({"later", "never"}),
}
# Whoever says that something cannot be had may well mean one of these; of the others nobody would say so.
_OF_SENTENCES: Final[frozenset[Why]] = frozenset({"python", "platform", "intel-mac", "translated"})
_UNKNOWN: Final[Mapping[Blame | None, Mapping[Why, float]]] = {
    "python": {"python": 1.0}, "platform": {"platform": 1.0}, "version": {"never": 0.7, "later": 0.3},
    None: {"python": 0.45, "platform": 0.35, "never": 0.1, "network": 0.1},
}  # fmt: skip
_DECISIVE: Final[Mapping[Why, tuple[str, ...]]] = {
    "python": ("python",), "platform": ("os", "arch"), "intel-mac": ("os", "arch"), "translated": ("os", "rosetta"),
    "narrow": ("bits",), "musl": ("libc",), "old-tags": ("os_version",), "old-pip": ("pip",),
    "old-macos": ("os_version",),
}  # fmt: skip
# Nightly builds are deleted after some weeks; they are built for whom the releases are.
_STANDS_FOR: Final[Mapping[str, str]] = {"tf-nightly": "tensorflow", "tf-nightly-cpu": "tensorflow-cpu"}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """What is known of who asks: interpreters with their weights, the likeliest first."""

    likely: tuple[tuple[Interpreter, float], ...]
    facts: Mapping[str, str]
    outage: bool
    taken: str


def explained(
    stream: str, facts: Mapping[str, str], guessed: frozenset[str], read: Callable[[], Tables] = read_tables
) -> tuple[Explanation, ...]:
    """Return what explains the refusals in a text, most likely first; of several refusals the last counts most.

    `read` gives the release tables; it is called when there is a refusal.

    Raises:
        InvalidFileError: the tables are missing or damaged, so the installation is.
    """
    refusals = refusals_in(stream)
    if not any(_is_ours(one, read) for one in refusals):
        refusals = refusals_told(stream)
    return _explained(stream, facts, guessed, refusals, read()) if refusals else ()


def _is_ours(one: Refusal, read: Callable[[], Tables]) -> bool:
    """Return whether a refusal is of something ours or known; an installer's words may be half of a sentence."""
    return any(name.startswith(FAMILY) for name in (one.name, one.asker)) or bool(read().offers(one.name))


def _explained(
    stream: str, facts: Mapping[str, str], guessed: frozenset[str], refusals: Sequence[Refusal], tables: Tables
) -> tuple[Explanation, ...]:
    likely = heard(stream, facts, guessed, refusals)
    outage = any(word in stream for word in _TROUBLE)
    asked = _Asked(likely=likely, facts=facts, outage=outage, taken=tables.taken)
    markets = {name: Market(tables.offers(_STANDS_FOR.get(name, name))) for name in {one.name for one in refusals}}
    return _together([one for refusal in refusals for one in _of(refusal, markets[refusal.name], asked)])


def _together(found: Sequence[Explanation]) -> tuple[Explanation, ...]:
    last = max((one.refusal.start for one in found), default=0)
    weights = {one.refusal: 1.0 if one.refusal.start == last else 0.5 for one in found}
    total = math.fsum(weights.values())
    shares: dict[tuple[Why, str], list[Explanation]] = defaultdict(list)
    for one in found:
        shares[one.why, one.refusal.name].append(one)
    merged = []
    for same in shares.values():
        best = max(same, key=lambda one: (one.share * weights[one.refusal], one.refusal.start))
        share = math.fsum(one.share * weights[one.refusal] for one in same) / total
        merged.append(
            Explanation(
                why=best.why, share=share, refusal=best.refusal, exact=any(one.exact for one in same),
                captures=best.captures, decisive=best.decisive,
            )
        )  # fmt: skip
    return tuple(sorted(merged, key=lambda one: (-one.share, one.why, one.refusal.name)))


def _of(refusal: Refusal, market: Market, asked: _Asked) -> list[Explanation]:
    wanted = _wanted(refusal.wanted, market.offers)
    if refusal.offered and any(fits(refusal.wanted, text) for text in refusal.offered):
        return []  # it was there, and something else stood against it
    found = (
        _certain(refusal, market, wanted, asked)
        or _weighed(refusal, market, wanted, asked)
        or _weighed(replace(refusal, offered=None), market, wanted, asked)  # nobody would be shown such a list
        or _unrecorded(refusal)
    )
    if refusal.offered == () and found.weights:
        found = found.with_network(10.0 if asked.outage else _OUTAGE)
    total = math.fsum(found.weights.values())
    captures = _captures(refusal, market, found.one)
    return [
        Explanation(
            why=why, share=weight / total, refusal=refusal, exact=found.exact, captures=captures,
            decisive=_DECISIVE.get(why, ()),
        )
        for why, weight in found.weights.items()
        if weight > 0 and (refusal.speaker != "somebody" or why in _OF_SENTENCES)
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Weighed:
    """Reasons with their weights; `one`: the likeliest interpreter, `exact`: it would be shown just this list."""

    weights: Mapping[Why, float]
    one: Interpreter | None = None
    exact: bool = False

    def with_network(self, times: float) -> _Weighed:
        """Return the same with that no index was reached, `times` as likely as all else."""
        total = math.fsum(self.weights.values())
        return _Weighed(
            {**self.weights, "network": self.weights.get("network", 0.0) + total * times}, self.one, self.exact
        )


def _certain(refusal: Refusal, market: Market, wanted: Sequence[Offer], asked: _Asked) -> _Weighed | None:
    """Return what the table alone says: nothing like it was published, or not until the table was taken."""
    if refusal.name in _STANDS_FOR and "dev" in refusal.wanted:
        return _Weighed({"never": 0.9, "python": 0.1})  # nightly builds are deleted
    if wanted or not market.offers or not refusal.wanted or specifiers(refusal.wanted) is None:
        return None
    newest = max(market.offers, key=lambda offer: market.rank[offer.version])
    asked_for = version_in(refusal.wanted)
    alive = day_of(asked.taken) - day_of(newest.date) < _ABANDONED
    late = 0.3 if alive and asked_for is not None and version(asked_for) > version(newest.version) else 0.0
    return _Weighed({"never": 1.0 - late, "later": late})


def _weighed(refusal: Refusal, market: Market, wanted: Sequence[Offer], asked: _Asked) -> _Weighed | None:
    """Return what keeps each interpreter that would be told just this from what would do; None: none would be."""
    if not market.offers or (refusal.name in _STANDS_FOR and refusal.offered):
        return None
    weights: dict[Why, float] = defaultdict(float)
    best: tuple[float, Interpreter | None, bool] = (0.0, None, False)
    whys = Reasons(wanted, market, asked.facts)
    for one, prior in asked.likely:
        if prior < _SLIGHT * best[0]:
            break
        for stretch, share in _in_time(refusal, market, one, wanted, asked):
            weight = prior * stretch.weight * share
            if weight < _SLIGHT * best[0]:
                continue
            for why, part in whys.of(one, stretch.until):
                sound = why != "later" or stretch.exact or not refusal.offered
                weights[why] += weight * part * (1.0 if sound else _DOUBTED)
            best = max(best, (weight, one, stretch.exact), key=lambda seen: seen[0])
    allowed = _MEANT[refusal.blamed] if refusal.blamed else frozenset(get_args(Why))
    kept = {why: weight for why, weight in weights.items() if why in allowed}
    lost = bool(refusal.offered) and best[0] < _FITS * asked.likely[0][1]
    waiting = not best[2] and set(kept) == {"later"}  # only an exact list says that something was not there yet
    return _Weighed(kept, best[1], best[2]) if kept and not lost and not waiting else None


def _in_time(
    refusal: Refusal, market: Market, one: Interpreter, wanted: Sequence[Offer], asked: _Asked
) -> Iterator[tuple[Stretch, float]]:
    """Yield the stretches in which a Python is met, and what a day of each counts."""
    first, last = PYTHONS[one.python]
    last = max(first, min(last, asked.taken))
    span = max(1, day_of(last) - day_of(first))
    turn = min(max(in_use(asked.facts), first), last)
    for start, end, counts in ((first, turn, 1.0), (turn, last, _LATE)):
        for stretch in stretches(refusal, market, one, wanted, (start, end)):
            yield stretch, counts / span


def _unrecorded(refusal: Refusal) -> _Weighed:
    """Return what is likely where no table tells: from where the version asked for lies among those offered."""
    if not refusal.name.startswith(FAMILY):
        # What TensorFlow asks for, and only newer ones are there: nobody builds old ones for a new Python.
        newer = bool(refusal.offered) and refusal.asker.startswith(FAMILY) and _all_newer(refusal)
        return _Weighed({"python": 0.6, "never": 0.2, "platform": 0.2}) if newer else _Weighed({})
    where = position({"offered": ", ".join(refusal.offered), "req": refusal.wanted} if refusal.offered else {})
    match where.get("position"):
        case "between":
            return _Weighed({"never": 0.9, "platform": 0.1})
        case "above":
            return _Weighed({"never": 0.5, "python": 0.25, "platform": 0.15, "later": 0.1})
        case "below":
            return _Weighed({"python": 0.9, "never": 0.1})
        case _:
            return _Weighed(_UNKNOWN[refusal.blamed])


def _all_newer(refusal: Refusal) -> bool:
    most = version_in(refusal.wanted)
    return most is not None and all(
        version(text) >= version(most) for text in refusal.offered or () if "rc" not in text
    )


def _wanted(spec: str, offers: Sequence[Offer]) -> tuple[Offer, ...]:
    """Return the releases that would do, oldest first: final ones, unless the specifiers name another kind."""
    kept = [offer for offer in offers if fits(spec, offer.version)]
    return tuple(sorted(kept, key=lambda offer: offer.date))


def _captures(refusal: Refusal, market: Market, one: Interpreter | None) -> dict[str, str]:
    """Return what fixes may name: what was asked for, and the nearest version that the interpreter may have."""
    found = {"name": refusal.name, "speaker": refusal.speaker}
    want = version_in(refusal.wanted)
    if want is not None:
        found["want"] = want
    seen = refusal.offered or tuple(offer.version for offer in (market.offered(one) if one is not None else ()))
    finals = sorted((text for text in seen if not is_prerelease(text)), key=version)
    if finals:
        below = [text for text in finals if want is not None and version(text) < version(want)]
        found["nearest"] = normal(below[-1] if below else finals[0] if want is not None else finals[-1])
    return found
