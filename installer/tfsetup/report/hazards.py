"""Known defects as JSON data (INTERFACE, "Additions of the second round"), and in one plain sentence each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tfsetup.matrix.hazards import Hazard, pins

Data = Mapping[str, Any]


def hazards_data(hazards: Iterable[Hazard], *, cured: bool) -> list[dict[str, Any]]:
    """Return `hazards` of a command's data. `cured`: the variables of the cures are, or will be, set."""
    return [_data(hazard, cured=cured) for hazard in hazards]


def _data(hazard: Hazard, *, cured: bool) -> dict[str, Any]:
    cure = hazard.cure
    return {
        "id": hazard.id,
        "title": hazard.title,
        "affects": hazard.affects,
        "consequence": hazard.consequence,
        "cure": {
            "environment": dict(cure.environment),
            "because": cure.because,
            "costs": cure.costs,
            "requirements": list(cure.requirements),
            "program": cure.program,
        },
        "cured": cured and bool(cure.environment),
        "evidence": [*hazard.evidence, hazard.source],
    }


def sentence(hazard: Hazard, cured: bool, packages: Mapping[str, str] | None = None) -> str:
    """Return the defect and what became of it in one sentence. `packages` (name → version) tell which version it is."""
    return _sentence(_data(hazard, cured=cured), packages or {})


def sentences(hazards: Sequence[Data], requirements: Sequence[str]) -> Iterator[str]:
    """Yield a sentence for each entry of `hazards` in a command's data, with the versions of its requirements."""
    packages = pins(requirements)
    for data in hazards:
        yield _sentence(data, packages)


def _sentence(data: Data, packages: Mapping[str, str]) -> str:
    name = str(data["affects"]).partition(" ")[0]
    subject = f"{name} {packages[name]}" if name in packages else data["affects"]
    return f"{subject} {data['title']}; {_cure(data)}."


def _cure(data: Data) -> str:
    cure = data["cure"]
    variables = " ".join(f"{name}={value}" for name, value in cure["environment"].items())
    if data["cured"]:
        return f"cured here by {variables} in every process of the environment"
    if variables:
        return f"not cured here: every process that computes with it needs {variables}"
    others = [*cure["requirements"], *([cure["program"]] if cure["program"] else [])]
    return f"no variable cures it; what avoids it: {', or '.join(others)}" if others else "no cure is known"


def summed(entries: Sequence[Data]) -> dict[str, Any]:
    """Return `environment` and `hazards` over several entries (files of a lock): cured is what all of them cure."""
    environment: dict[str, str] = {}
    found: dict[str, dict[str, Any]] = {}
    for entry in entries:
        environment |= entry.get("environment", {})
        for hazard in entry.get("hazards", ()):
            before = found.get(hazard["id"])
            cured = hazard["cured"] and (before is None or before["cured"])
            found[hazard["id"]] = {**hazard, "cured": cured}
    return {"environment": environment, "hazards": list(found.values())}
