"""The environments of tests/cases/loader/imports are well formed, and their comparison with preflight can fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.import_cases import Case, Environment, disagreements, load_cases

CASES = load_cases()
KEYS = {"name", "why", "ci", "needs", "environment", "site", "then", "imports", "together", "undecided"}
ENVIRONMENT = Environment(prefix=Path("/E"))
LOADS: dict[str, Any] = {"verdict": "loads", "images": 1, "failures": [], "not_covered": [], "clashes": []}
FAILS = LOADS | {"verdict": "fails", "failures": [{"message": "x.so: undefined symbol: f"}]}


def test_each_case_says_why_and_what_happens() -> None:
    assert len({(case.group, case.name) for case in CASES}) == len(CASES) >= 86
    for case in CASES:
        assert case.data["why"].endswith("."), case.name
        assert set(case.data) <= KEYS, case.name
        assert all(text in {"killed", "loads"} or ": " in text for text in case.data["imports"].values())


def test_ci_asks_at_least_twenty_of_every_kind() -> None:
    in_ci = [case for case in CASES if case.in_ci]
    assert len(in_ci) >= 20
    assert {case.group for case in in_ci} == {case.group for case in CASES}


def a_case(**data: Any) -> Case:
    return Case(group="group", name="case", data={"imports": {"m": "loads"}} | data)


REFUSED = a_case(imports={"m": "ImportError: x.so: undefined symbol: f"})
CLASHING = a_case(together={"clash": {"kind": "same-soname", "names": ["libq.so"]}})
OPEN = a_case(undecided="pk/__init__.py")
UNSEEN = {"image": "pk/__init__.py", "reason": "computed", "matters": True}


@pytest.mark.parametrize(
    ("case", "said"),
    [
        (a_case(), LOADS),
        (REFUSED, FAILS),
        (a_case(imports={"m": "killed"}), FAILS | {"failures": [{"message": "the process is killed while loading"}]}),
        (CLASHING, LOADS | {"clashes": [{"kind": "same-soname", "names": ["libq.so"]}]}),
        (OPEN, LOADS | {"verdict": "undecided", "not_covered": [UNSEEN]}),
    ],
)
def test_what_agrees(case: Case, said: dict[str, Any]) -> None:
    assert disagreements(case, ENVIRONMENT, said) == []


@pytest.mark.parametrize(
    ("case", "said", "first"),
    [
        (a_case(), LOADS | {"images": 0}, "nothing was judged"),
        (a_case(), LOADS | {"verdict": "undecided"}, "the verdict is undecided, not loads: []"),
        (a_case(), FAILS, "the verdict is fails, not loads: ['x.so: undefined symbol: f']"),
        (REFUSED, LOADS, "the verdict is loads, not fails: []"),
        (
            REFUSED,
            FAILS | {"failures": [{"message": "y.so: undefined symbol: f"}]},
            "not said: ImportError: x.so: undefined symbol: f",
        ),
        (REFUSED, FAILS | {"failures": [*FAILS["failures"], {"message": "and more"}]}, "said: and more"),
        (
            CLASHING,
            LOADS,
            "{'kind': 'same-soname', 'names': ['libq.so']} is not among the clashes: []",
        ),
        (OPEN, LOADS, "the verdict is loads, not undecided: []"),
        (
            OPEN,
            LOADS | {"verdict": "undecided", "not_covered": [UNSEEN | {"matters": False}]},
            "pk/__init__.py is not named: []",
        ),
    ],
)
def test_what_does_not_agree_is_said(case: Case, said: dict[str, Any], first: str) -> None:
    assert disagreements(case, ENVIRONMENT, said)[0] == first
