"""Which signals of which causes the evidence shows. Pure; linear in the log."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from packaging.version import Version

from tfsetup.doctor.facts import Facts
from tfsetup.doctor.model import Cause, Evidence, Signal, Weight
from tfsetup.doctor.pattern import Hit, anchor_of, candidates, compile_pattern
from tfsetup.doctor.prose import in_small_letters
from tfsetup.doctor.text import LogText
from tfsetup.ground.versions import is_version

# Above this size it pays to collect the log's words first: a pattern with a word the log lacks is not searched for.
_VOCABULARY_FROM = 300_000
_ASKED = re.compile(r"(?:===?|~=|>=|<=|<|>)([0-9][0-9A-Za-z.+*]*+)")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*+")
_WORD = re.compile(r"[A-Za-z0-9]++")


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """A signal that the evidence shows. `offset` is its last place in the log's stream, -1 for anything else.

    `captures` is what the evidence says, whoever wrote it; `looked` are paths that we found on this machine ourselves.
    """

    cause: str
    weight: Weight
    decided: bool
    proof: str
    offset: int = -1
    captures: Mapping[str, str] = field(default_factory=dict)
    looked: Mapping[str, str] = field(default_factory=dict)

    @property
    def visible(self) -> bool:
        """Whether this is something seen in log, files or packages, not a fact that merely fits."""
        return bool(self.proof)


class Scanner:
    """Finds patterns in one log, each at most once."""

    def __init__(self, log: LogText) -> None:
        """Remember the log; nothing is searched yet."""
        self.log = log
        self._found: dict[str, list[Hit]] = {}
        self._anchors: dict[str, list[int]] = {}
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


def position(captures: Mapping[str, str]) -> dict[str, str]:
    """Return where the version asked for lies among those `offered` (pip's "from versions: …"), and that version.

    `above` all of them (never published, or needs another Python or platform), `below` (this Python is too new),
    `between` (never published), `listed`, or `none` when nothing was offered.
    """
    if "offered" not in captures:
        return {}
    offered = [Version(text) for text in captures["offered"].split(", ") if is_version(text)]
    asked = _ASKED.search(captures.get("req") or captures.get("rest") or captures.get("want") or "")
    wanted = {"want": asked[1].rstrip(".*")} if asked else {}
    if not offered:
        return {"position": "none", **wanted}
    if asked is None or not is_version(wanted["want"]):
        return {}
    version = Version(wanted["want"])
    if version in offered:
        return {"position": "listed", **wanted}
    where = "above" if version > max(offered) else "below" if version < min(offered) else "between"
    nearest = max((each for each in offered if each < version and not each.is_prerelease), default=min(offered))
    name = _NAME.match(captures.get("req", ""))
    return {"position": where, "nearest": str(nearest), **wanted, **({"name": name[0]} if name else {})}


def signals_seen(causes: Sequence[Cause], evidence: Evidence, log: LogText, facts: Facts) -> list[Seen]:
    """Return every signal of `causes` that the evidence shows, and facts for or against causes that were seen."""
    scanner, prose = Scanner(log), Scanner(in_small_letters(log))
    seen: list[Seen] = []
    for cause in causes:
        visible = [one for signal in cause.signals for one in _visible(cause, signal, evidence, scanner, facts)]
        visible += [one for signal in cause.signals for one in _in_prose(cause, signal, prose, facts)]
        if not visible:
            continue
        captures = _merged(visible)
        seen += visible
        seen += [one for signal in cause.signals for one in _fitting(cause, signal, facts, captures)]
    return seen


def _visible(cause: Cause, signal: Signal, evidence: Evidence, scanner: Scanner, facts: Facts) -> Iterator[Seen]:
    if signal.log and (not facts.elsewhere or signal.weight == "proof"):
        yield from _in_log(cause, signal, scanner, facts)
    elif signal.preflight is not None:
        yield from _in_preflight(cause, signal, evidence, facts)
    elif signal.check is not None:
        yield from _in_environment(cause, signal, evidence, facts)


def _in_log(cause: Cause, signal: Signal, scanner: Scanner, facts: Facts) -> Iterator[Seen]:
    found = [(pattern, hit) for pattern in scanner.possible(signal.log) for hit in scanner.hits(pattern)]
    if not found or scanner.any(signal.without) or not all(scanner.any(group) for group in signal.also):
        return
    held = [(hit, _held(hit)) for _, hit in found]
    answers = [(hit, captures, facts.holds(signal.when, captures)) for hit, captures in held]
    fitting = [answer for answer in answers if answer[2] is not False]
    if not fitting:
        return
    # Patterns are listed with the most telling first, so its last place is what people should read.
    telling = next(pattern for pattern, hit in found if any(hit is one for one, _, _ in fitting))
    shown = [hit for hit, _, _ in fitting if hit in scanner.hits(telling)][-1]
    merged: dict[str, str] = {}
    for _, captures, _ in sorted(fitting, key=lambda one: (one[0].start, len(one[1]))):
        merged |= captures
    yield Seen(
        cause=cause.slug,
        weight=signal.weight,
        decided=any(holds is True for _, _, holds in fitting),
        proof=scanner.log.quote(shown.start),
        offset=max(hit.start for hit, _, _ in fitting),
        captures=merged,
    )


def _in_prose(cause: Cause, signal: Signal, scanner: Scanner, facts: Facts) -> Iterator[Seen]:
    # Words are weak: a condition that cannot be decided is none that holds.
    holds = bool(signal.prose) and not facts.elsewhere and facts.holds(signal.when, {}) is True
    if not holds or not all(scanner.any(scanner.possible(group)) for group in signal.prose):
        return
    if scanner.any(scanner.possible(signal.without)):
        return
    # The first group says the most, so its place is what people should read.
    first = next(hit for pattern in scanner.possible(signal.prose[0]) for hit in scanner.hits(pattern))
    yield Seen(
        cause=cause.slug,
        weight=signal.weight,
        decided=True,
        proof=scanner.log.quote(first.start),
        offset=first.start,
    )


def _held(hit: Hit) -> dict[str, str]:
    return {**hit.captures, **position(hit.captures)}


def _in_preflight(cause: Cause, signal: Signal, evidence: Evidence, facts: Facts) -> Iterator[Seen]:
    for failure in evidence.failures or ():
        captures = {"image": failure.image, "symbol": failure.symbol or "", "library": failure.library or ""}
        text = f"{captures['image']} {captures['library']} {captures['symbol']} {failure.message}"
        holds = facts.holds(signal.when, captures)
        if failure.kind == signal.preflight and signal.image in text and holds is not False:
            proof = failure.message or f"{failure.image}: {failure.kind}"
            yield Seen(
                cause=cause.slug, weight=signal.weight, decided=holds is True, proof=proof,
                captures={name: value for name, value in captures.items() if value},
            )  # fmt: skip
            return


def _in_environment(cause: Cause, signal: Signal, evidence: Evidence, facts: Facts) -> Iterator[Seen]:
    for one in evidence.observations or ():
        captures = {"subject": one.subject, "detail": one.detail, **one.captures}
        holds = facts.holds(signal.when, captures)
        if one.check == signal.check and signal.subject in {"", one.subject} and holds is not False:
            yield Seen(
                cause=cause.slug, weight=signal.weight, decided=holds is True, proof=one.detail,
                captures=captures, looked=one.looked,
            )  # fmt: skip
            return


def _fitting(cause: Cause, signal: Signal, facts: Facts, captures: Mapping[str, str]) -> Iterator[Seen]:
    bare = not signal.log and not signal.prose and signal.preflight is None and signal.check is None
    if bare and facts.holds(signal.when, captures) is True:
        yield Seen(cause=cause.slug, weight=signal.weight, decided=True, proof="", captures={})


def _merged(seen: Sequence[Seen]) -> dict[str, str]:
    merged: dict[str, str] = {}
    for one in sorted(seen, key=lambda one: one.offset):
        merged.update(one.captures)
    return merged
