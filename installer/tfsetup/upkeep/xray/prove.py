"""The course: every library through the machine in every environment, and what came out beside what is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

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
from tfsetup.upkeep.xray.judge import differences
from tfsetup.upkeep.xray.machine import Fault, Machine
from tfsetup.upkeep.xray.optimizer import start

if TYPE_CHECKING:
    from tfsetup.upkeep.xray.images import Image
    from tfsetup.upkeep.xray.machine import Answer
    from tfsetup.upkeep.xray.plan import Plan
    from tfsetup.upkeep.xray.wheels import Libraries, Library

Told = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What is asked of every library: in which environments, with which answers to its imports."""

    plan: Plan
    cure: Mapping[str, str]
    table: Mapping[str, Answer]

    @property
    def environments(self) -> tuple[Mapping[str, str], ...]:
        """The environments, in their order."""
        return tuple(environments_of(self.cure, self.plan.controls))


def ready() -> None:
    """Do nothing where the emulator is there.

    Raises:
        UsageError: it is not installed.
    """
    Machine({})


def prove(libraries: Libraries, plan: Plan, cure: Mapping[str, str], told: Told) -> Evidence:
    """Ask every library and return what came out; `told` gets a line for each of them.

    Raises:
        UsageError: the emulator is not installed.
        MalformedImage: a library has no image for the architecture, or a damaged one.
    """
    question = Question(plan=plan, cure=cure, table=answers.ANSWERS)
    framework = libraries.framework.image(plan.architecture)
    by_version: dict[str, list[Build]] = {}
    for library in libraries.plugins:
        build = ask(library, framework, question)
        by_version.setdefault(library.version, []).append(build)
        told(_line(plan, library, build))
    versions = [Version(version=version, builds=tuple(builds)) for version, builds in by_version.items()]
    return evidence_of(plan, cure, GRAPHS, libraries.framework.sha256, versions)


def ask(library: Library, framework: Image, question: Question) -> Build:
    """Run one library in every environment, each time in a machine of its own. What cannot be run is kept as that."""
    image = library.image(question.plan.architecture)
    runs = tuple(_run(image, framework, environment, question.table) for environment in question.environments)
    return Build(library=library.sha256, wheels=library.wheels, runs=runs)


def _run(image: Image, framework: Image, environment: Mapping[str, str], table: Mapping[str, Answer]) -> Run:
    graphs, calls = {}, {}
    try:
        optimizer = start(image, framework, table, environment)
        calls[LOADING] = optimizer.machine.trail
        for name, nodes in GRAPHS.items():
            made = optimizer.run(nodes, outputs(nodes))
            graphs[name], calls[name] = outcome(nodes, made.nodes), made.trail
    except Fault as fault:  # a machine that stopped is in no state to be asked again
        graphs |= {name: f"{NOT_RUN} {fault.message}" for name in GRAPHS if name not in graphs}
    return Run(environment=dict(environment), graphs=graphs, calls=calls)


def _line(plan: Plan, library: Library, build: Build) -> str:
    """Return a line of progress: the release, how many graphs it changes in which environment."""
    words = []
    for run in build.runs:
        changed = sum(text != UNCHANGED for text in run.graphs.values())
        words.append(f"{changed} of {len(run.graphs)} with {shown(run.environment)}")
    return f"Asked     {plan.distribution} {library.version}: changes {', '.join(words)}"


def compare(kept: Evidence | None, found: Evidence) -> dict[str, object]:
    """Return the verdict over what came out, for screen and JSON.

    `verdict`: `as kept`, `differs` (each difference said with version and graph), `new` where nothing is kept yet, or
    `undecided` where in addition something could not be run. A line a release: what it loses without and with it.
    """
    different, stopped = list(differences(kept, found)) if kept else [], not_run(found)
    verdict = "differs" if different else "as kept" if kept else "undecided" if stopped else "new"
    return {
        "verdict": verdict,
        "because": "" if kept else stopped,
        "differences": different,
        "versions": [_lost(found, version) for version in found.versions],
        "not_asked": [reason.what for reason in found.not_asked],
        "presumed": [reason.what for reason in found.presumed],
    }


def _lost(evidence: Evidence, version: Version) -> dict[str, object]:
    """Return a line for a release; `losing` counts the builds that lose an activation without the cure."""
    without, cured = (list(lost(evidence, version.builds, environment)) for environment in ({}, evidence.cure))
    losing = sum(bool(lost(evidence, [build], {})) for build in version.builds)
    return {
        "version": version.version,
        "builds": len(version.builds),
        "losing": losing,
        "lost": without,
        "lost_with_cure": cured,
    }
