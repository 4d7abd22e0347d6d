"""Do the hazards of the matrix say what the evidence shows, and does new evidence show what was kept? Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tfsetup.matrix.hazards import Hazard
from tfsetup.matrix.versions import in_range
from tfsetup.upkeep.xray.evidence import LOADING, NOT_RUN, UNCHANGED, Build, Evidence, Run, Version, lost, shown

Finding = tuple[tuple[str, ...], str]
"""Where in the matrix (a path from the top), and what is wrong there."""


def judge(evidence: Evidence, hazards: Sequence[Hazard]) -> Iterator[Finding]:
    """Yield what the matrix says of a hazard and the evidence does not show, or the other way round.

    The range must hold exactly the versions that lose an activation, and the cure must leave their graphs as they were.
    """
    hazard = next((one for one in hazards if one.id == evidence.hazard), None)
    if hazard is None:
        yield ("hazards",), f"there is evidence for {evidence.hazard}, and no hazard of that name"
        return
    place = ("hazards", hazard.id)
    if hazard.distribution != evidence.distribution:
        yield (*place, "distribution"), f"the evidence is about {evidence.distribution}"
        return
    if dict(hazard.cure.environment) != dict(evidence.cure):
        yield (*place, "cure", "environment"), f"the evidence was taken with {shown(evidence.cure)}"
        return
    for version in evidence.versions:
        yield from _version(evidence, hazard, version)


def _version(evidence: Evidence, hazard: Hazard, version: Version) -> Iterator[Finding]:
    place, cure = ("hazards", hazard.id), evidence.cure
    losing, named = lost(evidence, version, {}), in_range(hazard.versions, version.version)
    if not _ran(version, {}) or not _ran(version, cure):
        yield (*place, "versions"), f"the evidence lacks {version.version} without or with the cure"
    elif losing and not named:
        yield (*place, "versions"), f"{version.version} loses an activation too ({', '.join(losing)})"
    elif named and not losing:
        yield (*place, "versions"), f"{version.version} is named, and the evidence shows no loss"
    changed = [name for name in losing if any(run.graphs.get(name) != UNCHANGED for run in _runs(version, cure))]
    if changed:
        yield (*place, "cure", "environment"), f"it does not undo the loss in {version.version} ({', '.join(changed)})"


def _runs(version: Version, environment: Mapping[str, str]) -> list[Run]:
    wanted = dict(environment)
    return [run for build in version.builds for run in build.runs if dict(run.environment) == wanted]


def _ran(version: Version, environment: Mapping[str, str]) -> bool:
    """Tell whether every build was given every graph in this environment; a version without builds was not."""
    runs = _runs(version, environment)
    stopped = any(text.startswith(NOT_RUN) for run in runs for text in run.graphs.values())
    return bool(version.builds) and len(runs) == len(version.builds) and not stopped


def differences(kept: Evidence, found: Evidence) -> Iterator[str]:
    """Yield what new evidence shows otherwise than the kept one, each with version, environment and graph."""
    for field in ("distribution", "architecture", "framework", "framework_library", "cure", "losing"):
        if getattr(kept, field) != getattr(found, field):
            yield f"{field.replace('_', ' ')}: kept is {_text(getattr(kept, field))}, now it is {_text(getattr(found, field))}"
    for name in sorted({*kept.graphs, *found.graphs}):
        if kept.graphs.get(name) != found.graphs.get(name):
            yield f"the graph {name} is another one: kept is {_or_none(kept.graphs, name)}, now {_or_none(found.graphs, name)}"
    before, now = ({one.version: one for one in each.versions} for each in (kept, found))
    for version in dict.fromkeys((*before, *now)):
        if version not in before or version not in now:
            yield f"{version}: {'not among what is kept' if version not in before else 'kept, and not asked now'}"
        else:
            yield from _between(version, before[version].builds, now[version].builds)
    if (kept.not_asked, kept.presumed) != (found.not_asked, found.presumed):
        yield "what is not asked or presumed: the plan says it otherwise"


def _text(value: object) -> str:
    return shown(value) if isinstance(value, Mapping) else str(value)


def _or_none(of: Mapping[str, str], name: str) -> str:
    return of.get(name, "none")


def _between(version: str, kept: Sequence[Build], found: Sequence[Build]) -> Iterator[str]:
    if [build.wheels for build in kept] != [build.wheels for build in found]:
        yield f"{version}: other wheels hold its libraries"
        return
    for one, other in zip(kept, found, strict=True):
        where = version if len(kept) == 1 else f"{version} ({one.wheels[0]})"
        if one.library != other.library:
            yield f"{where}: its library is another file, sha256 {other.library[:12]}… and not {one.library[:12]}…"
        yield from _between_runs(where, one.runs, other.runs)


def _between_runs(where: str, kept: Sequence[Run], found: Sequence[Run]) -> Iterator[str]:
    if [dict(run.environment) for run in kept] != [dict(run.environment) for run in found]:
        yield f"{where}: asked in other environments"
        return
    for one, other in zip(kept, found, strict=True):
        for name in sorted({LOADING, *one.calls, *other.calls}):
            place = f"{where}, {name}, {shown(one.environment)}"
            if one.graphs.get(name) != other.graphs.get(name):
                yield f"{place}: kept is {_or_none(one.graphs, name)}, now it is {_or_none(other.graphs, name)}"
            elif one.calls.get(name) != other.calls.get(name):
                yield f"{place}: the same came out, and other imports were called or answered on the way"
