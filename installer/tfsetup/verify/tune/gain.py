"""From times taken in pairs to a ratio, its spread, and whether it is a gain. Pure.

The machine may be busy: a time alone says little, and a mean even less. A pair is two times right after one another,
so that whatever slows the machine down slows both; its ratio is one sample. Nothing is supposed about how samples are
distributed: the interval of the median follows from the binomial distribution alone (the sign test), so that heavy
tails make it wide and not wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import comb, exp, log, sqrt
from statistics import median, stdev
from typing import Final, Literal

from tfsetup.ground.values import value

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
DEVIATIONS: Final = 3.0
"""Standard errors, by how far the processes differ, that a gain must be beyond."""


@value
class Pair:
    """Seconds of one thing without (`base`) and with a switch, in the turns `turn` of the processes `process`."""

    what: str
    process: int
    turn: int
    base: float
    trial: float

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


def gain_of(pairs: Sequence[Pair]) -> Gain | None:
    """Return the gain over all that was timed, each thing counting the same; None: no round is whole.

    A sample is a round: the geometric mean of its ratios.
    """
    things = sorted({pair.what for pair in pairs})
    rounds: dict[tuple[int, int], dict[str, float]] = {}
    for pair in pairs:
        rounds.setdefault((pair.process, pair.turn), {})[pair.what] = pair.ratio
    whole = {place: _mean(list(found.values())) for place, found in rounds.items() if len(found) == len(things)}
    if not whole:
        return None
    numbers = sorted({process for process, _turn in whole})
    low, high = interval(list(whole.values()))
    return Gain(
        ratio=median(whole.values()),
        low=low,
        high=high,
        best=_mean([_best([pair for pair in pairs if pair.what == thing]) for thing in things]),
        processes=tuple(median(one for (where, _turn), one in whole.items() if where == each) for each in numbers),
        pairs=len(whole),
    )


def _best(pairs: Sequence[Pair]) -> float:
    """Return the ratio of the fastest times: others only ever slow one down."""
    return min(pair.base for pair in pairs) / min(pair.trial for pair in pairs)


def _mean(ratios: Sequence[float]) -> float:
    return exp(sum(map(log, ratios)) / len(ratios))


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
    needed = max(FLOOR, LUCK / sqrt(count - 1), DEVIATIONS * stdev(gain.processes) / sqrt(count), BEYOND * gain.spread)
    return gain.ratio - 1 > needed and gain.low > 1 and min(*gain.processes, gain.best) >= 1 + FLOOR / 2


def _turned(gain: Gain) -> Gain:
    """Return what it would be with the two exchanged."""
    return Gain(
        ratio=1 / gain.ratio, low=1 / gain.high, high=1 / gain.low, best=1 / gain.best,
        processes=tuple(1 / each for each in gain.processes), pairs=gain.pairs,
    )  # fmt: skip


def promising(pairs: Sequence[Pair]) -> bool:
    """Tell whether more pairs could show a gain: over all that was timed, or much of one thing against another."""
    whole = gain_of(pairs)
    if whole is None:
        return False
    things = {pair.what for pair in pairs}
    ratios = [median(pair.ratio for pair in pairs if pair.what == thing) for thing in things]
    mixed = max(ratios) >= 1 + 2 * FLOOR and min(ratios) <= 1 / (1 + FLOOR)
    return whole.ratio >= 1 + FLOOR / 2 or mixed
