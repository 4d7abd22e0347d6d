"""Which signals of which causes the evidence shows. Pure; linear in the log."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from tfsetup.doctor.claims import Claims, claims_in
from tfsetup.doctor.facts import Facts
from tfsetup.doctor.frames import raised, says_missing
from tfsetup.doctor.model import Cause, Evidence, Signal, Weight
from tfsetup.doctor.notices import without_notices
from tfsetup.doctor.pattern import Hit, anchor_of, candidates, compile_pattern
from tfsetup.doctor.prose import in_small_letters
from tfsetup.doctor.refused import Refused
from tfsetup.doctor.seen import Seen
from tfsetup.doctor.sides import side
from tfsetup.doctor.sonames import compared, drivers
from tfsetup.doctor.symbols import told_by
from tfsetup.doctor.text import LogText
from tfsetup.doctor.weights import LISTED, POINTS, SUPPORTING

# Above this size it pays to collect the log's words first: a pattern with a word the log lacks is not searched for.
_VOCABULARY_FROM = 300_000
# So many places are asked for the frame above them; nobody pastes more errors that matter.
_MOST_RAISED = 200
_WORD = re.compile(r"[A-Za-z0-9]++")


class Scanner:
    """Finds patterns in one log, each at most once."""

    def __init__(self, log: LogText) -> None:
        """Remember the log; nothing is searched yet."""
        self.log = log
        self._found: dict[str, list[Hit]] = {}
        self._anchors: dict[str, list[int]] = {}
        self._raised: dict[int, dict[str, str]] = {}
        self._words: frozenset[str] | None = None
        if len(log.stream) > _VOCABULARY_FROM:
            self._words = frozenset(_WORD.findall(log.stream))

    def possible(self, patterns: Sequence[str]) -> Sequence[str]:
        """Return those of `patterns` that are worth a search: in a short log, those whose anchor is there."""
        if self._words is not None:
            return patterns
        stream = self.log.stream
        return [pattern for pattern in patterns if anchor_of(pattern) in stream]

    def hits(self, pattern: str) -> list[Hit]:
        """Return the matches of `pattern`, in the order of the log."""
        if pattern not in self._found:
            places = self._places(anchor_of(pattern))
            self._found[pattern] = list(compile_pattern(pattern).hits(self.log.stream, places)) if places else []
        return self._found[pattern]

    def raised(self, hit: Hit) -> dict[str, str]:
        """Return whose code raised what `hit` says, where it says that a name is missing; else nothing."""
        if not says_missing(self.log.stream[hit.start : hit.end]):
            return {}
        if hit.start not in self._raised and len(self._raised) < _MOST_RAISED:
            self._raised[hit.start] = raised(self.log.stream, hit.start)
        return self._raised.get(hit.start, {})

    def _places(self, anchor: str) -> list[int]:
        if anchor not in self._anchors:
            possible = self._words is None or self._words.issuperset(inner_words(anchor))
            self._anchors[anchor] = candidates(self.log.stream, anchor) if possible else []
        return self._anchors[anchor]

    def any(self, patterns: Sequence[str]) -> bool:
        """Return whether one of `patterns` occurs."""
        return any(self.hits(pattern) for pattern in patterns)


def inner_words(anchor: str) -> list[str]:
    """Return the words of `anchor` that are whole wherever it occurs: not those that touch its ends."""
    return [found[0] for found in _WORD.finditer(anchor) if found.start() > 0 and found.end() < len(anchor)]


def signals_seen(
    causes: Sequence[Cause], evidence: Evidence, log: LogText, facts: Facts, *, quiet: LogText | None = None
) -> Iterator[tuple[Cause, tuple[Seen, ...]]]:
    """Yield each cause that the evidence shows, with its signals that were seen and the facts for or against it.

    What notices say is read for the harmless causes alone; `quiet` is the log without them, where it is at hand.
    """
    quiet = without_notices(log, causes) if quiet is None else quiet
    scanner, prose, claims = Scanner(quiet), Scanner(in_small_letters(quiet)), claims_in(quiet)
    whole = Scanner(log)
    refused = Refused(quiet, facts, (signal for cause in causes for signal in cause.signals))
    for cause in causes:
        read = whole if cause.kind == "harmless" else scanner
        found = (_visible(signal, evidence, read, facts) for signal in cause.signals)
        # Most signals are patterns alone: a thousand calls that would say nothing are a tenth of an answer's time.
        written = (_in_words(one, prose, claims, facts) for one in cause.signals if one.prose or one.claim)
        asked = (refused.seen(one) for one in cause.signals if one.refusal)
        visible = [one for one in (*found, *written, *asked) if one is not None]
        if visible:
            captures = _merged(visible)
            fitting = (signal.weight for signal in cause.signals if _fits(signal, facts, captures))
            yield cause, tuple(_together(visible, fitting))


def _together(visible: Sequence[Seen], fitting: Iterable[Weight]) -> Iterator[Seen]:
    """Yield what was seen, and the facts that fit (their weights).

    What merely supports does so beside something that speaks for itself. Without that it is a remark, and facts that
    fit as well make nothing of it.
    """
    speaks = any(POINTS[one.weight] > 0 and one.weight not in SUPPORTING for one in visible)
    yield from (replace(one, beside=speaks and one.weight in SUPPORTING) for one in visible)
    yield from (Seen(weight=weight) for weight in fitting if speaks or POINTS[weight] < 0)


def _visible(signal: Signal, evidence: Evidence, scanner: Scanner, facts: Facts) -> Seen | None:
    if signal.log and (not facts.elsewhere or signal.weight == "proof"):
        return _in_log(signal, scanner, facts)
    if signal.preflight is not None:
        return _in_preflight(signal, evidence, facts)
    return _in_environment(signal, evidence, facts) if signal.check is not None else None


def _in_log(signal: Signal, scanner: Scanner, facts: Facts) -> Seen | None:
    found = [(pattern, hit) for pattern in scanner.possible(signal.log) for hit in scanner.hits(pattern)]
    if not found or scanner.any(signal.without) or not all(scanner.any(group) for group in signal.also):
        return None
    held = [(pattern, hit, hit.captures | _judged(hit, scanner, facts)) for pattern, hit in found]
    answers = [(*one, facts.holds(signal.when, one[2])) for one in held]
    fitting = [answer for answer in answers if answer[3] is not False]
    if not fitting:
        return None
    # Patterns are listed with the most telling first, so its last place is what people should read.
    telling = fitting[0][0]
    shown = [hit for pattern, hit, _, _ in fitting if pattern == telling][-1]
    merged: dict[str, str] = {}
    for _, _, captures, _ in sorted(fitting, key=lambda one: (one[1].start, len(one[2]))):
        merged |= captures
    return Seen(
        weight=signal.weight,
        decided=any(holds is True for _, _, _, holds in fitting),
        proof=scanner.log.quote(shown.start),
        offset=max(hit.start for _, hit, _, _ in fitting),
        places=tuple(hit.start for _, hit, _, _ in fitting),
        captures=merged,
    )


def _judged(hit: Hit, scanner: Scanner, facts: Facts) -> dict[str, str]:
    """Return what follows from what a pattern captured: who raised it, whose symbol it is, which CUDA it is of."""
    said = hit.captures
    cuda = compared(said, facts.host.get("cuda"))
    judged = (scanner.raised(hit), told_by(said), side(said), cuda, drivers(said))
    return {name: value for one in judged for name, value in one.items()}


def _in_words(signal: Signal, scanner: Scanner, claims: Claims, facts: Facts) -> Seen | None:
    if not (signal.prose or signal.claim) or facts.elsewhere or claims.of_code:
        return None
    # Words are weak: a condition that cannot be decided is none that holds.
    if facts.holds(signal.when, {}) is not True:
        return None
    at = _claimed(signal, claims) if signal.claim is not None else _written(signal, scanner)
    if at is None or scanner.any(scanner.possible(signal.without)):
        return None
    return Seen(weight=signal.weight, proof=scanner.log.quote(at), offset=at, places=(at,))


def _claimed(signal: Signal, claims: Claims) -> int | None:
    found = claims.fitting(signal.claim) if signal.claim is not None else None
    return None if found is None else found.at


def _written(signal: Signal, scanner: Scanner) -> int | None:
    """Return the place of the first group of a prose signal, which says the most, when all of them stand there."""
    if not signal.prose or not all(scanner.any(scanner.possible(group)) for group in signal.prose):
        return None
    return next(hit.start for pattern in scanner.possible(signal.prose[0]) for hit in scanner.hits(pattern))


def _in_preflight(signal: Signal, evidence: Evidence, facts: Facts) -> Seen | None:
    for failure in evidence.failures or ():
        captures = {"image": failure.image, "symbol": failure.symbol or "", "library": failure.library or ""}
        text = f"{captures['image']} {captures['library']} {captures['symbol']} {failure.message}"
        holds = facts.holds(signal.when, captures)
        if failure.kind == signal.preflight and signal.image in text and holds is not False:
            proof = failure.message or f"{failure.image}: {failure.kind}"
            known = {name: value for name, value in captures.items() if value}
            return Seen(weight=signal.weight, decided=holds is True, proof=proof, captures=known)
    for clash in evidence.clashes:
        between = " and ".join(clash.between)
        holds = facts.holds(signal.when, {})
        if clash.kind == signal.preflight and signal.image in between and holds is not False:
            proof = f"{between}: {clash.consequence}"
            return Seen(weight=signal.weight, decided=holds is True, proof=proof)
    return None


def _in_environment(signal: Signal, evidence: Evidence, facts: Facts) -> Seen | None:
    for one in evidence.observations or ():
        captures = {"subject": one.subject, "detail": one.detail, **one.captures}
        holds = facts.holds(signal.when, captures)
        if one.check == signal.check and signal.subject in {"", one.subject} and holds is not False:
            aside = one.listed and bool((evidence.log or "").strip())
            weight = LISTED.get(signal.weight, signal.weight) if aside else signal.weight
            return Seen(
                weight=weight, decided=holds is True, proof=one.detail, captures=captures, looked=one.looked,
            )  # fmt: skip
    return None


def _fits(signal: Signal, facts: Facts, captures: Mapping[str, str]) -> bool:
    return not signal.source and facts.holds(signal.when, captures) is True


def _merged(seen: Sequence[Seen]) -> dict[str, str]:
    merged: dict[str, str] = {}
    for one in sorted(seen, key=lambda one: one.offset):
        merged.update(one.captures)
    return merged
