"""What the ways of asking one check came to, judged: tests/cases/checks, and what holds for any of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.verify.answers import judged, ways
from tfsetup.verify.checks import names
from tfsetup.verify.model import Check

CASES = sorted((Path(__file__).parents[2] / "cases" / "checks").glob("*.yaml"))
NO_KERNEL = {"type": "InvalidArgumentError", "message": "Could not satisfy device specification. [Op:Cumsum]"}


def verdict(kept: dict[str, Any]) -> Check:
    event = {"event": "check", "name": kept["name"], "seconds": 0.1}
    relaxed = kept.get("tensor_float_32", False)
    return judged(event, kept["cases"], kept.get("device", "GPU:0"), tensor_float_32=relaxed)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_case_gets_its_verdict(path: Path) -> None:
    kept = yaml.safe_load(path.read_text(encoding="utf-8"))
    found, want = verdict(kept), kept["want"]
    assert found.status == want["status"], found.message
    assert (want["says"] in found.message) if want["says"] else found.message == ""
    for name in ("error", "limit"):
        if name in want:
            value = getattr(found, name)
            assert value == (want[name] if want[name] is None else pytest.approx(want[name], rel=0.01))


def case(off: float, way: str = "eager") -> dict[str, Any]:
    return {"way": way, "what": "it", "off": off, "finite": True}


@given(
    name=st.sampled_from(names("full")),
    count=st.integers(0, 4),
    message=st.sampled_from([NO_KERNEL["message"], "could not find registered platform", "out of memory"]),
)
def test_what_computed_nothing_is_never_ok(name: str, count: int, message: str) -> None:
    cases = [{"way": "eager", "what": "it", "error": {"type": "E", "message": message}}] * count
    assert verdict({"name": name, "cases": cases}).status in {"failed", "skipped"}


@given(name=st.sampled_from(names("full")), where=st.integers(0, 5))
def test_one_way_that_is_far_off_is_never_ok_wherever_it_stands(name: str, where: int) -> None:
    cases = [case(0.0)] * 5
    cases.insert(where, case(1e6, "graph"))
    assert verdict({"name": name, "cases": cases}).status in {"wrong", "slow"}


@given(name=st.sampled_from(names("full")), off=st.sampled_from([float("nan"), float("inf"), "nan", "inf", None]))
def test_what_is_no_number_is_never_ok(name: str, off: Any) -> None:
    assert verdict({"name": name, "cases": [case(0.0), dict(case(0.0), off=off)]}).status in {"wrong", "slow"}
    assert verdict({"name": name, "cases": [case(0.0), dict(case(0.0), finite=False)]}).status == "wrong"


@pytest.mark.parametrize("name", names("full"))
def test_right_answers_are_ok_and_say_nothing(name: str) -> None:
    found = verdict({"name": name, "cases": [case(0.0), case(0.0, "graph")]})
    assert (found.status, found.message, found.error) == ("ok", "", 0.0)
    assert found.limit is not None


def test_ways_are_gathered_by_what_was_asked() -> None:
    assert ways([case(0.0), case(0.0, "graph")]) == "it (eager, graph)"
    assert ways([{"way": "", "what": ""}]) == "it"
