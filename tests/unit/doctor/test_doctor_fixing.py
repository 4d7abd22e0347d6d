"""`doctor --fix`: the plan, the question, the new generation; and what the loader said as evidence."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tfsetup.cli.session import Session
from tfsetup.doctor.model import Diagnosis, Finding, Rebuild, Step
from tfsetup.errors import Code, UsageError
from tfsetup.report.result import Result
from tfsetup.workflows import fix as fixing

FINDING = Finding(
    cause="c", confidence=0.9, title="Broken", evidence=("e",), explanation="x", kind="fatal",
    steps=(
        Step("pip install x"),
        Step("tfsetup install --prefix env --accelerator cpu # anew", Rebuild(prefix="env", accelerator="cpu")),
    ),
)  # fmt: skip
DIAGNOSIS = Diagnosis(verdict="problem", findings=(FINDING,))
PLAN = Result(command="install", data={"plan": ["create env", "install 3 wheels"]})
DONE = Result(command="install", data={"changed": True})


class Installations:
    """Stands in for the installation: remembers what was asked, answers with a plan and then the result."""

    def __init__(self, plan: Result[Any] = PLAN) -> None:
        self.plan = plan
        self.runs: list[tuple[Rebuild, bool]] = []

    def __call__(self, _session: Session, rebuild: Rebuild, *, dry_run: bool) -> Any:
        outer = self

        class Installation:
            def run(self) -> Result[Any]:
                outer.runs.append((rebuild, dry_run))
                return outer.plan if dry_run else DONE

        return Installation()


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Callable[[Result[Any]], Installations]:
    def stand_in(plan: Result[Any]) -> Installations:
        installations = Installations(plan)
        monkeypatch.setattr(fixing, "_installation", installations)
        return installations

    return stand_in


def test_what_was_agreed_to_is_planned_and_then_built(
    install: Callable[[Result[Any]], Installations], capsys: pytest.CaptureFixture[str]
) -> None:
    installations = install(PLAN)
    assert fixing.carry_out(Session(), DIAGNOSIS, yes=True) is DONE
    rebuild = Rebuild(prefix="env", accelerator="cpu")
    assert installations.runs == [(rebuild, True), (rebuild, False)]
    said = capsys.readouterr().err.splitlines()
    assert said == ["Cause     Broken", "Plan      create env", "Plan      install 3 wheels"]


def test_without_agreement_nothing_is_built(
    install: Callable[[Result[Any]], Installations], monkeypatch: pytest.MonkeyPatch
) -> None:
    installations = install(PLAN)
    monkeypatch.setattr("sys.stdin", io.StringIO())  # not a terminal
    with pytest.raises(UsageError, match="would build env") as caught:
        fixing.carry_out(Session(), DIAGNOSIS, yes=False)
    assert caught.value.hint == "Add --yes to agree."
    assert [dry for _, dry in installations.runs] == [True]


def test_what_is_there_is_rebuilt(
    install: Callable[[Result[Any]], Installations],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    install(PLAN)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    monkeypatch.chdir(tmp_path)
    Path("env").mkdir()
    Path("env", "python.exe").touch()
    with pytest.raises(UsageError, match="would rebuild env"):
        fixing.carry_out(Session(), DIAGNOSIS, yes=False)


def test_a_plan_that_is_refused_ends_there(install: Callable[[Result[Any]], Installations]) -> None:
    refused: Result[dict[str, object]] = Result(command="install", data={"resolve": {}}, code=Code.NO_ROW)
    installations = install(refused)
    assert fixing.carry_out(Session(), DIAGNOSIS, yes=True) is refused
    assert len(installations.runs) == 1


def test_fixes_for_people_are_left_to_people() -> None:
    by_hand = replace(DIAGNOSIS, findings=(replace(FINDING, steps=(Step("Restart"), Step("pip install x"))),))
    with pytest.raises(UsageError, match="Nothing tfsetup can do itself") as caught:
        fixing.carry_out(Session(), by_hand, yes=True)
    assert caught.value.hint == "Do it yourself: Restart; pip install x"


def test_another_machine_is_not_changed() -> None:
    with pytest.raises(UsageError, match="changes this machine"):
        fixing.carry_out(Session(host_file=Path("host.json")), DIAGNOSIS, yes=True)


def test_a_broken_environment_is_built_anew_and_the_old_one_kept() -> None:
    made = fixing._installation(Session(), Rebuild(prefix="env", tensorflow="2.19.1", backend="conda"), dry_run=False)
    assert (made.anew, made.replace, made.verify, made.preflight, made.dry_run) == (True, True, True, True, False)
    assert (made.prefix, made.ask.tensorflow, made.ask.backend) == (Path("env"), "2.19.1", "conda")
