"""From times in pairs to a gain: the interval, and what is no gain."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.verify.tune.gain import FEWEST, FLOOR, Finding, Gain, Pair, found, gain_of, interval, judged, promising

BUSY = [(1, 1), (1.5, 1), (1, 1.6), (2, 1), (1, 1.9), (1, 1), (1.8, 1), (1, 1.4)]
"""By how much others that use the machine made a run without and one with the switch longer."""
NOISY = [[1.4 * without / with_it for without, with_it in BUSY]] * 3
"""What the clock says of a gain of 1.4 then."""


def pairs(ratios: list[list[float]], what: str = "matmul") -> list[Pair]:
    """Return pairs with these ratios, a list a process."""
    return [
        Pair(what=what, process=process, turn=turn, base=0.1 * ratio, trial=0.1)
        for process, row in enumerate(ratios)
        for turn, ratio in enumerate(row)
    ]


def worked(ratios: list[list[float]], work: float, wide: float = 0.01) -> list[Pair]:
    """Return the same with processors' time of another ratio."""
    slowed = [(without, with_it) for _process in ratios for without, with_it in BUSY]
    return [
        replace(pair, base=pair.ratio * 0.1 * later, trial=0.1 * later, trial_work=0.2,
                base_work=0.2 * work * (1 + wide * (pair.turn % 3 - 1)))
        for pair, (_without, later) in zip(pairs(ratios), slowed, strict=False)
    ]  # fmt: skip


def of(ratio: float, processes: int = 3, turns: int = 8, wide: float = 0.01) -> list[Pair]:
    """Return pairs around a ratio."""
    return pairs([[ratio * (1 + wide * (turn % 3 - 1)) for turn in range(turns)] for _process in range(processes)])


def test_a_ratio_is_the_median_and_says_how_many() -> None:
    found = gain_of(pairs([[1.2, 1.3, 9.0], [1.3, 1.4, 0.2]]))
    assert found is not None
    assert found.ratio == pytest.approx(1.3)
    assert found.processes == pytest.approx((1.3, 1.3))
    assert found.pairs == 6
    assert (found.low, found.high) == pytest.approx((0.2, 9.0))


def test_what_was_timed_counts_the_same_however_long_it_takes() -> None:
    long = [Pair(what="long", process=0, turn=0, base=2.0, trial=1.0)]
    short = [Pair(what="short", process=0, turn=0, base=0.001, trial=0.002)]
    found = gain_of([*long, *short])
    assert found is not None
    assert found.ratio == pytest.approx(1.0)


def test_a_round_that_was_cut_short_is_no_sample() -> None:
    whole = [*pairs([[1.5, 1.5]], "a"), *pairs([[1.5]], "b")]
    found = gain_of(whole)
    assert found is not None
    assert found.pairs == 1
    assert gain_of([]) is None


@pytest.mark.parametrize(("count", "place"), [(1, 0), (9, 0), (10, 0), (13, 0), (14, 1), (18, 2), (30, 6)])
def test_the_interval_is_that_of_the_sign_test(count: int, place: int) -> None:
    # Of tables of the binomial distribution: twice the probability of `place` or fewer heads is below 0.002.
    assert interval([float(each) for each in range(count)]) == (place, count - 1 - place)


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=60))
def test_the_median_lies_in_its_interval(samples: list[float]) -> None:
    low, high = interval(samples)
    assert low <= median(samples) <= high


def two_humps(middle: float, wide: float) -> float:
    return middle + random.choice([-wide, -wide, 9 * wide]) * random.random()  # noqa: S311


@pytest.mark.parametrize("draw", [random.gauss, random.lognormvariate, two_humps])
def test_the_interval_holds_the_median_whatever_the_distribution(draw: Callable[[float, float], float]) -> None:
    random.seed(4)
    middle = median(draw(0.0, 1.0) for _each in range(20001))
    missed = 0
    for _try in range(2000):
        low, high = interval([draw(0.0, 1.0) for _each in range(15)])
        missed += not low <= middle <= high
    assert missed <= 12  # 4 are expected


