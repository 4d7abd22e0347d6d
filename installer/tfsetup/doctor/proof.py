"""Fixes checked before they are shown: what `tfsetup install` would choose here, or that it would refuse. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tfsetup.doctor.model import Diagnosis, Finding, Step
from tfsetup.matrix.model import Ask, Selection

Select = Callable[[Ask], Selection]


def proven(diagnosis: Diagnosis, select: Select) -> Diagnosis:
    """Return the diagnosis with each `tfsetup install` saying what it installs here, and without those that cannot.

    A finding always keeps a fix: when nothing else is left, the reason of the refusal stands in its place.
    """
    return replace(diagnosis, findings=tuple(_proven(finding, select) for finding in diagnosis.findings))


def _proven(finding: Finding, select: Select) -> Finding:
    steps: list[Step] = []
    refused = ""
    for step in finding.steps:
        if step.rebuild is None:
            steps.append(step)
            continue
        selection = select(step.rebuild.ask())
        if selection.installable:
            remark = f"{': ' if ' # ' in step.text else ' # '}{_chosen(selection)}"
            steps.append(replace(step, text=step.text + remark))
        else:
            refused = "; ".join(selection.suggestions or selection.reasons) or step.text
    return replace(finding, steps=tuple(steps or [Step(refused)]))


def _chosen(selection: Selection) -> str:
    cures = "".join(f" with {name}={value}" for name, value in selection.environment.items())
    return f"{', '.join((*selection.requirements, *selection.conda))} on Python {selection.python}{cures}"
