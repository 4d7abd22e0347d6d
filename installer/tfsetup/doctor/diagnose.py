"""Evidence to diagnosis: score the causes, rank them, fill in the fixes. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tfsetup.doctor import weights
from tfsetup.doctor.actions import template
from tfsetup.doctor.advice import advice
from tfsetup.doctor.claims import claims_in
from tfsetup.doctor.defects import Defect, defects_in
from tfsetup.doctor.facts import LOG_FACTS, Facts, collect, is_elsewhere
from tfsetup.doctor.holes import Known, fill
from tfsetup.doctor.installed import seen_in
from tfsetup.doctor.listed import packages_in
from tfsetup.doctor.match import signals_seen
from tfsetup.doctor.model import HERE, Cause, Diagnosis, Evidence, Finding, Fix, Knowledge, Step
from tfsetup.doctor.notices import is_printed, without_notices
from tfsetup.doctor.questions import questions
from tfsetup.doctor.resemblance import resembling
from tfsetup.doctor.seen import Seen
from tfsetup.doctor.shadows import shadowed
from tfsetup.doctor.sources import from_sources
from tfsetup.doctor.text import LogText, clean
from tfsetup.doctor.verdict import Judged, judged

_MOST_FINDINGS = 5
_MOST_PROOFS = 3
_MOST_ALIKE = 2
LIKE: Final = "it reads like other reports of this"
_NO_COMMAND = "Give the environment a path of printable characters: no command can be shown for this one"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Scored:
    cause: Cause
    logit: float
    seen: tuple[Seen, ...]

    @property
    def last(self) -> int:
        return max(one.offset for one in self.seen)

    @property
    def places(self) -> tuple[int, ...]:
        return tuple(at for one in self.seen for at in one.places)

    @property
    def most(self) -> float:
        """How sure this may be: one sign that other causes might give as well is no certainty."""
        telling = [one for one in self.seen if _points(one) >= weights.POINTS["hint"] and one.visible]
        if any(one.weight == "proof" for one in telling) or any(
            not one.visible for one in self.seen if _points(one) > 0
        ):
            return weights.MOST
        # What was looked at in files, and not read in a text, is no matter of words.
        if any(one.offset < 0 and _points(one) >= weights.POINTS["likely"] for one in telling):
            return weights.MOST
        # The same place of the log, or the same sentence of an inspection, is one sign however often it is matched.
        signs = {(one.offset, one.proof) for one in telling}
        return weights.MOST if len(signs) > 1 else weights.ONE_SIGN


def diagnose(evidence: Evidence, knowledge: Knowledge) -> Diagnosis:
    """Return what is wrong according to `evidence`, most likely cause first."""
    log = clean(evidence.log or "")
    packages = {**packages_in(log), **(evidence.packages or {})}
    cards = knowledge.matrix.gpus if knowledge.matrix else ()
    facts = collect(evidence.host, packages, log.stream, whole=evidence.whole, aliases=knowledge.aliases, cards=cards)
    quiet = without_notices(log, knowledge.causes)
    facts = replace(facts, elsewhere=not evidence.packages and is_elsewhere(quiet.stream))
    besides = (*seen_in(evidence, facts, knowledge, log), *shadowed(log), *from_sources(log))
    known = replace(evidence, observations=(*(evidence.observations or ()), *besides))
    facts = replace(facts, checks=frozenset(one.check for one in known.observations or ()))
    defects = defects_in(evidence, log, knowledge.hazards, macos=facts.host.get("macos"))
    facts = replace(facts, hazards=defects.facts)
    signals = signals_seen(knowledge.causes, known, log, facts, quiet=quiet)
    scored = (_scored(cause, seen) for cause, seen in signals)
    ranked = _ranked([one for one in scored if one is not None])
    shown = [pair for pair in ranked if pair[1] >= weights.LEAST][:_MOST_FINDINGS]
    findings = tuple(_finding(one, confidence, facts, evidence, knowledge.family) for one, confidence in shown)
    for defect in defects.certain:
        findings = _with_defect(findings, defect, facts, evidence, knowledge)
    harmless = [at for one, _ in shown if one.cause.kind == "harmless" for at in one.places]
    explained = {log.line_at(at): is_printed(log, at) for at in harmless}
    # A list of packages is an environment where there is no log to explain, and TensorFlow is among them.
    listed = evidence.log is None and "tensorflow" in facts.packages
    said = judged(log, findings, explained, looked=evidence.observations is not None or listed)
    if said.unexplained and not said.findings and not facts.elsewhere:
        said = replace(said, findings=tuple(_alike(quiet, facts, evidence, knowledge)))
    return Diagnosis(
        verdict=said.verdict,
        findings=said.findings,
        needs=_needs([one for one, _ in shown], facts) if evidence.log else (),
        unexplained=said.unexplained,
        contradictions=facts.contradictions,
        advice=advice(log) if said.verdict != "healthy" else (),
        questions=_questions(log, facts, said) if evidence.log and said.verdict != "healthy" else (),
    )


def _alike(log: LogText, facts: Facts, evidence: Evidence, knowledge: Knowledge) -> Iterator[Finding]:
    """Yield the causes whose reports this text resembles, where nothing in it is a sign of any."""
    causes = {one.slug: one for one in knowledge.causes}
    alike = [one for one in resembling(log.stream, knowledge.learned) if not _excluded(causes[one.cause], facts)]
    for one in alike[:_MOST_ALIKE]:
        confidence = min(weights.ALIKE_MOST, weights.ALIKE + weights.ALIKE_SHARE * one.likeness)
        shared = ", ".join(f"“{term}”" for term in one.terms)
        steps = steps_for(causes[one.cause], facts, Known(family=knowledge.family), prefix=evidence.prefix or HERE)
        yield _of(causes[one.cause], round(confidence, 3), [f"{LIKE}: {shared}"], steps)


def _excluded(cause: Cause, facts: Facts) -> bool:
    against = (signal for signal in cause.signals if weights.POINTS[signal.weight] < 0 and not signal.source)
    return any(facts.holds(signal.when, {}) is True for signal in against)


def _questions(log: LogText, facts: Facts, said: Judged) -> tuple[str, ...]:
    return questions(claims_in(log), facts, said.findings, unread=bool(said.unexplained))


def _scored(cause: Cause, seen: tuple[Seen, ...]) -> _Scored | None:
    visible = sorted((_points(one) for one in seen if one.visible and weights.POINTS[one.weight] > 0), reverse=True)
    if not visible:
        return None
    logit = weights.PRIOR + visible[0] + min(weights.REST_MOST, weights.REST_SHARE * sum(visible[1:]))
    logit += sum(_points(one) for one in seen if not one.visible or weights.POINTS[one.weight] < 0)
    return _Scored(cause=cause, logit=logit, seen=seen)


def _points(one: Seen) -> float:
    return weights.POINTS[one.weight] + (0.0 if one.decided else weights.UNDECIDED)


def _ranked(scored: Sequence[_Scored]) -> list[tuple[_Scored, float]]:
    """Return the causes with their confidence: the share of the odds, with room for "something else"."""
    odds = [(one, math.exp(logit)) for one, logit in _with_bonus(scored)]
    total = math.fsum((1.0, *(odd for _, odd in odds)))  # whatever the order of the causes
    shares = ((one, min(one.most, odd / total)) for one, odd in odds)
    return sorted(shares, key=lambda pair: (-pair[1], pair[0].cause.slug))


def _with_bonus(scored: Sequence[_Scored]) -> Iterator[tuple[_Scored, float]]:
    likely = [one for one in scored if one.logit >= 0]
    serious = [one for one in likely if one.cause.kind in {"fatal", "install"}]
    lasts = {one.last for one in serious}
    # What is enough to be shown is enough to be heard beside a harmless line.
    heard = [one for one in scored if one.logit >= math.log(weights.LEAST / (1 - weights.LEAST))]
    rivals = {"degraded": serious, "harmless": [one for one in heard if one.cause.kind != "harmless"]}
    for one in scored:
        bonus = weights.BELOW[one.cause.kind] if rivals.get(one.cause.kind) else 0.0
        if len(lasts) > 1 and one.last == max(lasts) and one in serious:
            bonus = weights.LAST_BONUS
        yield one, one.logit + bonus


def _finding(one: _Scored, confidence: float, facts: Facts, evidence: Evidence, family: frozenset[str]) -> Finding:
    ordered = sorted(one.seen, key=lambda seen: (-_points(seen), seen.offset))
    captures: dict[str, str] = {}
    looked: dict[str, str] = {}
    for seen in reversed(ordered):
        captures.update(seen.captures)
        looked.update(seen.looked)
    known = Known(told=captures, looked=looked, family=family)
    proofs = list(dict.fromkeys(seen.proof for seen in ordered if seen.proof and weights.POINTS[seen.weight] > 0))
    steps = steps_for(one.cause, facts, known, prefix=evidence.prefix or HERE)
    return _of(one.cause, round(confidence, 3), proofs[:_MOST_PROOFS], steps)


def _of(cause: Cause, confidence: float, evidence: Sequence[str], steps: tuple[Step, ...]) -> Finding:
    return Finding(
        cause=cause.slug, confidence=confidence, title=cause.title, evidence=tuple(evidence),
        explanation=cause.meaning, steps=steps, kind=cause.kind,
    )  # fmt: skip


def _with_defect(
    findings: tuple[Finding, ...], defect: Defect, facts: Facts, evidence: Evidence, knowledge: Knowledge
) -> tuple[Finding, ...]:
    """Put a known defect of what is installed behind what explains the log, and before what merely may.

    It is there whatever the log says; that it is what the user came with is no surer than what stands before it.
    """
    cause = next(one for one in knowledge.causes if one.slug == defect.hazard.id)
    same = next((one for one in findings if one.cause == cause.slug), None)
    others = tuple(one for one in findings if one is not same)
    remarks = (n for n, one in enumerate(others) if one.kind == "harmless" or one.confidence < weights.LIKELY)
    at = next(remarks, len(others))
    at = at if same is None else min(at, findings.index(same))
    sure = max(defect.confidence, same.confidence if same else 0.0)
    least = min([sure, *(one.confidence for one in others[:at])])
    proofs = (*(same.evidence if same else ())[: _MOST_PROOFS - 1], defect.proof)
    steps = steps_for(cause, facts, Known(family=knowledge.family), prefix=evidence.prefix or HERE)
    finding = _of(cause, least, proofs, steps)
    return (*others[:at], finding, *(replace(one, confidence=min(one.confidence, least)) for one in others[at:]))


def steps_for(cause: Cause, facts: Facts, known: Known, *, prefix: str) -> tuple[Step, ...]:
    """Return the fixes of `cause` for this platform, their holes filled from `known`, least drastic first.

    `prefix` is the environment they are for, which the user named or we looked at.
    """
    packages = {f"pkg_{name.replace('-', '_')}": version for name, version in facts.packages.items()}
    holes = replace(known, told={**known.told, **packages}, looked={**known.looked, "prefix": prefix})
    steps: dict[str, Step] = {}
    for fix in (one for one in cause.fixes if _fits(one, facts, known.told)):
        text = fill(template(fix), holes)
        if text is not None:
            steps.setdefault(text, Step(text, fix.rebuild and replace(fix.rebuild, prefix=prefix)))
    return tuple(steps.values()) or (Step(_NO_COMMAND),)


def _fits(fix: Fix, facts: Facts, captures: Mapping[str, str]) -> bool:
    if fix.when and facts.holds(fix.when, captures) is not True:
        return False
    here = {facts.host.get("os")} | ({"wsl"} if facts.host.get("wsl") == "true" else set())
    return not fix.platforms or bool(here & set(fix.platforms)) or here == {None}


def _needs(ranked: Sequence[_Scored], facts: Facts) -> tuple[str, ...]:
    """Return the unknown facts by which the signals of the leading causes would tell them apart."""
    if len(ranked) < 2:  # noqa: PLR2004 - one cause has no rival
        return ()
    conditions = [
        condition.fact
        for one in ranked[:3]
        for signal in one.cause.signals
        for clause in signal.when
        for condition in clause
        if condition.scope == "host" and condition.fact not in LOG_FACTS
    ]
    decisive = [fact for one in ranked[:3] for seen in one.seen for fact in seen.decisive]
    wanted = [fact for fact in (*decisive, *conditions) if fact not in facts.host or fact in facts.guessed]
    return tuple(dict.fromkeys(wanted))
