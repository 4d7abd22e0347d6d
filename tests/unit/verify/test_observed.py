"""What the events of a probe say: the phase and the step it was in, and values that may be nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tfsetup.verify.model import ProbeOutcome
from tfsetup.verify.observed import Observed, number, text


def seen(*events: dict[str, Any]) -> Observed:
    return Observed(outcome=ProbeOutcome(python="python", ended="finished", events=events))


def begin(phase: str) -> dict[str, Any]:
    return {"event": "begin", "phase": phase}


def end(phase: str) -> dict[str, Any]:
    return {"event": "end", "phase": phase}


STEP = {"event": "step", "what": "matmul float32 512", "device": "GPU:0"}


def test_the_last_of_a_kind_is_the_one_that_counts() -> None:
    found = seen({"event": "libraries", "n": 1}, {"event": "cpu"}, {"event": "libraries", "n": 2})
    assert found.last("libraries")["n"] == 2
    assert [event["n"] for event in found.all("libraries")] == [1, 2]
    assert found.last("nothing") == {}


@pytest.mark.parametrize(
    ("events", "phase"),
    [
        ([], None),
        ([begin("import")], "import"),
        ([begin("import"), end("import")], None),
        ([begin("import"), end("import"), begin("devices")], "devices"),
        ([begin("matmul float32"), begin("inner"), end("inner")], "matmul float32"),
        ([begin("blas"), {"event": "error", "phase": "blas"}], None),
        ([end("import")], None),
    ],
)
def test_the_phase_that_had_begun_and_not_ended(events: list[dict[str, Any]], phase: str | None) -> None:
    assert seen(*events).open_phase() == phase


@pytest.mark.parametrize(
    ("after", "is_open"),
    [
        ([], True),
        ([{"event": "native", "path": "/x.so"}], True),
        ([{"event": "matmul", "device": "GPU:0"}], False),
        ([{"event": "check", "device": "GPU:0"}], False),
        ([end("matmul float32")], False),
        ([{"event": "matmul"}, {**STEP, "device": "CPU:0"}], True),
    ],
)
def test_a_step_is_open_until_its_result_is_there(after: list[dict[str, Any]], is_open: bool) -> None:
    assert bool(seen(STEP, *after).open_step()) is is_open


def test_the_error_of_a_phase() -> None:
    found = seen({"event": "error", "phase": "import", "type": "ImportError"})
    assert (found.error("import") or {})["type"] == "ImportError"
    assert found.error("devices") is None


def test_the_library_that_was_loaded_last() -> None:
    assert seen().last_native() is None
    assert seen({"event": "native", "path": "/a.so"}, {"event": "native", "path": "/b.so"}).last_native() == "/b.so"
    assert seen({"event": "native", "path": ""}).last_native() is None


def test_the_run_of_the_cpu_alone() -> None:
    assert seen().cpu() is None
    alone = ProbeOutcome(python="python", ended="finished")
    found = Observed(outcome=ProbeOutcome(python="python", ended="signal", cpu=alone)).cpu()
    assert found is not None
    assert found.outcome is alone


@pytest.mark.parametrize(
    ("value", "is_number"), [(1, 1.0), (0.5, 0.5), ("nan", None), ("1", None), (None, None), (True, None), ([1], None)]
)
def test_a_number_is_a_number_and_nothing_else(value: object, is_number: float | None) -> None:
    assert number(value) == is_number


@pytest.mark.parametrize(("value", "is_text"), [("a", "a"), ("", None), (None, None), (1, None), (b"a", None)])
def test_a_text_is_a_text_that_says_something(value: object, is_text: str | None) -> None:
    assert text(value) == is_text
