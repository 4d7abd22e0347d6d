"""What a graph computed, judged: which activation, asked in which way, and by how much it is off."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from support.verify import CASES, judged, outcome_of, verdict
from tfsetup.verify.checked import GRAPHS, checks
from tfsetup.verify.checks import names
from tfsetup.verify.judge import judge
from tfsetup.verify.model import Check, Ended, Failure, ProbeOutcome
from tfsetup.verify.observed import Observed

WAYS = ("Relu", "Relu6", "Elu", "LeakyRelu", "predict")


def case(way: str, error: Any = 4e-7, without: Any = 0.9, **more: Any) -> dict[str, Any]:
    return {"way": way, "finite": True, "max_rel_error": error, "without_activation": without, **more}


def seen(name: str, *cases: dict[str, Any], **more: Any) -> Observed:
    event = {"event": "check", "name": name, "device": "GPU:0", "seconds": 0.2, "cases": list(cases), **more}
    return Observed(outcome=ProbeOutcome(python="python", ended="finished", events=(event,)))


def judged_graph(name: str, *cases: dict[str, Any], tensor_float_32: bool = False) -> Check:
    (found,) = checks("GPU:0", seen(name, *cases), tensor_float_32=tensor_float_32)
    return found


@pytest.mark.parametrize("name", GRAPHS)
def test_right_answers_in_every_way_are_ok(name: str) -> None:
    found = judged_graph(name, *map(case, WAYS))
    assert (found.status, found.message, found.max_rel_error, found.tolerance) == ("ok", "", 4e-7, 1e-3)


@pytest.mark.parametrize("way", WAYS)
def test_one_way_that_loses_its_activation_is_named(way: str) -> None:
    found = judged_graph("dense-relu-graph", *(case(each, *((0.5, 4e-7) if each == way else ())) for each in WAYS))
    asked = "Dense through predict" if way == "predict" else f"{way} in a tf.function"
    assert found.status == "wrong"
    assert found.message == f"the activation is not computed ({asked}): error 5.0e-01 > 1.0e-03"
    assert found.max_rel_error == 0.5


def test_a_wrong_result_that_is_not_the_bare_sum_claims_no_lost_activation() -> None:
    found = judged_graph("conv-relu-graph", case("Relu", 2e-3, 0.4), case("predict", 0.5, 1e-7))
    assert found.status == "wrong"
    assert found.message == (
        "the result is wrong (Relu in a tf.function, Conv2D through predict): error 5.0e-01 > 1.0e-03"
    )


@pytest.mark.parametrize(
    ("error", "relaxed", "status"),
    [
        (9e-4, False, "ok"),
        (1.1e-3, False, "wrong"),
        (1.5e-3, True, "ok"),
        (2.5e-3, True, "wrong"),
        (0.9, True, "wrong"),
    ],
)
def test_the_limit_is_a_thousandth_and_a_little_more_where_inputs_are_rounded(
    error: float, relaxed: bool, status: str
) -> None:
    assert judged_graph("dense-relu-graph", case("Relu", error), tensor_float_32=relaxed).status == status


@pytest.mark.parametrize("number", ["nan", "inf", None])
def test_what_is_not_finite_is_wrong(number: Any) -> None:
    found = judged_graph("dense-relu-graph", case("Relu"), case("Elu", number, number, finite=False))
    assert (found.status, found.message) == ("wrong", "Elu in a tf.function: values are NaN or infinite")
    assert found.max_rel_error is None


def test_a_way_that_raises_is_told_with_the_cause() -> None:
    error = {"type": "InternalError", "message": "Graph execution error:\n\nDetected at node x\nout of memory"}
    found = judged_graph("dense-relu-graph", case("Relu"), {"way": "predict", "error": error})
    assert (found.status, found.message) == ("failed", "Dense through predict: InternalError: out of memory")
    wrong = judged_graph("dense-relu-graph", case("Relu", 0.9), {"way": "predict", "error": error})
    assert wrong.status == "wrong"  # says more than an error


def test_no_case_at_all_is_no_proof() -> None:
    assert judged_graph("dense-relu-graph").status == "failed"


def test_a_device_with_a_lost_activation_is_wrong_however_fast_it_multiplies() -> None:
    found = verdict("dense-activation-lost")
    assert not found.ok
    gpu = found.devices[1]
    assert gpu.status == "wrong"
    assert gpu.reason.startswith(
        "dense-relu-graph: the activation is not computed (Relu, Relu6, Elu, LeakyRelu in a tf."
    )
    assert found.findings[0].detail == gpu.reason
    assert verdict("dense-elu-wrong").devices[1].reason.startswith("dense-relu-graph: the result is wrong (Elu in")
    assert verdict("conv-predict-nan").devices[1].reason == (
        "conv-relu-graph: Conv2D through predict: values are NaN or infinite"
    )


def test_checks_have_the_keys_of_the_interface() -> None:
    data, _findings = judged("dense-activation-lost")
    for device in data["devices"]:
        assert [check["name"] for check in device["checks"]][:2] == list(GRAPHS)
        for check in device["checks"]:
            assert {"name", "status", "error", "limit", "seconds"} <= set(check)
            assert check["status"] in {"ok", "wrong", "failed", "hung", "skipped"}
    wrong = data["devices"][1]["checks"][0]
    assert (wrong["error"], wrong["limit"]) == (0.967, 1e-3)


def test_a_device_without_xla_is_healthy_and_told_so() -> None:
    found = verdict("no-xla")
    assert found.ok
    assert [check.status for check in found.devices[1].checks] == ["ok"] * 4
    assert found.devices[1].checks[3].message == "no XLA: asked with jit_compile=False"
    (note,) = found.findings
    assert note.severity == "note"
    assert note.title.startswith("GPU:0 has no XLA")
    assert note.detail.startswith("Could not find compiler for platform FAKE")
    assert "jit_compile=False" in note.fix[0]


@pytest.mark.parametrize("name", ["gpu-hangs", "gpu-dies-in-graph", "no-turn"])
def test_the_cpu_is_judged_by_the_run_that_it_had_alone(name: str) -> None:
    found = verdict(name)
    assert not found.ok
    cpu, gpu = found.devices[:2]
    assert cpu.status == "ok"
    assert cpu.matmul
    assert [check.status for check in cpu.checks] == ["ok"] * 4
    assert gpu.status == "failed"
    assert found.blas.library == "openblas"


def test_the_check_that_hung_says_so_and_what_came_after_it_was_skipped() -> None:
    data, _findings = judged("gpu-hangs")
    asked = {check["name"]: check["status"] for check in data["devices"][1]["checks"]}
    assert asked == dict.fromkeys(names("quick"), "skipped")
    data, _findings = judged("gpu-dies-in-graph")
    assert [(check["name"], check["status"]) for check in data["devices"][1]["checks"]][:3] == [
        ("dense-relu-graph", "failed"),
        ("conv-relu-graph", "skipped"),
        (names("quick")[2], "skipped"),
    ]


def worker(*events: dict[str, Any], ended: Ended = "finished", **more: Any) -> ProbeOutcome:
    return ProbeOutcome(python="python", ended=ended, events=events, **more)


def test_what_hung_is_told_apart_from_what_was_not_asked() -> None:
    plan = {"event": "plan", "pairs": [["top-k", "GPU:0"], ["sort", "GPU:0"], ["argsort", "GPU:0"]]}
    step = {"event": "step", "what": "top-k", "device": "GPU:0", "patience_s": 30.0}
    rest = {"event": "plan", "pairs": [["sort", "GPU:0"], ["argsort", "GPU:0"]]}
    answer = {"event": "check", "name": "sort", "device": "GPU:0", "seconds": 0.1, "cases": [right("float32 17")]}
    second = worker(rest, answer, {**step, "what": "argsort"}, ended="signal", signal="SIGSEGV")
    first = worker(plan, step, ended="timeout", message="it did not come to its end", more=(second,))
    found = checks("GPU:0", Observed(outcome=first), Failure(kind="hang"), tensor_float_32=False)
    assert [(check.name, check.status) for check in found] == [
        ("top-k", "hung"),
        ("sort", "ok"),
        ("argsort", "failed"),
    ]
    assert found[0].message == "it did not come to its end"
    assert found[2].message == "the process ended (SIGSEGV)"
    late = checks("GPU:0", Observed(outcome=replace(first, more=())), Failure(kind="hang"), tensor_float_32=False)
    assert [(check.status, check.message) for check in late[1:]] == [
        ("skipped", "not reached within the time allowed")
    ] * 2


def right(what: str, off: Any = 0.0, way: str = "eager", **more: Any) -> dict[str, Any]:
    return {"way": way, "what": what, "off": off, "finite": True, **more}


def test_a_cpu_that_fails_alone_too_has_failed() -> None:
    kept = json.loads((CASES / "gpu-hangs.json").read_text(encoding="utf-8"))["outcome"]
    outcome = outcome_of(kept)
    assert outcome.cpu is not None
    first = next(i for i, event in enumerate(outcome.cpu.events) if event["event"] == "step")
    crashed = replace(outcome.cpu, ended="signal", signal="SIGILL", events=outcome.cpu.events[: first + 1])
    cpu = judge(replace(outcome, cpu=crashed), None, None).devices[0]
    assert (cpu.status, cpu.reason) == ("failed", "the process ended (SIGILL) during matmul float32 512")
