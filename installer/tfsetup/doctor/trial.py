"""A fix is tried before it is offered: against the system, the Python, the packages and what was done already. Pure.

Every install command of a step is held against the recorded release stock. One that would find nothing, change
nothing, break what is installed, or that the log shows to have been typed already, is replaced by the nearest that
passes, or left out where the finding has other steps; where it has none, words stand in its place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tfsetup.doctor.actions import command as command_of
from tfsetup.doctor.commands import Command, commands_in
from tfsetup.doctor.facts import collect
from tfsetup.doctor.holes import Known, fill
from tfsetup.doctor.judging import Passed, judged
from tfsetup.doctor.listed import packages_in
from tfsetup.doctor.model import HERE, Diagnosis, Evidence, Finding, Rebuild, Step
from tfsetup.doctor.needs import Refused, Room
from tfsetup.doctor.offers import Spot, Stock
from tfsetup.doctor.retyped import Edit, edited, edits_of
from tfsetup.doctor.setting import machine_told, setting_of, spot_of
from tfsetup.doctor.text import clean
from tfsetup.doctor.typed import Typed, is_typed, typed_in
from tfsetup.host.model import Host
from tfsetup.matrix.file.disk import read_tables
from tfsetup.matrix.file.rows import Matrix

_REMARK: Final = " # "
# Of a longer log the ends are read: what somebody typed stands there.
_MOST: Final = 200_000
_BROKEN: Final = frozenset(("fatal", "install"))
# Here the question is into which Python something went: the list may be of another, and what was typed there too.
_OTHER_PYTHON: Final = "wrong-python-environment"


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """What the steps are tried against. `prefix` is the environment they are for.

    `machine`: what the log tells of it, where nobody else tells; by that no rebuild is proven, but it may be refused.
    """

    matrix: Matrix
    stock: Stock
    place: Spot
    installed: Mapping[str, str]
    typed: tuple[Typed, ...] = ()
    prefix: str = HERE
    machine: Host | None = None


def case_of(evidence: Evidence, matrix: Matrix) -> Case:
    """Return what is known of who asks."""
    text = evidence.log or ""
    log = clean(text if len(text) <= 2 * _MOST else f"{text[:_MOST]}\n{text[-_MOST:]}")
    facts = collect(evidence.host, evidence.packages, log.stream, whole=evidence.whole)
    host = evidence.host
    told = host is not None and host.os is not None and host.arch is not None
    return Case(
        matrix=matrix, stock=Stock(tables=replace(read_tables(), index=matrix.index)), place=spot_of(facts),
        installed={**packages_in(log), **facts.installed}, typed=typed_in(log.lines), prefix=evidence.prefix or HERE,
        machine=None if told else machine_told(facts),
    )  # fmt: skip


def tried(diagnosis: Diagnosis, evidence: Evidence, matrix: Matrix) -> Diagnosis:
    """Return the diagnosis with steps that hold where the evidence is from."""
    if not any(commands_in(step.text) for finding in diagnosis.findings for step in finding.steps):
        return diagnosis
    case = case_of(evidence, matrix)
    return replace(diagnosis, findings=tuple(with_tried_steps(finding, case) for finding in diagnosis.findings))


def with_tried_steps(finding: Finding, case: Case) -> Finding:
    """Return a finding with the steps that pass, those that do not replaced. It always keeps one."""
    outcomes = [_tried(step, finding, case) for step in finding.steps]
    rebuilds = [one.rebuild.ask().accelerator for one in outcomes if isinstance(one, Step) and one.rebuild is not None]
    steps = [one if isinstance(one, Step) else _instead(one, case, rebuilds) for one in outcomes]
    kept: dict[str, Step] = {}
    for step in steps:
        if step is not None:
            kept.setdefault(step.text.partition(_REMARK)[0].strip(), step)
    last = [Step(f"{one.words}.") for one in outcomes if isinstance(one, Refused)][:1]
    return replace(finding, steps=tuple(kept.values()) or tuple(last))


def _instead(refused: Refused, case: Case, rebuilds: Sequence[str]) -> Step | None:
    """Return what stands in the place of a step that does not pass; None: another step of the finding does."""
    if refused.why == "served":
        return Step(f"{refused.words}.")
    if refused.rebuild is None or refused.rebuild.ask().accelerator in rebuilds:
        return None
    rebuild = replace(refused.rebuild, prefix=case.prefix)
    text = fill(command_of(rebuild, "{prefix:path}"), Known(looked={"prefix": case.prefix}))
    return None if text is None else Step(f"{text}   # {refused.words}", rebuild)


def _tried(step: Step, finding: Finding, case: Case) -> Step | Refused:
    """Return a step as it passes; one refused command refuses it all, unless that is in its remark."""
    if step.rebuild is not None and (reason := _no_row(step.rebuild, case)):
        return Refused(why="absent", words=reason)
    remark = step.text.find(_REMARK)
    installed = case.installed if finding.cause != _OTHER_PYTHON else {}
    edits: list[Edit] = []
    fresh: list[bool] = []
    for command in commands_in(step.text):
        in_remark = 0 <= remark < command.start
        if command.verb == "uninstall":
            installed = {name: one for name, one in installed.items() if name not in command.names}
            fresh.append(not in_remark)
            continue
        setting = setting_of(step.text, command.start, case.place)
        known = {} if setting.new else installed
        room = Room(
            matrix=case.matrix, stock=case.stock, place=setting.place, installed=known, broken=finding.kind in _BROKEN
        )
        outcome = judged(command, room)
        if isinstance(outcome, Refused) and in_remark:
            return replace(step, text=step.text[:remark].rstrip())
        if isinstance(outcome, Refused):
            return outcome
        edits += edits_of(step.text, command, outcome)
        fresh.append(setting.new or not _was_typed(step.text, command, outcome, finding, case))
    if fresh and not any(fresh):
        return Refused(why="typed", words="What else would be proposed was done already, and did not help")
    return replace(step, text=edited(step.text, edits))


def _no_row(rebuild: Rebuild, case: Case) -> str:
    """Return why the matrix has nothing for a machine that the log tells of; nothing: it has, or nobody can tell."""
    if case.machine is None:
        return ""
    from tfsetup.matrix.choose.select import decide

    answer = decide(case.machine, rebuild.ask(), case.matrix)
    return "" if answer.installable else answer.reasons[0][:1].upper() + answer.reasons[0][1:]


def _was_typed(text: str, command: Command, passed: Passed, finding: Finding, case: Case) -> bool:
    # With a variable of its own in front of it, it is another command.
    alone = "=" not in text[: command.start].rpartition("&&")[2]
    changed = replace(command, options=command.options | set(passed.options))
    undone = any(
        one.name in case.installed and not one.specifier.contains(case.installed[one.name], prereleases=True)
        for one in passed.needs
    )
    same = finding.cause != _OTHER_PYTHON
    return alone and not undone and is_typed(passed.needs, changed, case.typed, same_python=same)
