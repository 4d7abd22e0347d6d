"""Fixes checked before they are shown: what `tfsetup install` would choose here, or that it would refuse. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tfsetup.doctor.actions import command_of, parse_rebuild
from tfsetup.doctor.model import Diagnosis, Finding
from tfsetup.matrix.model import Ask, Selection

Select = Callable[[Ask], Selection]


def proven(diagnosis: Diagnosis, select: Select) -> Diagnosis:
    """Return the diagnosis with each `tfsetup install` saying what it installs here, and without those that cannot.

    A finding always keeps a fix: when nothing else is left, the reason of the refusal stands in its place.
    """
    return replace(diagnosis, findings=tuple(_proven(finding, select) for finding in diagnosis.findings))


def _proven(finding: Finding, select: Select) -> Finding:
    fixes: list[str] = []
    refused = ""
    for fix in finding.fix:
        rebuild = parse_rebuild(command_of(fix))
        if rebuild is None:
            fixes.append(fix)
            continue
        selection = select(rebuild.ask())
        if selection.installable:
            fixes.append(f"{fix}{': ' if ' # ' in fix else ' # '}{_chosen(selection)}")
        else:
            refused = "; ".join(selection.suggestions or selection.reasons) or fix
    return replace(finding, fix=tuple(fixes or [refused]))


def _chosen(selection: Selection) -> str:
    return f"{', '.join((*selection.requirements, *selection.conda))} on Python {selection.python}"
