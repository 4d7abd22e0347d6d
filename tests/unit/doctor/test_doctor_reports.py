"""How the doctor is scored on collections of reports: what counts as right, as sure, as passed over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.doctor import knowledge
from support.families import pooled, with_family_anew
from support.reports import Scored, parse_report, read_reports, reliability, score
from tfsetup.doctor.model import Diagnosis, Finding, Verdict
from tfsetup.errors import InvalidFileError

NUMPY = "A module that was compiled using NumPy 1.x cannot be run in NumPy 2.0.2 as it may crash."


def report(cause: str, *also: str, log: str = "x", **facts: Any) -> Any:
    return parse_report({"id": "A1", "log": log, "root_cause": cause, "also_ok": list(also), **facts})


def said(verdict: Verdict, *findings: tuple[str, float]) -> Diagnosis:
    made = (
        Finding(cause=cause, confidence=sure, title="", evidence=(), explanation="", steps=(), kind="fatal")
        for cause, sure in findings
    )
    return Diagnosis(verdict=verdict, findings=tuple(made))


@pytest.mark.parametrize(
    ("causes", "findings", "right"),
    [
        (("a",), [("a", 0.3)], True),
        (("a", "b"), [("b", 0.9), ("a", 0.1)], True),
        (("a",), [("b", 0.9), ("a", 0.1)], False),
        (("a",), [], False),
        (("unknown",), [], True),
        (("unknown",), [("b", 0.49)], True),
        (("unknown",), [("b", 0.5)], False),
        (("not-installation", "a"), [("a", 0.9)], True),
    ],
)
def test_what_counts_as_right(causes: tuple[str, ...], findings: list[tuple[str, float]], right: bool) -> None:
    assert Scored(report=report(*causes), diagnosis=said("problem", *findings)).right is right


def test_a_failure_with_status_0_is_passed_over() -> None:
    assert Scored(report=report("a"), diagnosis=said("healthy")).passed_over
    assert not Scored(report=report("a"), diagnosis=said("unknown")).passed_over
    assert not Scored(report=report("harmless-message"), diagnosis=said("healthy")).passed_over


def test_the_table_of_reliability() -> None:
    answers = [(0.85, "a"), (0.85, "b"), (0.95, "a"), (0.3, "b")]
    scored = [Scored(report=report("a"), diagnosis=said("problem", (cause, sure))) for sure, cause in answers]
    scored.append(Scored(report=report("a"), diagnosis=said("unknown")))
    assert reliability(scored, (0.0, 0.8, 0.9)) == {(0.0, 0.8): (0, 1), (0.8, 0.9): (1, 2), (0.9, 1.01): (1, 1)}


def test_reports_are_read_with_their_facts(tmp_path: Path) -> None:
    facts = {"os": "wsl", "arch": "x86_64", "python": "3.10, 3.11", "packages": {"NumPy": "2.0.2"}}
    path = tmp_path / "reports.jsonl"
    path.write_text(json.dumps({"id": "A1", "log": NUMPY, "root_cause": "numpy2-abi", **facts}) + "\n\n")
    (found,) = read_reports([path])
    assert (found.host and (found.host.os, found.host.wsl, found.host.pythons)) == ("linux", True, None)
    assert (found.packages, found.fails) == ({"numpy": "2.0.2"}, True)
    (answer,) = score([found], knowledge())
    assert (answer.cause, answer.right) == ("numpy2-abi", True)


def test_a_family_written_anew_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    anew = tmp_path / "harmless.yaml"
    anew.write_text(
        """
patterns: {one: "frobnication is on"}
signals:
- cause: harmless-message
  signals:
  - {weight: strong, log: $one}
"""
    )
    known, slugs = with_family_anew(anew)
    assert slugs == {"harmless-message"}
    asked = [report("harmless-message", log=log) for log in ("frobnication is on", "oneDNN custom operations are on")]
    assert [one.right for one in score(asked, known)] == [True, False]


def test_a_family_written_anew_is_about_itself(tmp_path: Path) -> None:
    anew = tmp_path / "harmless.yaml"
    anew.write_text('signals: [{cause: numpy2-abi, signals: [{weight: strong, log: "frobnication is on"}]}]')
    with pytest.raises(InvalidFileError, match="not of this family: numpy2-abi"):
        with_family_anew(anew)


def test_figures_are_pooled_not_averaged() -> None:
    assert pooled([(1, 1), (1, 3)]) == "2 of 4, 0.500"
