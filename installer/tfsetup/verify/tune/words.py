"""What came of each switch, as values and in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import log10
from typing import TYPE_CHECKING, Final

from tfsetup.verify.tune.gain import Finding, Pair, found
from tfsetup.verify.tune.model import Clock, Status, Tried, Verdict

if TYPE_CHECKING:
    from tfsetup.verify.tune.course import Trial

WORSE: Final = 1.5
"""Errors that differ by less are the same: they come from the order of sums."""


def status_of(trial: Trial) -> Status:
    """Return what came of a trial over everything that was timed."""
    if trial.without_effect:
        return "no-effect"
    if trial.lost:
        return "undecided"
    if not trial.groups:
        return "not-tried"
    parts = {found(pairs).status for _what, pairs in _things(trial)}
    whole = found(trial.pairs).status
    if "slower" in parts and "faster" in {*parts, whole}:
        return "mixed"
    if whole == "undecided" and trial.over:
        return "same"
    return whole


def recommended(trials: Sequence[Trial]) -> list[Trial]:
    """Return the trials whose variables are worth setting, the best first; of one variable, all its values."""
    winners = [each for each in trials if each.candidate.set and status_of(each) == "faster"]
    return sorted(winners, key=lambda each: -(_ratio(found(each.pairs)) or 0.0))


def tried_of(trial: Trial) -> Iterator[Tried]:
    """Yield every measurement of a trial."""
    whole = status_of(trial)
    for what, pairs in _things(trial):
        alone = found(pairs)
        gain = alone.gain
        before, after = trial.errors.get(what, (None, None))
        yield Tried(
            set=trial.order if trial.candidate.set else {},
            program="" if trial.candidate.set else trial.candidate.switch.program,
            what=what,
            ratio=_ratio(alone),
            spread=_spread(alone),
            max_rel_error=after,
            baseline_error=before,
            worth_it=whole == "faster" and alone.status == "faster",
            device=trial.device,
            pairs=gain.pairs if gain else 0,
            processes=len(gain.processes) if gain else 0,
            status=alone.status,
            timed_by=alone.timed_by,
        )


def verdict_of(trial: Trial, chosen: Mapping[str, str], budget_s: float) -> Verdict:
    """Return what came of a trial, where the variables `chosen` are what to set."""
    candidate, whole = trial.candidate, found(trial.pairs)
    return Verdict(
        id=candidate.switch.id,
        set=candidate.set,
        program=candidate.switch.program,
        status=status_of(trial),
        ratio=_ratio(whole),
        spread=_spread(whole),
        timed_by=whole.timed_by,
        sentence=sentence(trial, whole, chosen, budget_s),
        source=candidate.switch.source,
    )


def sentence(trial: Trial, whole: Finding, chosen: Mapping[str, str], budget_s: float) -> str:
    """Return, in a sentence, what a switch gives and costs."""
    words, status = trial.candidate.words, status_of(trial)
    if status == "no-effect":
        return f"{words} changes nothing in this build"
    if status == "not-tried":
        return f"{words} was not tried: {budget_s:.0f} s did not suffice"
    if trial.lost:
        return f"{words} is undecided: {trial.lost}"
    if whole.gain is None:
        return f"{words} is undecided: nothing could be timed"
    how = f"{_times(whole)} as fast (±{whole.gain.spread:.2f}{_BY[whole.timed_by]})"
    if status == "faster":
        return _gained(trial, how, chosen)
    if status == "mixed":
        return f"{words} helps and hurts: {_parts(trial)}. {_digits(trial)}; not set, for a program of one kind only"
    if status == "undecided":
        return f"{words} is undecided: {how} after {whole.gain.pairs} rounds, and there was no more time"
    return f"{words} is no gain: {how}"


_BY: Final[Mapping[Clock, str]] = {"clock": "", "processor": " by processors' time, for the machine was busy"}


def _gained(trial: Trial, how: str, chosen: Mapping[str, str]) -> str:
    words = trial.candidate.words
    how = f"{how}, {_parts(trial)}; {_digits(trial)}"
    if not trial.candidate.set:
        return f"{words} makes it {how}"
    if trial.candidate.set.items() <= chosen.items():
        return f"set {words}: {how}"
    return f"{words} alone is {how}; not shown to be a gain together with what is set"


def _parts(trial: Trial) -> str:
    """Return each thing with its ratio, what gained most first."""
    parts = [(what, _ratio(found(pairs)) or 0.0) for what, pairs in _things(trial)]
    return ", ".join(f"{what} {ratio:.2f}" for what, ratio in sorted(parts, key=lambda pair: -pair[1]))


def _digits(trial: Trial) -> str:
    """Return what a trial costs in digits, of the thing where it costs most."""
    worse = [
        (after / before, what, before, after) for what, (before, after) in trial.errors.items() if before and after
    ]
    costs = f"; {trial.candidate.switch.costs}" if trial.candidate.switch.costs else ""
    if not worse:
        return f"digits could not be compared{costs}"
    ratio, what, before, after = max(worse)
    if ratio < WORSE:
        return f"costs no digits (error {after:.0e}){costs}"
    return f"costs {log10(ratio):.1f} digits (error {after:.0e} in place of {before:.0e} in {what}){costs}"


def _things(trial: Trial) -> list[tuple[str, list[Pair]]]:
    names = dict.fromkeys(pair.what for pair in trial.pairs)
    return [(name, [pair for pair in trial.pairs if pair.what == name]) for name in names]


def _times(whole: Finding) -> str:
    return f"{_ratio(whole) or 0.0:.2f} times"


def _ratio(of: Finding) -> float | None:
    return round(of.gain.ratio, 3) if of.gain else None


def _spread(of: Finding) -> float | None:
    return round(of.gain.spread, 3) if of.gain else None
