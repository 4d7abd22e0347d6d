"""What plugins did to the graphs they were given, as it is kept: values, their text, what is lost and cured. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from tfsetup.upkeep import kept
from tfsetup.upkeep.xray.graphs import Node
from tfsetup.upkeep.xray.plan import Framework, Plan, Reason

UNCHANGED: Final = "as it was"
NOT_RUN: Final = "not run:"
"""So begins what became of a graph that could not be put before the plugin; the reason follows."""

LOADING: Final = "loading"
"""The name under which the imports called before the first graph are kept."""

SCHEMA: Final = 1


class Run(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One build in one environment: what became of each graph, and a hash of the imports that were called for it."""

    environment: Mapping[str, str]
    graphs: Mapping[str, str]
    calls: Mapping[str, str]


class Build(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One library: its sha256, the wheels that hold it, and what it did."""

    library: str
    wheels: tuple[str, ...]
    runs: tuple[Run, ...]


class Version(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A release of the plugin with its builds: mostly one for all Pythons."""

    version: str
    builds: tuple[Build, ...]


class Evidence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything kept about one hazard."""

    schema: int
    hazard: str
    distribution: str
    architecture: str
    framework: Framework
    framework_library: str
    cure: Mapping[str, str]
    losing: tuple[str, ...]
    graphs: Mapping[str, str]
    versions: tuple[Version, ...]
    partly: tuple[Reason, ...]
    not_asked: tuple[Reason, ...]
    presumed: tuple[Reason, ...]


def written(nodes: Sequence[Node]) -> str:
    """Return what a graph computes, as its outputs are made of its inputs: `out = Relu(BiasAdd(MatMul(x, w), b))`.

    The order of the nodes says nothing, and is not seen.
    """
    by_name = {node.name: node for node in nodes}
    outputs = sorted(node.name for node in nodes if node.op == "Identity")
    return "; ".join(f"{name} = {_expression(by_name[name].inputs[0], by_name, ())}" for name in outputs)


def _expression(name: str, nodes: Mapping[str, Node], above: tuple[str, ...]) -> str:
    plain = name.removeprefix("^").split(":")[0]
    node = nodes.get(plain)
    if node is None or plain in above:
        return f"{name}?"  # an input that is not in the graph, or a circle: to be seen, not hidden
    if not node.inputs:
        return name
    return f"{node}({', '.join(_expression(one, nodes, (*above, plain)) for one in node.inputs)})"


def outcome(given: Sequence[Node], made: Sequence[Node]) -> str:
    """Return what became of a graph: `as it was` when every node is there with all it had, else what it computes."""
    one, other = (sorted(nodes, key=lambda node: node.name) for nodes in (given, made))
    return UNCHANGED if one == other else written(made)


def evidence_of(
    plan: Plan, cure: Mapping[str, str], graphs: Mapping[str, Sequence[Node]], library: str, versions: Sequence[Version]
) -> Evidence:
    """Return what was found as it is kept. `library`: the sha256 of the framework."""
    left_out = {"versions", "controls", "kernels"}
    planned = {name: getattr(plan, name) for name in plan.__struct_fields__ if name not in left_out}
    texts = {name: written(nodes) for name, nodes in graphs.items()}
    return Evidence(
        **planned, schema=SCHEMA, framework_library=library, cure=dict(cure), graphs=texts, versions=tuple(versions)
    )


def render_evidence(evidence: Evidence) -> str:
    """Return the text of the file: the same evidence is the same text."""
    return kept.render(evidence)


def read_evidence(text: str, file: str) -> Evidence:
    """Read a file of evidence.

    Raises:
        InvalidFileError: it is no such file, or of another schema.
    """
    return kept.read(text, Evidence, SCHEMA, file=file, what="what plugins do to graphs", hint=_AGAIN)


_AGAIN: Final = "Delete it and run `tfsetup matrix check --prove`."


def lost(evidence: Evidence, builds: Sequence[Build], environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the graphs whose activation any of these builds loses in an environment."""
    runs = runs_of(builds, environment)
    return tuple(name for name in evidence.graphs if any(_loses(evidence, run.graphs.get(name, "")) for run in runs))


def runs_of(builds: Sequence[Build], environment: Mapping[str, str]) -> list[Run]:
    """Return the runs in an environment."""
    wanted = dict(environment)
    return [run for build in builds for run in build.runs if dict(run.environment) == wanted]


def _loses(evidence: Evidence, text: str) -> bool:
    """Tell whether an activation is fused into an operation that does not compute it; a bias alone is none."""
    return any(
        set(fused.split("]")[0].split(",")) - {"BiasAdd"}
        for op in evidence.losing
        for fused in text.split(f"{op}[")[1:]
    )


def not_run(evidence: Evidence) -> str:
    """Return the first of what could not be run, with its version; nothing when everything was."""
    return next(
        (
            f"{version.version} with {shown(run.environment)}: {text}"
            for version in evidence.versions
            for build in version.builds
            for run in build.runs
            for text in run.graphs.values()
            if text.startswith(NOT_RUN)
        ),
        "",
    )


def environments_of(cure: Mapping[str, str], controls: Sequence[Mapping[str, str]]) -> Iterator[Mapping[str, str]]:
    """Yield the environments in which a plugin is asked: none, the cure, the controls; none of them twice."""
    seen: list[Mapping[str, str]] = []
    for one in ({}, cure, *controls):
        if one not in seen:
            seen.append(one)
            yield one


def shown(environment: Mapping[str, str]) -> str:
    """Return an environment for people: `TURN_OFF_REMAPPER=1`, or that nothing is set."""
    return " ".join(f"{name}={value}" for name, value in environment.items()) or "no variable"
