"""Recorded probe runs, judged."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfsetup.ground.encode import encode
from tfsetup.host.file import parse_host
from tfsetup.host.model import Host
from tfsetup.matrix.file.disk import read_chips, read_matrix
from tfsetup.matrix.model import Expectation
from tfsetup.verify.judge import judge
from tfsetup.verify.model import ProbeOutcome, Verification

CASES = Path(__file__).parents[1] / "cases" / "verify"


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One recorded run: what was seen, what was promised, on which machine, and what the verdict must be."""

    outcome: ProbeOutcome
    expectation: Expectation | None
    host: Host | None
    want: dict[str, Any]

    def judged(self) -> Verification:
        """Return the judgement, by what the matrix knows of GPUs, and the table of chips."""
        return judge(self.outcome, self.expectation, self.host, gpus=read_matrix().gpus, chips=read_chips())


def case_of(path: Path) -> Case:
    """Return what a file of tests/cases/verify holds."""
    kept = json.loads(path.read_text(encoding="utf-8"))
    promised: Any = kept.get("expectation")
    return Case(
        outcome=outcome_of(kept["outcome"]),
        expectation=promised and Expectation(**{**promised, "devices": tuple(promised["devices"])}),
        host=parse_host(json.dumps(kept["host"]), path.name) if "host" in kept else None,
        want=kept["want"],
    )


def verdict(name: str) -> Verification:
    """Return the judgement on a case of tests/cases/verify, whatever machine it names."""
    case = case_of(CASES / f"{name}.json")
    return judge(case.outcome, case.expectation, None)


def outcome_of(kept: dict[str, Any]) -> ProbeOutcome:
    """Return a probe's outcome as a case keeps it, with the run that measured the CPU alone where there was one."""
    alone = kept.get("cpu")
    return ProbeOutcome(**{**kept, "events": tuple(kept["events"]), "cpu": outcome_of(alone) if alone else None})


def judged(name: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the JSON values of that judgement: the data, and the findings."""
    data = json.loads(json.dumps(encode(verdict(name)), allow_nan=False))
    return data, data.pop("findings")
