"""Cases of the trial of fixes: facts, what the report says, steps as they are written and as they must become."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tfsetup.doctor.commands import Command, commands_in
from tfsetup.doctor.model import Diagnosis, Evidence, Finding, Step
from tfsetup.doctor.offers import Spot, Stock, satisfying
from tfsetup.doctor.setting import setting_of
from tfsetup.doctor.trial import tried
from tfsetup.host.file import parse_host
from tfsetup.host.model import Host
from tfsetup.matrix.file.disk import read_matrix, read_tables

TRIALS = Path(__file__).parents[1] / "cases" / "doctor" / "trials"


@dataclass(frozen=True, kw_only=True, slots=True)
class TrialCase:
    """A case: who asks, with which packages, what the report says, and the steps before and after."""

    name: str
    host: Host | None
    packages: dict[str, str]
    cause: str
    log: str
    steps: tuple[str, ...]
    become: tuple[str, ...]

    def outcome(self) -> tuple[str, ...]:
        """Return the steps as the trial leaves them."""
        evidence = Evidence(log=self.log, host=self.host, packages=self.packages or None)
        return tried(proposal(*self.steps, cause=self.cause), evidence, read_matrix()).findings[0].fix


def proposal(*steps: str, cause: str = "a-cause", kind: str = "fatal") -> Diagnosis:
    """Return a diagnosis with one finding that proposes `steps`."""
    finding = Finding(
        cause=cause, confidence=0.9, title="A title", evidence=("a line",), explanation="What it means.",
        steps=tuple(map(Step, steps)), kind="degraded" if kind == "degraded" else "fatal",
    )  # fmt: skip
    return Diagnosis(verdict="problem", findings=(finding,))


def trial_case(path: Path) -> TrialCase:
    """Read a case."""
    head, log, steps, become = (part.strip("\n") for part in path.read_text(encoding="utf-8").split("\n---\n"))
    facts = json.loads(head)
    host = parse_host(json.dumps(facts["host"]), path.name) if "host" in facts else None
    return TrialCase(
        name=path.stem, host=host, packages=facts.get("packages", {}), cause=facts.get("cause", "a-cause"), log=log,
        steps=tuple(steps.splitlines()), become=tuple(become.splitlines()),
    )  # fmt: skip


def trial_cases() -> tuple[TrialCase, ...]:
    """Read all cases, in the order of their names."""
    return tuple(trial_case(path) for path in sorted(TRIALS.glob("*.txt")))


@cache
def recorded() -> Stock:
    """The tables that come with tfsetup."""
    return Stock(tables=read_tables())


def asked_in(text: str, place: Spot) -> Iterator[tuple[Command, Spot]]:
    """Yield the commands in a step that the index answers, each with the place where it is typed."""
    for command in commands_in(text):
        if command.verb == "install" and command.tool in {"pip", "uv"} and not command.elsewhere:
            yield command, setting_of(text, command.start, place).place


def finds_nothing(command: Command, place: Spot) -> list[str]:
    """Return the requirements of a command for which the tables have nothing at a place."""
    tables = recorded()
    pre = "--pre" in command.options
    found = {one: tables.offered(one.name, place, pre=pre) for one in command.wanted}
    return [
        str(one.requirement)
        for one, versions in found.items()
        if versions is not None
        and tables.is_recorded(one.name, one.requirement.specifier)
        and not satisfying(one.requirement.specifier, versions)
    ]
