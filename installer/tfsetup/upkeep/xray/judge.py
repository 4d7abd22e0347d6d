"""Do the hazards of the matrix say what the evidence shows, and does new evidence show what was kept? Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tfsetup.ground.versions import in_range
from tfsetup.matrix.hazards import Hazard
from tfsetup.upkeep.xray.evidence import (
    LOADING,
    NOT_RUN,
    UNCHANGED,
    Build,
    Evidence,
    Run,
    Version,
    lost,
    runs_of,
    shown,
)

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
    losing, named = lost(evidence, version.builds, {}), in_range(hazard.versions, version.version)
    if not _ran(version, {}) or not _ran(version, cure):
        yield (*place, "versions"), f"the evidence lacks {version.version} without or with the cure"
    elif losing and not named and not _known_to_differ(evidence, version):
        yield (*place, "versions"), f"{version.version} loses an activation too ({', '.join(losing)})"
    elif named and not losing:
        yield (*place, "versions"), f"{version.version} is named, and the evidence shows no loss"
    runs = runs_of(version.builds, cure)
    changed = [name for name in losing if any(run.graphs.get(name) != UNCHANGED for run in runs)]
    if changed:
        yield (*place, "cure", "environment"), f"it does not undo the loss in {version.version} ({', '.join(changed)})"


def _known_to_differ(evidence: Evidence, version: Version) -> bool:
    """Tell whether only some builds of a version lose anything, and the evidence says that this is known."""
    some = not all(lost(evidence, [build], {}) for build in version.builds)
    return some and any(reason.what == version.version for reason in evidence.partly)


def _ran(version: Version, environment: Mapping[str, str]) -> bool:
    """Tell whether every build was given every graph in this environment; a version without builds was not."""
    runs = runs_of(version.builds, environment)
    stopped = any(text.startswith(NOT_RUN) for run in runs for text in run.graphs.values())
    return bool(version.builds) and len(runs) == len(version.builds) and not stopped


def differences(kept: Evidence, found: Evidence) -> Iterator[str]:
    """Yield what new evidence shows otherwise than the kept one, each with version, environment and graph."""
    for field in ("distribution", "architecture", "framework", "framework_library", "cure", "losing"):
        if getattr(kept, field) != getattr(found, field):
            before, now = (_text(getattr(each, field)) for each in (kept, found))
            yield f"{field.replace('_', ' ')}: kept is {before}, now it is {now}"
    for name in sorted({*kept.graphs, *found.graphs}):
        if kept.graphs.get(name) != found.graphs.get(name):
            before, now = (_or_none(each.graphs, name) for each in (kept, found))
            yield f"the graph {name} is another one: kept is {before}, now {now}"
    old, new = ({one.version: one for one in each.versions} for each in (kept, found))
    for version in dict.fromkeys((*old, *new)):
        if version not in old or version not in new:
            yield f"{version}: {'not among what is kept' if version not in old else 'kept, and not asked now'}"
        else:
            yield from _between(version, old[version].builds, new[version].builds)
    for field in ("partly", "not_asked", "presumed"):
        if getattr(kept, field) != getattr(found, field):
            yield f"{field.replace('_', ' ')}: the plan says it otherwise than what is kept"


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
