"""The course: every library through the machine in every environment, and what came out beside what is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from msgspec import UNSET, UnsetType

from tfsetup.matrix.hazards import Hazard
from tfsetup.upkeep.xray import answers
from tfsetup.upkeep.xray.asked import GRAPHS, outputs
from tfsetup.upkeep.xray.evidence import (
    LOADING,
    NOT_RUN,
    UNCHANGED,
    Build,
    Evidence,
    Run,
    Version,
    environments_of,
    evidence_of,
    lost,
    not_run,
    outcome,
    shown,
)
from tfsetup.upkeep.xray.files import keep_evidence, kept_evidence, read_plan
from tfsetup.upkeep.xray.images import Image
from tfsetup.upkeep.xray.judge import differences
from tfsetup.upkeep.xray.machine import Answer, Fault, Machine
from tfsetup.upkeep.xray.optimizer import start
from tfsetup.upkeep.xray.plan import Plan
from tfsetup.upkeep.xray.stage import Stage
from tfsetup.upkeep.xray.wheels import Libraries, Library
from tfsetup.workflows.told import Told, silent

Verdict = Literal["not asked", "new", "as kept", "differs", "undecided"]


@dataclass(frozen=True, kw_only=True, slots=True)
class EmulatedRelease:
    """What one release of the plugin does."""

    version: str
    """Its version."""
    builds: int
    """How many different libraries its wheels hold."""
    losing: int
    """How many of them lose an activation without the cure."""
    lost: tuple[str, ...]
    """The graphs that lose one without the cure."""
    lost_with_cure: tuple[str, ...]
    """Those that still do with it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Emulated:
    """What plugins do under the emulator, beside what is kept."""

    hazard: str
    """The known defect it is about."""
    verdict: Verdict
    """`new`: nothing is kept yet; `undecided`: nothing is, and something could not be run; `differs`: see there."""
    because: str
    """Why it was not asked, or what could not be run; else empty."""
    versions: tuple[EmulatedRelease, ...] = ()
    """A line a release."""
    differences: tuple[str, ...] | UnsetType = UNSET
    """Each difference from what is kept, with version and graph; only where it was asked, as all that follows."""
    not_asked: tuple[str, ...] | UnsetType = UNSET
    """What the plan leaves out."""
    presumed: tuple[str, ...] | UnsetType = UNSET
    """What the plan takes to do the same as what was asked."""
    written: bool | UnsetType = UNSET
    """Whether what came out was written, which it is where nothing was kept."""


def ready() -> None:
    """Do nothing where the emulator is there.

    Raises:
        UsageError: it is not installed.
    """
    Machine({})


def emulate(
    hazards: Iterable[Hazard],
    folder: Path,
    fetch: Callable[[Plan], Libraries] | None,
    told: Told = silent,
    *,
    kept_in: Path | None = None,
    table: Mapping[str, Answer] = answers.ANSWERS,
) -> Emulated:
    """Ask what the plan says, and keep in `folder` what came out where nothing is kept, there or in `kept_in`.

    `fetch` reads the libraries (None: nothing may be read); `kept_in` is tfsetup's own evidence unless told otherwise;
    `table` has the answers to the imports.

    Raises:
        UsageError: the emulator is not installed.
        NetworkError: the libraries cannot be read.
        InvalidFileError: what is kept is damaged.
        TfsetupError: what came out cannot be written.
    """
    plan = read_plan()
    hazard = next((one for one in hazards if one.id == plan.hazard), None)
    if hazard is None or fetch is None:
        because = "the matrix has no such hazard" if fetch else "nothing is read (--offline)"
        return Emulated(hazard=plan.hazard, verdict="not asked", because=because)
    kept = kept_evidence(plan.hazard, folder, kept_in)
    found = prove(fetch(plan), plan, hazard.cure.environment, told, table)
    line = compare(plan.hazard, kept, found)
    return replace(line, written=line.verdict == "new" and keep_evidence(folder, found))


def prove(
    libraries: Libraries, plan: Plan, cure: Mapping[str, str], told: Told, table: Mapping[str, Answer] = answers.ANSWERS
) -> Evidence:
    """Ask every library and return what came out; `told` gets a line for each of them.

    Raises:
        UsageError: the emulator is not installed.
        MalformedImage: a library has no image for the architecture, or a damaged one.
    """
    environments = tuple(environments_of(cure, plan.controls))
    stages = stages_of(libraries.framework.image(plan.architecture), environments, table)
    by_version: dict[str, list[Build]] = {}
    for library in libraries.plugins:
        build = ask(library, plan.architecture, stages)
        by_version.setdefault(library.version, []).append(build)
        told(_line(plan, library, build))
    versions = [Version(version=version, builds=tuple(builds)) for version, builds in by_version.items()]
    return evidence_of(plan, cure, GRAPHS, libraries.framework.sha256, versions)


def stages_of(
    framework: Image, environments: Sequence[Mapping[str, str]], table: Mapping[str, Answer] = answers.ANSWERS
) -> tuple[Stage, ...]:
    """Return a stage for each environment."""
    return tuple(Stage(framework, table, environment) for environment in environments)


def ask(library: Library, architecture: str, stages: Sequence[Stage]) -> Build:
    """Run one library in every environment. What cannot be run is kept as that."""
    image = library.image(architecture)
    runs = tuple(_run(image, stage) for stage in stages)
    return Build(library=library.sha256, wheels=library.wheels, runs=runs)


def _run(image: Image, stage: Stage) -> Run:
    graphs, calls = {}, {}
    try:
        optimizer = start(stage.put(image))
        calls[LOADING] = optimizer.machine.trail
        for name, nodes in GRAPHS.items():
            made = optimizer.run(nodes, outputs(nodes))
            graphs[name], calls[name] = outcome(nodes, made.nodes), made.trail
    except Fault as fault:  # a machine that stopped is in no state to be asked again
        graphs |= {name: f"{NOT_RUN} {fault.message}" for name in GRAPHS if name not in graphs}
    return Run(environment=stage.environment, graphs=graphs, calls=calls)


def _line(plan: Plan, library: Library, build: Build) -> str:
    """Return a line of progress: the release, how many graphs it changes in which environment."""
    words = []
    for run in build.runs:
        changed = sum(text != UNCHANGED for text in run.graphs.values())
        words.append(f"{changed} of {len(run.graphs)} with {shown(run.environment)}")
    return f"Asked     {plan.distribution} {library.version}: changes {', '.join(words)}"


def compare(hazard: str, kept: Evidence | None, found: Evidence) -> Emulated:
    """Return the verdict over what came out."""
    different, stopped = tuple(differences(kept, found)) if kept else (), not_run(found)
    return Emulated(
        hazard=hazard,
        verdict="differs" if different else "as kept" if kept else "undecided" if stopped else "new",
        because="" if kept else stopped,
        versions=tuple(_lost(found, version) for version in found.versions),
        differences=different,
        not_asked=tuple(reason.what for reason in found.not_asked),
        presumed=tuple(reason.what for reason in found.presumed),
    )


def _lost(evidence: Evidence, version: Version) -> EmulatedRelease:
    without, cured = (lost(evidence, version.builds, environment) for environment in ({}, evidence.cure))
    losing = sum(bool(lost(evidence, [build], {})) for build in version.builds)
    return EmulatedRelease(
        version=version.version, builds=len(version.builds), losing=losing, lost=without, lost_with_cure=cured
    )
