"""The course of tuning on a machine that others use too: no false claim, a gain found, a lost trial is only one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from support.tune import WHAT, Effect, Machine, Noise
from tfsetup.matrix.file.disk import read_switches
from tfsetup.verify.tune.course import tune
from tfsetup.verify.tune.model import State, Timed, Tuning, Verdict

SWITCHES = read_switches().switches
ONEDNN = "TF_ENABLE_ONEDNN_OPTS"
LOUD = Noise(turn=0.15, process=0.03, busy=0.6, burst_s=1.0, slowdown=4.0)
QUIET = Noise(turn=0.02, process=0.01, busy=0.0)


def gains(ratio: float, name: str = ONEDNN, content: str = "1", *, but: Mapping[str, float] | None = None) -> Effect:
    """Return the effect of one variable, with other ratios for some of what is timed."""

    def effect(variables: Mapping[str, str], timed: Timed) -> float:
        return (but or {}).get(timed.name, ratio) if variables.get(name) == content else 1.0

    return effect


def tuned(machine: Machine, **options: Any) -> Tuning:
    """Return what tuning comes to, with every process ended."""
    found = tune(machine, SWITCHES, **options)
    assert all(lane.closed for lane in machine.opened)
    return found


def verdict(found: Tuning, name: str) -> Verdict:
    return next(each for each in found.switches if each.id == name)


@pytest.mark.parametrize("noise", [Noise(), LOUD], ids=["shared", "loud"])
def test_in_a_thousand_runs_nothing_is_claimed_of_switches_that_do_nothing(noise: Noise) -> None:
    for seed in range(500):
        found = tuned(Machine(seed=seed, noise=noise, start_s=5.0 if seed % 2 else 15.0))
        assert not found.set, seed
        assert not any(each.worth_it for each in found.tried), seed
        assert not any(each.status == "faster" for each in found.switches), seed


def test_a_gain_of_1_3_is_found_though_others_use_the_machine() -> None:
    found = [tuned(Machine(seed=seed, effect=gains(1.3))) for seed in range(100)]
    assert sum(each.set == {ONEDNN: "1"} for each in found) >= 99
    for each in found:
        for one in each.tried:
            assert not one.worth_it or (one.set == {ONEDNN: "1"} and abs((one.ratio or 0) - 1.3) < 0.25)


def test_a_gain_is_told_with_what_it_gives_its_spread_and_its_digits() -> None:
    found = tuned(Machine(effect=gains(1.4), noise=QUIET))
    assert found.set == {ONEDNN: "1"}
    assert found.complete
    said = verdict(found, "onednn")
    assert said.status == "faster"
    assert said.ratio == pytest.approx(1.4, abs=0.05)
    assert said.spread is not None
    assert 0 < said.spread < 0.1
    assert said.sentence.startswith(f"set {ONEDNN}=1: {said.ratio:.2f} times as fast (±")
    assert "costs no digits (error 2e-07); results may differ in the last digits" in said.sentence
    mine = [each for each in found.tried if each.set == {ONEDNN: "1"}]
    assert [each.what for each in mine] == list(WHAT)
    for each in mine:
        assert each.worth_it
        assert each.processes >= 2
        assert each.max_rel_error == 2e-7


def test_every_pair_is_of_fresh_processes_and_forwards_and_backwards() -> None:
    machine = Machine(effect=gains(1.4), noise=QUIET)
    tuned(machine)
    with_it = [order for order in machine.orders if order.set.get(ONEDNN) == "1"]
    without = [order for order in machine.orders if not order.set]
    assert len(with_it) >= 2
    assert len(without) >= len(with_it)


def test_a_switch_that_helps_one_and_hurts_another_is_told_so_and_not_set() -> None:
    mixed = gains(1.6, but={"training step": 0.5})
    found = tuned(Machine(effect=mixed, noise=QUIET))
    said = verdict(found, "onednn")
    assert said.status == "mixed"
    assert f"{ONEDNN}=1 helps and hurts: " in said.sentence
    assert "training step 0.5" in said.sentence
    assert not found.set
    assert not any(each.worth_it for each in found.tried)
    assert {each.status for each in found.tried if each.set == {ONEDNN: "1"}} == {"faster", "slower"}


def test_a_switch_that_the_build_does_not_follow_claims_nothing() -> None:
    machine = Machine(follows=False, effect=gains(1.5))
    found = tuned(machine)
    assert verdict(found, "onednn").status == "no-effect"
    assert verdict(found, "onednn").sentence == f"{ONEDNN}=1 changes nothing in this build"
    assert not found.set


@pytest.mark.parametrize(
    ("fate", "why"),
    [
        ("at start", "it died of SIGSEGV in import"),
        ("in a turn", "it hangs in matmul 2048 float32 graph"),
        ("cannot", "it could not compute matmul 2048 float32 graph"),
    ],
)
def test_a_trial_that_is_lost_is_undecided_and_the_others_go_on(fate: str, why: str) -> None:
    effect = gains(1.4, "TF_NUM_INTRAOP_THREADS", "4")
    found = tuned(Machine(effect=effect, noise=QUIET, ends={ONEDNN: fate}))
    assert verdict(found, "onednn").status == "undecided"
    assert verdict(found, "onednn").sentence == f"{ONEDNN}=1 is undecided: {why}"
    assert found.set == {"TF_NUM_INTRAOP_THREADS": "4"}


def test_without_a_first_process_there_is_a_reason() -> None:
    found = tune(Machine(broken=True), SWITCHES)
    assert (found.problem, found.complete, found.switches) == ("it died of SIGSEGV in import", False, ())


def test_two_winners_are_set_only_as_they_were_measured_together() -> None:
    def both(variables: Mapping[str, str], _timed: Timed) -> float:
        onednn = 1.5 if variables.get(ONEDNN) == "1" else 1.0
        return onednn * (1.3 if variables.get("TF_NUM_INTRAOP_THREADS") == "4" else 1.0)

    found = tuned(Machine(effect=both, noise=QUIET, start_s=3.0))
    assert found.set == {ONEDNN: "1", "TF_NUM_INTRAOP_THREADS": "4"}
    assert any(each.set == found.set and each.worth_it for each in found.tried)


def test_winners_that_do_nothing_for_one_another_are_not_set_together() -> None:
    def either(variables: Mapping[str, str], _timed: Timed) -> float:
        return 1.5 if variables.get(ONEDNN) == "1" else 1.3 if "TF_NUM_INTRAOP_THREADS" in variables else 1.0

    found = tuned(Machine(effect=either, noise=QUIET, start_s=3.0))
    assert found.set == {ONEDNN: "1"}
    assert "not shown to be a gain together" in verdict(found, "intra-op").sentence


def test_the_time_is_kept_and_what_was_not_tried_is_told() -> None:
    machine = Machine(start_s=40.0, noise=QUIET)
    found = tuned(machine, budget_s=100.0)
    assert machine.clock < 100 + 20
    assert not found.complete
    assert verdict(found, "xla-cpu").sentence.endswith("was not tried: 100 s did not suffice")


def test_variables_that_cure_a_defect_are_left_alone() -> None:
    machine = Machine(effect=gains(1.5), noise=QUIET)
    found = tuned(machine, fixed=[ONEDNN])
    assert not any(ONEDNN in order.set for order in machine.orders)
    assert not found.set


def test_a_shorter_type_is_told_and_never_set_for_the_user() -> None:
    state = State(device="GPU:0", devices=("CPU", "GPU"), onednn=True, compiler=False, usable=1)
    found = tuned(Machine(state=state, noise=QUIET, variants={"float16": 2.0, "without TensorFloat-32": 0.5}))
    half = verdict(found, "half")
    assert half.status == "faster"
    assert half.set == {}
    assert "mixed_float16" in half.sentence
    assert "costs 3.7 digits (error 1e-03 in place of 2e-07 in matmul 2048 float32 graph)" in half.sentence
    assert verdict(found, "tensor-float-32").status in {"slower", "same"}
    assert not found.set


def test_progress_says_what_and_how_long() -> None:
    said: list[str] = []
    tune(Machine(noise=QUIET), SWITCHES, told=said.append)
    assert any(line.startswith(f"{ONEDNN}=1") and line.endswith("s of at most 120") for line in said)
