"""Known defects as a command tells them: what is wrong, what prevents it, and whether that is done. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace

from tfsetup.ground.values import value
from tfsetup.matrix.hazards import Hazard


@value
class DefectCure:
    """What prevents a defect."""

    environment: Mapping[str, str]
    """Variables that every process of the environment must see; may be empty."""
    because: str
    """What they do."""
    costs: str | None
    """What they take away."""
    requirements: tuple[str, ...]
    """Bounds that would avoid the defect instead; told, never applied."""
    program: str | None
    """A setting in the user's own program that would avoid it instead; told, never applied."""


@value
class Defect:
    """A known defect of what is chosen, locked or installed."""

    id: str
    """Its name in the matrix."""
    title: str
    """What goes wrong; goes on after the distribution and its version."""
    affects: str
    """The distribution and the versions that have it, as a requirement for people."""
    consequence: str
    """What that means for the user."""
    cure: DefectCure
    """What prevents it."""
    cured: bool
    """Whether the variables of the cure are, or will be, set."""
    evidence: tuple[str, ...]
    """What is known and how, and at last where a reader finds more."""


def defects_of(hazards: Iterable[Hazard], *, cured: bool) -> tuple[Defect, ...]:
    """Return the defects of these hazards. `cured`: variables are set; a hazard without any is cured by none."""
    return tuple(_defect(hazard, cured=cured) for hazard in hazards)


def _defect(hazard: Hazard, *, cured: bool) -> Defect:
    return Defect(
        id=hazard.id,
        title=hazard.title,
        affects=hazard.affects,
        consequence=hazard.consequence,
        cure=DefectCure(**asdict(hazard.cure)),
        cured=cured and bool(hazard.cure.environment),
        evidence=(*hazard.evidence, hazard.source),
    )


def all_of(lists: Iterable[Iterable[Defect]]) -> tuple[Defect, ...]:
    """Return the defects of several files or machines, each once: cured is what is cured in all of them."""
    found: dict[str, Defect] = {}
    for defect in (defect for defects in lists for defect in defects):
        before = found.get(defect.id, defect)
        found[defect.id] = replace(defect, cured=defect.cured and before.cured)
    return tuple(found.values())


def sentence(defect: Defect, packages: Mapping[str, str]) -> str:
    """Return a defect and what became of it in one sentence; `packages` (name → version) tell which version it is."""
    name = defect.affects.partition(" ")[0]
    subject = f"{name} {packages[name]}" if name in packages else defect.affects
    return f"{subject} {defect.title}; {_cure(defect)}."


def _cure(defect: Defect) -> str:
    cure = defect.cure
    variables = " ".join(f"{name}={value}" for name, value in cure.environment.items())
    if defect.cured:
        return f"cured here by {variables} in every process of the environment"
    if variables:
        return f"not cured here: every process that computes with it needs {variables}"
    others = [*cure.requirements, *([cure.program] if cure.program else [])]
    return f"no variable cures it; what avoids it: {', or '.join(others)}" if others else "no cure is known"
