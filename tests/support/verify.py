"""Recorded probe runs, judged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tfsetup.ground.encode import encode
from tfsetup.matrix.model import Expectation
from tfsetup.verify import judge
from tfsetup.verify.model import ProbeOutcome, Verification

CASES = Path(__file__).parents[1] / "cases" / "verify"


def verdict(name: str) -> Verification:
    """Return the judgement on a case of tests/cases/verify."""
    case = json.loads((CASES / f"{name}.json").read_text(encoding="utf-8"))
    expectation: Any = case.get("expectation")
    expect = expectation and Expectation(**{**expectation, "devices": tuple(expectation["devices"])})
    return judge(outcome_of(case["outcome"]), expect, None)


def outcome_of(kept: dict[str, Any]) -> ProbeOutcome:
    """Return a probe's outcome as a case keeps it, with the run that measured the CPU alone where there was one."""
    alone = kept.get("cpu")
    return ProbeOutcome(**{**kept, "events": tuple(kept["events"]), "cpu": outcome_of(alone) if alone else None})


def judged(name: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the JSON values of that judgement: the data, and the findings."""
    data = json.loads(json.dumps(encode(verdict(name)), allow_nan=False))
    return data, data.pop("findings")
