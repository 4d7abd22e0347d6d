"""Preflight beside a real import: when they agree, in which words, and what decides nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.errors import NetworkError
from tfsetup.loader.model import LoadFailure, NotCovered
from tfsetup.loader.report import Report
from tfsetup.upkeep.onsite.compare import Compared, Happened, Predicted, agrees, predicted, same_words, sentence
from tfsetup.upkeep.onsite.pairs import Trial, Wanted
from tfsetup.upkeep.onsite.trying import Attempt, tried

SEEN = sorted((Path(__file__).parents[2] / "cases" / "loader" / "seen").glob("*.json"))
REFUSED = LoadFailure(
    kind="symbol-not-found", image="a.so", symbol="gone", library=None, message="/env/a.so: undefined symbol: gone",
    stage="import",
)  # fmt: skip
LOADS = Report(site="/env", python="3.12", tensorflow="2.1", images=3)
FAILS = Report(site="/env", python="3.12", tensorflow="2.1", images=3, failures=(REFUSED,))
OPEN = Report(
    site="/env", python="3.12", tensorflow="2.1", images=3, not_covered=(NotCovered(reason="x", matters=True),)
)
IMPORTED = Happened(ended="imported", seconds=1.0)
RAISED = Happened(ended="raised", words="Traceback:\nImportError: /env/a.so:\n  undefined symbol: gone\n")


@pytest.mark.parametrize("path", SEEN, ids=lambda path: path.stem)
def test_what_a_machine_showed_is_compared_as_then(path: Path) -> None:
    for one in msgspec.convert(json.loads(path.read_text(encoding="utf-8"))["compared"], list[Compared]):
        assert agrees(one.predicted, one.happened) is one.agrees
        assert same_words(one.predicted, one.happened) is one.same_words
        assert one.agrees is not False, sentence(one)


@pytest.mark.parametrize(
    ("report", "happened", "agreed"),
    [
        (LOADS, IMPORTED, True),
        (LOADS, RAISED, False),
        (LOADS, Happened(ended="died"), False),
        (LOADS, Happened(ended="hung"), None),
        (FAILS, IMPORTED, False),
        (FAILS, RAISED, True),
        (FAILS, Happened(ended="died"), True),
        (OPEN, IMPORTED, None),
        (OPEN, RAISED, None),
        (LOADS, Happened(ended="not-built"), None),
    ],
)
def test_the_verdict_is_held_to_what_happened(report: Report, happened: Happened, agreed: bool | None) -> None:
    assert agrees(predicted(report), happened) is agreed
    assert agrees(None, happened) is None


def test_words_are_the_same_whatever_their_lines() -> None:
    assert same_words(predicted(FAILS), RAISED) is True
    assert same_words(predicted(FAILS), Happened(ended="raised", words="ImportError: b.so: gone")) is False
    assert same_words(predicted(LOADS), RAISED) is None
    assert same_words(predicted(FAILS), IMPORTED) is None
    assert same_words(predicted(FAILS), Happened(ended="died", words=REFUSED.message)) is None


@given(st.sampled_from(["loads", "fails", "undecided"]), st.sampled_from(["imported", "raised", "died", "hung"]))
def test_nothing_open_is_called_an_agreement(verdict: Any, ended: Any) -> None:
    said = Predicted(verdict=verdict, reasons=(), images=1)
    found = agrees(said, Happened(ended=ended))
    assert (found is None) == (verdict == "undecided" or ended == "hung")


# ------------------------------------------------------------------------------------------------------ the questions


@dataclass
class Machine:
    """Stands in for a machine: which requirements preflight refuses, and what building and importing come to."""

    refuses: Callable[[Wanted], bool] = lambda _: False
    happens: Happened = IMPORTED
    builds: bool = True
    said: Report = LOADS
    asked: list[str] = field(default_factory=list)
    built: list[str] = field(default_factory=list)

    def foretell(self, wanted: Wanted) -> Report:
        self.asked.append(wanted.requirements[0])
        if "offline" in wanted.requirements[0]:
            raise NetworkError("no answer")
        return FAILS if self.refuses(wanted) else LOADS

    def attempt(self, wanted: Wanted) -> Attempt:
        self.built.append(wanted.requirements[0])
        if not self.builds:
            return Attempt(happened=Happened(ended="not-built", words="error: no wheel"))
        return Attempt(installed=wanted.requirements, report=self.said, happened=self.happens)


def wanted(*names: str) -> tuple[Wanted, ...]:
    return tuple(Wanted((name, "plugin==1"), "3.12") for name in names)


def ask(expects: Any, candidates: tuple[Wanted, ...], machine: Machine) -> tuple[Compared | None, list[str]]:
    lines: list[str] = []
    return tried(
        Trial(row="r", about="plugin==1", expects=expects, candidates=candidates), machine, lines.append
    ), lines


def test_the_first_later_release_that_preflight_refuses_is_the_one_that_is_imported() -> None:
    machine = Machine(refuses=lambda one: one.requirements[0] >= "tf==3", said=FAILS, happens=RAISED)
    found, _ = ask("fails", wanted("tf==2", "tf==3", "tf==4"), machine)
    assert machine.asked == ["tf==2", "tf==3"]
    assert found is not None
    assert found.requirements == ("tf==3", "plugin==1")
    assert (found.agrees, found.same_words) == (True, True)
    assert sentence(found).endswith("preflight fails, import raised: agree, in the same words")


def test_what_loads_by_the_matrix_is_built_unasked() -> None:
    machine = Machine()
    found, _ = ask("loads", wanted("tf==2"), machine)
    assert machine.asked == []
    assert found is not None
    assert found.agrees is True
    assert machine.built == ["tf==2"]


def test_where_nothing_later_fails_nothing_is_built() -> None:
    machine = Machine()
    assert ask("fails", wanted("tf==2", "tf==3"), machine)[0] is None
    assert machine.built == []


def test_a_release_that_cannot_be_asked_about_is_passed_over_and_said() -> None:
    machine = Machine(refuses=lambda _: True, said=FAILS, happens=RAISED)
    found, lines = ask("fails", wanted("offline==2", "tf==3"), machine)
    assert found is not None
    assert found.requirements[0] == "tf==3"
    assert "offline==2, plugin==1: no answer" in lines


def test_what_cannot_be_built_decides_nothing() -> None:
    found, _ = ask("loads", wanted("tf==2"), Machine(builds=False))
    assert found is not None
    assert (found.agrees, found.predicted, found.happened.ended) == (None, None, "not-built")
    assert found.happened.words == "error: no wheel"
    assert sentence(found) == "tf==2, plugin==1 on Python 3.12: not built"


def test_a_difference_is_loud() -> None:
    found, _ = ask("loads", wanted("tf==2"), Machine(happens=RAISED))
    assert found is not None
    assert found.agrees is False
    assert "DIFFER" in sentence(found)
