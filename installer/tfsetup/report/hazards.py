"""Known defects as JSON data, and in one plain sentence each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tfsetup.ground.encode import encode
from tfsetup.matrix.defects import Defect, defects_of
from tfsetup.matrix.hazards import Hazard, pins

Data = Mapping[str, Any]


def hazards_data(hazards: Iterable[Hazard], *, cured: bool) -> list[dict[str, Any]]:
    """Return `hazards` of a command's data. `cured`: the variables of the cures are, or will be, set."""
    return list(encode(defects_of(hazards, cured=cured)))


def sentence(hazard: Hazard, cured: bool, packages: Mapping[str, str] | None = None) -> str:
    """Return the defect and what became of it in one sentence. `packages` (name → version) tell which version it is."""
    (defect,) = defects_of([hazard], cured=cured)
    return _sentence(defect, packages or {})


def sentences(defects: Iterable[Defect | Data], requirements: Sequence[str]) -> Iterator[str]:
    """Yield a sentence for each defect (or its form in a command's data), with the versions of the requirements."""
    from msgspec import convert

    packages = pins(requirements)
    for each in defects:
        yield _sentence(each if isinstance(each, Defect) else convert(dict(each), Defect), packages)


def _sentence(defect: Defect, packages: Mapping[str, str]) -> str:
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
