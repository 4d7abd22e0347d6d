"""Which checks are left where a process ended in one: a hang costs one check, and the CPU is asked whatever happens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.verify.model import Event, ProbeOutcome
from tfsetup.verify.run import followed
from tfsetup.verify.workers import GIVE_UP, Pair, answered, broken, given_up, left, overdue

PAIRS: tuple[Pair, ...] = tuple((name, device) for name in "abcdef" for device in ("CPU:0", "GPU:0"))


def worker(pairs: Sequence[Pair], bad: frozenset[Pair] = frozenset(), **more: Any) -> ProbeOutcome:
    """Ask the pairs one after another; end in the first bad one, or come to the end."""
    events: list[Event] = [{"event": "plan", "pairs": [list(pair) for pair in pairs]}]
    for name, device in pairs:
        events.append({"event": "step", "what": name, "device": device, "patience_s": 30.0})
        if (name, device) in bad:
            return ProbeOutcome(python="python", ended="timeout", events=tuple(events), **more)
        events.append({"event": "check", "name": name, "device": device, "cases": []})
    events.append({"event": "done"})
    return ProbeOutcome(python="python", ended="finished", events=tuple(events), **more)


def whole(bad: frozenset[Pair]) -> tuple[list[ProbeOutcome], list[tuple[Pair, ...]]]:
    """Let workers follow each other as `run_probe` does; return them, and what each was asked."""
    asked = [PAIRS]
    first = worker(PAIRS, bad)

    def work(options: Any, seconds: float) -> ProbeOutcome:
        assert seconds > 0
        asked.append(tuple((name, device) for name, device in options["pairs"]))
        return worker(asked[-1], bad)

    found = followed(first, work, until=1e12)
    return [found, *found.more], asked


def test_one_that_came_to_its_end_leaves_nothing() -> None:
    assert left([worker(PAIRS)]) == ()


def test_a_hang_costs_one_check_and_the_cpu_comes_first() -> None:
    first = worker(PAIRS, frozenset({("b", "GPU:0")}))
    assert broken(first) == ("b", "GPU:0")
    rest = left([first])
    assert ("b", "GPU:0") not in rest
    assert set(rest) == {pair for pair in PAIRS if pair[0] in "cdef"}
    assert [device for _name, device in rest] == ["CPU:0"] * 4 + ["GPU:0"] * 4


@given(st.frozensets(st.sampled_from(PAIRS)))
def test_every_check_is_answered_or_has_ended_a_process_or_its_device_is_given_up(bad: frozenset[Pair]) -> None:
    outcomes, asked = whole(bad)
    done, spent = answered(outcomes), given_up(outcomes)
    ended = [pair for outcome in outcomes if (pair := broken(outcome)) is not None]
    assert len(ended) == len(set(ended))  # nothing is tried twice
    assert done.isdisjoint(bad)
    assert {pair for pair in PAIRS if pair not in done and pair not in ended} <= {
        pair for pair in PAIRS if pair[1] in spent
    }
    assert all(sum(pair[1] == device for pair in ended) <= GIVE_UP for device in ("CPU:0", "GPU:0"))
    assert len(asked) == len(outcomes) <= 2 * GIVE_UP + 1
    if not any(pair[1] == "CPU:0" for pair in bad):
        assert {pair for pair in PAIRS if pair[1] == "CPU:0"} <= done


def test_a_device_that_ends_every_process_is_given_up_and_the_cpu_is_not() -> None:
    outcomes, _asked = whole(frozenset(pair for pair in PAIRS if pair[1] == "GPU:0"))
    assert given_up(outcomes) == {"GPU:0"}
    assert len([pair for outcome in outcomes if (pair := broken(outcome))]) == GIVE_UP
    assert {pair for pair in answered(outcomes) if pair[1] == "CPU:0"} == {pair for pair in PAIRS if pair[1] == "CPU:0"}


def test_a_worker_that_does_not_even_begin_leaves_the_cpu_alone_and_then_nothing() -> None:
    first = worker(PAIRS, frozenset({("a", "GPU:0")}))
    stillborn = ProbeOutcome(python="python", ended="signal", signal="SIGABRT")
    rest = left([first, stillborn])
    assert rest == tuple(pair for pair in PAIRS if pair[1] == "CPU:0" and pair[0] != "a")
    assert left([first, stillborn, replace(stillborn, ended="timeout")]) == ()
    only = worker(rest, frozenset({rest[0]}))
    assert left([first, stillborn, only]) == rest[1:]


def test_no_plan_no_checks() -> None:
    assert left([ProbeOutcome(python="python", ended="timeout")]) == ()


@pytest.mark.parametrize("seconds", [0.0, -5.0])
def test_when_the_time_is_over_nobody_follows(seconds: float) -> None:
    import time

    first = worker(PAIRS, frozenset({("a", "CPU:0")}))

    def nobody(_options: Any, _seconds: float) -> ProbeOutcome:
        raise AssertionError

    assert followed(first, nobody, time.monotonic() + seconds).more == ()


def test_where_only_the_cpu_is_left_nothing_else_is_set_up() -> None:
    told: list[Any] = []

    def work(options: Any, _seconds: float) -> ProbeOutcome:
        told.append(options["only"])
        return worker([(name, device) for name, device in options["pairs"]])

    pairs = (("a", "CPU:0"), ("a", "GPU:0"), ("b", "CPU:0"))
    followed(worker(pairs, frozenset({("a", "GPU:0")})), work, until=1e12)
    followed(worker((*pairs, ("b", "GPU:0")), frozenset({("a", "GPU:0")})), work, until=1e12)
    assert told == ["CPU", None]


LSTM: Event = {"what": "lstm", "device": "GPU:0", "patience_s": 30.0}


@pytest.mark.parametrize(
    ("event", "now", "words"),
    [
        ({"what": "lstm", "device": "GPU:0", "patience_s": 30.0}, 129.9, ""),
        (
            {"what": "lstm", "device": "GPU:0", "patience_s": 30.0},
            130.1,
            "lstm on GPU:0 did not come to its end within 30 s",
        ),
        ({"what": "matmul float32 512", "device": "GPU:0"}, 1e9, ""),  # the whole has a limit of its own
        ({"event": "check", "name": "lstm"}, 1e9, ""),
    ],
)
def test_each_check_has_its_own_time(event: Event, now: float, words: str) -> None:
    assert overdue(100.0, event, now) == words