@pytest.mark.parametrize(
    ("found", "want"),
    [
        (of(1.4), "faster"),
        (of(1 / 1.4), "slower"),
        (of(1.0), "same"),
        (of(1 + FLOOR - 0.02), "same"),
        (of(1.4, turns=3), "undecided"),
        (of(1.4, processes=1, turns=20), "undecided"),
        (of(1.15, processes=2), "same"),  # of two processes it could be luck
        (of(1.15, processes=4), "faster"),
        (of(1.3, wide=0.4), "same"),  # within the spread
        ([replace(each, base_work=None) for each in worked(NOISY, 1.4)], "same"),  # the same, only ever made longer
        (pairs([[1.4] * 8, [1.4] * 8, [1.0] * 8]), "same"),  # one process does not bear it out
        (pairs([[1.2] * 8, [2.6] * 8, [1.1] * 8]), "same"),  # they differ by more than it is
    ],
)  # fmt: skip
def test_a_gain_is_believed_only_where_everything_bears_it_out(found: list[Pair], want: str) -> None:
    assert judged(gain_of(found)) == want


def test_the_fastest_times_must_bear_it_out_too() -> None:
    # Somebody else used the machine whenever it was the turn of the process without the switch.
    found = [*of(1.4), Pair(what="matmul", process=0, turn=99, base=0.1, trial=0.1)]
    assert judged(gain_of(found)) == "same"


@given(st.floats(0.05, 20), st.integers(2, 6), st.integers(5, 20))
def test_slower_is_faster_with_the_two_exchanged(ratio: float, processes: int, turns: int) -> None:
    there = judged(gain_of(of(ratio, processes, turns, 0.0)))
    back = judged(gain_of(of(1 / ratio, processes, turns, 0.0)))
    turned = {"faster": "slower", "slower": "faster"}
    assert back == turned.get(there, there)


@given(st.lists(st.lists(st.floats(0.3, 3), min_size=1, max_size=12), min_size=1, max_size=6))
def test_a_gain_within_its_spread_or_below_the_floor_is_none(ratios: list[list[float]]) -> None:
    found = gain_of(pairs(ratios))
    assert isinstance(found, Gain)
    if judged(found) == "faster":
        assert found.ratio - 1 > max(found.spread, FLOOR)
        assert found.low > 1
        assert found.pairs >= FEWEST
        assert len(found.processes) >= 2


def test_what_shows_no_sign_of_a_gain_is_given_up_and_what_helps_and_hurts_is_not() -> None:
    assert promising(of(1.1))
    assert not promising(of(1.0))
    assert not promising([])
    assert promising([*pairs([[1.3] * 6], "a"), *pairs([[0.7] * 6], "b")])
    assert not promising([*pairs([[1.05] * 6], "a"), *pairs([[0.95] * 6], "b")])


def test_where_the_machine_is_busy_the_processors_time_decides_beside_the_clock() -> None:
    busy = found(worked(NOISY, 1.4))
    assert (busy.status, busy.timed_by) == ("faster", "processor")
    assert busy.gain is not None
    assert busy.gain.ratio == pytest.approx(1.4)
    assert busy.gain.spread < 0.05
    back = found([replace(pair, base=pair.trial, trial=pair.base, base_work=pair.trial_work, trial_work=pair.base_work)
                  for pair in worked(NOISY, 1.4)])  # fmt: skip
    assert (back.status, back.timed_by) == ("slower", "processor")


@pytest.mark.parametrize(
    "pairs_",
    [
        pairs(NOISY),  # nobody told the processors' time
        worked(NOISY, 1.0),
        worked(NOISY, 1.4, wide=0.5),  # its spread hides it too
        worked(NOISY, 2.5),  # the two say too different things
        worked([[0.8, 1.2] * 4] * 3, 1.4),  # less work, and no faster: it runs on fewer threads
        worked([[0.85, 1.25] * 4] * 3, 1.3),
        worked(NOISY[:1], 1.4),
        [*worked(NOISY, 1.4), *pairs([[1.4]], "matmul")],  # some did not tell it
    ],
)
def test_the_processors_time_alone_decides_nothing(pairs_: list[Pair]) -> None:
    assert found(pairs_).timed_by == "clock"
    assert found(pairs_).status in {"same", "undecided"}


def test_the_clock_decides_where_it_can() -> None:
    quiet = worked([[1.4, 1.41, 1.39, 1.4, 1.4, 1.42]] * 3, 1.2)
    assert found(quiet) == Finding(status="faster", gain=gain_of(quiet), timed_by="clock")


def test_a_gain_of_the_processors_time_keeps_a_switch_in_the_running() -> None:
    ratios = [[1.01, 1.0, 1.02, 1.03, 1.0, 1.02]]
    assert promising(worked(ratios, 1.2))
    assert not promising(worked(ratios, 1.0))
    assert not promising(worked([[0.9] * 6], 1.2))
