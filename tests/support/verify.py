"""Recorded probe runs, judged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tfsetup.matrix.model import Expectation
from tfsetup.verify import findings_data, judge, to_data
from tfsetup.verify.model import ProbeOutcome, Verification

CASES = Path(__file__).parents[1] / "cases" / "verify"


def verdict(name: str) -> Verification:
    """Return the judgement on a case of tests/cases/verify."""
    case = json.loads((CASES / f"{name}.json").read_text(encoding="utf-8"))
    expectation: Any = case.get("expectation")
    expect = expectation and Expectation(**{**expectation, "devices": tuple(expectation["devices"])})
    outcome = ProbeOutcome(**{**case["outcome"], "events": tuple(case["outcome"]["events"])})
    return judge(outcome, expect, None)


def judged(name: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the data and the findings of that judgement."""
    found = verdict(name)
    return to_data(found), findings_data(found)
