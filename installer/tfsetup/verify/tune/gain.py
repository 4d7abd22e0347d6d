"""From times taken in pairs to a ratio, its spread, and whether it is a gain. Pure.

The machine may be busy: a time alone says little, and a mean even less. A pair is two times right after one another,
so that whatever slows the machine down slows both; its ratio is one sample. Nothing is supposed about how samples are
distributed: the interval of the median follows from the binomial distribution alone (the sign test), so that heavy
tails make it wide and not wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import comb, exp, log, sqrt
from statistics import median
from typing import Final, Literal

from tfsetup.ground.values import value
from tfsetup.verify.tune.model import Clock

FLOOR: Final = 0.08
"""A gain below this is none: fresh processes of one program differ by a few percent (where memory and threads land)."""
SURE: Final = 0.998
"""The probability that the interval holds the median."""
FEWEST: Final = 10
"""Pairs; with fewer, no interval is so sure."""
PROCESSES: Final = 2
"""Fresh processes that must agree."""
LUCK: Final = 0.22
"""What a process got by chance it keeps for all its turns: of two processes only a gain beyond this is believed, of
more of them one beyond this over the square root of their number less one."""
BEYOND: Final = 1.25
"""Spreads that a gain must be beyond: more than one, because it is looked at more than once."""
ALIKE: Final = 1.3
"""By how much the ratio of the times and that of the processors' times may differ, where the second decides."""
DEVIATIONS: Final = 3.0
"""Standard errors, by how far the processes differ, that a gain must be beyond."""


@value
class Pair:
    """Seconds of one thing without (`base`) and with a switch, in the turns `turn` of the processes `process`.

    `base_work` and `trial_work` are seconds of processors' time; None where that says nothing of the speed.
    """

    what: str
    process: int
    turn: int
    base: float
    trial: float
    base_work: float | None = None
    trial_work: float | None = None

    @property
    def ratio(self) -> float:
        """How many times as fast with it."""
        return self.base / self.trial


@value
class Gain:
    """The median ratio with its interval; `best`: that of the fastest times; `processes`: each one's median."""

    ratio: float
    low: float
    high: float
    best: float
    processes: tuple[float, ...]
    pairs: int

    @property
    def spread(self) -> float:
        """Half the width of the interval."""
        return (self.high - self.low) / 2


def gain_of(pairs: Sequence[Pair], *, by: Clock = "clock") -> Gain | None:
    """Return the gain over all that was timed, each thing counting the same; None: no round is whole, or has that time.

    A sample is a round: the geometric mean of its ratios.
    """
    rounds: dict[tuple[int, int], list[float]] = {}
    fastest: dict[str, tuple[float, float]] = {}
    for pair in pairs:
        base, trial = (pair.base, pair.trial) if by == "clock" else (pair.base_work, pair.trial_work)
        if not base or not trial:
            return None
        rounds.setdefault((pair.process, pair.turn), []).append(log(base / trial))
        before = fastest.get(pair.what, (base, trial))
        fastest[pair.what] = min(base, before[0]), min(trial, before[1])
    whole = {place: _mean(found) for place, found in rounds.items() if len(found) == len(fastest)}
    if not whole:
        return None
    low, high = interval(list(whole.values()))
    processes: dict[int, list[float]] = {}
    for (process, _turn), ratio in whole.items():
        processes.setdefault(process, []).append(ratio)
    return Gain(
        ratio=median(whole.values()),
        low=low,
        high=high,
        best=_mean([log(base / trial) for base, trial in fastest.values()]),
        processes=tuple(map(median, processes.values())),
        pairs=len(whole),
    )


def _mean(logarithms: Sequence[float]) -> float:
    return exp(sum(logarithms) / len(logarithms))


def interval(samples: Sequence[float]) -> tuple[float, float]:
    """Return the narrowest pair of samples, as far from the ends on both sides, that is `SURE` to hold the median.

    All samples lie between the ends where there are too few to be sure.
    """
    count, ordered = len(samples), sorted(samples)
    outside, place = 0.0, 0
    for beyond in range(count // 2):
        outside += 2 * comb(count, beyond) / 2**count
        if outside > 1 - SURE:
            break
        place = beyond
    return ordered[place], ordered[count - 1 - place]


def judged(gain: Gain | None) -> Literal["faster", "slower", "same", "undecided"]:
    """Tell what a gain comes to. Nothing is claimed that the spread, a process or the fastest times do not bear out."""
    if gain is None or gain.pairs < FEWEST or len(gain.processes) < PROCESSES:
        return "undecided"
    if _real(gain):
        return "faster"
    return "slower" if _real(_turned(gain)) else "same"


def _real(gain: Gain) -> bool:
    count = len(gain.processes)
    differ = DEVIATIONS * _deviation(gain.processes) / sqrt(count)
    needed = max(FLOOR, LUCK / sqrt(count - 1), differ, BEYOND * gain.spread)
    return gain.ratio - 1 > needed and gain.low > 1 and min(*gain.processes, gain.best) >= 1 + FLOOR / 2


def _deviation(numbers: Sequence[float]) -> float:
    """Return the standard deviation of a sample; `statistics` computes it in fractions, which takes long."""
    mean = sum(numbers) / len(numbers)
    return sqrt(sum((each - mean) ** 2 for each in numbers) / (len(numbers) - 1))


def _turned(gain: Gain) -> Gain:
    """Return what it would be with the two exchanged."""
    return Gain(
        ratio=1 / gain.ratio, low=1 / gain.high, high=1 / gain.low, best=1 / gain.best,
        processes=tuple(1 / each for each in gain.processes), pairs=gain.pairs,
    )  # fmt: skip


@value
class Finding:
    """What pairs come to, and by which clock: `processor` where others used the machine too much for the other."""

    status: Literal["faster", "slower", "same", "undecided"]
    gain: Gain | None = None
    timed_by: Clock = "clock"


def found(pairs: Sequence[Pair]) -> Finding:
    """Return what pairs come to.

    Where the clock shows a difference that its spread hides, and the processors' time shows it beyond doubt and about
    as large, that decides: others that use the machine make a run longer, and hardly make it more work.
    """
    gain = gain_of(pairs)
    status = judged(gain)
    work = gain_of(pairs, by="processor") if status == "same" else None
    if gain is not None and work is not None and _agree(gain, work):
        return Finding(status=judged(work), gain=work, timed_by="processor")
    return Finding(status=status, gain=gain)


def _agree(gain: Gain, work: Gain) -> bool:
    """Tell whether the clock shows a difference too, in the median and in the fastest times, and about as large."""
    if judged(work) == "slower":
        gain, work = _turned(gain), _turned(work)
    shown = gain.ratio >= 1 + FLOOR and gain.best >= 1 + FLOOR / 2
    return judged(work) == "faster" and shown and 1 / ALIKE <= gain.ratio / work.ratio <= ALIKE


def promising(pairs: Sequence[Pair]) -> bool:
    """Tell whether more pairs could show a gain: over all that was timed, or much of one thing against another."""
    whole = gain_of(pairs)
    if whole is None:
        return False
    work = gain_of(pairs, by="processor")
    if work is not None and work.ratio >= 1 + FLOOR and whole.ratio > 1:
        return True
    things = {pair.what for pair in pairs}
    ratios = [median(pair.ratio for pair in pairs if pair.what == thing) for thing in things]
    mixed = max(ratios) >= 1 + 2 * FLOOR and min(ratios) <= 1 / (1 + FLOOR)
    return whole.ratio >= 1 + FLOOR / 2 or mixed
