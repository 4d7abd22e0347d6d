"""What there is to try on a build and a machine."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.matrix.file.disk import read_switches
from tfsetup.verify.tune.choose import candidates, threads, together
from tfsetup.verify.tune.model import State

CASES = sorted((Path(__file__).parents[3] / "cases" / "tune").glob("*.json"))
SWITCHES = read_switches().switches
GIGABYTE = 1 << 30


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_build_and_a_machine_decide_what_is_tried(path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    kept = case["state"]
    state = State(**(kept | ({"devices": tuple(kept["devices"])} if "devices" in kept else {})))
    found = candidates(SWITCHES, state, case.get("fixed", ()))
    assert [each.words for each in found] == case["want"]


def test_there_are_cases() -> None:
    assert len(CASES) > 10


states = st.builds(
    State,
    onednn=st.sampled_from([None, False, True]),
    compiler=st.sampled_from([None, False, True]),
    devices=st.sampled_from([("CPU",), ("CPU", "GPU")]),
    settings=st.dictionaries(
        st.sampled_from(["TF_ENABLE_ONEDNN_OPTS", "TF_NUM_INTRAOP_THREADS", "TF_XLA_FLAGS"]), st.sampled_from("0123")
    ),
    usable=st.none() | st.integers(1, 300),
    cores=st.none() | st.integers(1, 300),
    fast=st.none() | st.integers(1, 300),
    quota=st.none() | st.floats(0.01, 300),
    free_bytes=st.none() | st.integers(0, 1 << 40),
)


@given(states)
def test_nothing_is_tried_twice_or_as_it_is_set_already(state: State) -> None:
    found = candidates(SWITCHES, state)
    assert len({each.words for each in found}) == len(found)
    for each in found:
        assert not each.set.items() & state.settings.items()
        assert each.switch.device in state.devices


@given(states, st.sets(st.sampled_from([switch.variable for switch in SWITCHES if switch.variable])))
def test_what_cures_a_defect_is_never_switched(state: State, fixed: set[str]) -> None:
    assert all(not fixed & each.set.keys() for each in candidates(SWITCHES, state, fixed))


@given(states)
def test_threads_are_fewer_than_tensorflow_would_start(state: State) -> None:
    found = threads(state)
    assert len(found) <= 2
    assert all(state.usable is not None and 0 < each < state.usable for each in found)


def test_a_slow_start_tries_one_at_a_time_and_a_small_machine_too() -> None:
    roomy = State(free_bytes=64 * GIGABYTE)
    assert together(roomy, 4.0, 120.0) == 3
    assert together(roomy, 8.0, 120.0) == 2
    assert together(roomy, 25.0, 120.0) == 1
    assert together(replace(roomy, free_bytes=3 * GIGABYTE), 4.0, 120.0) == 2
    assert together(replace(roomy, free_bytes=0), 4.0, 120.0) == 1
    assert together(State(), 0.0, 120.0) == 3


def test_every_switch_says_where_it_is_described_and_is_one_of_both() -> None:
    assert len({switch.id for switch in SWITCHES}) == len(SWITCHES)
    for switch in SWITCHES:
        assert switch.source
        assert switch.what
        assert bool(switch.variable) != bool(switch.variant)
        assert bool(switch.variant) == bool(switch.program)
        assert bool(switch.variable) == bool(switch.values or switch.threads)


@pytest.mark.parametrize("value", [value for switch in SWITCHES for value in switch.values])
def test_a_value_means_itself_in_every_shell(value: str) -> None:
    assert set(value) <= set("abcdefghijklmnopqrstuvwxyz0123456789_=- ")
