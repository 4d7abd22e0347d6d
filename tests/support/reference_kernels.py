"""The page of the kernels of Apple's plugin, from what is kept of each release."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from support.pages import table
from tfsetup.graphs.disk import metal_kernels
from tfsetup.graphs.kernels import NOT_BUILT, UNDECIDED, Plugin, Tried, Words, in_host_memory


def kernels() -> Iterator[str]:
    """Yield the lines of the page."""
    kept = metal_kernels()
    yield "# Kernels of Apple's plugin\n"
    yield f"What each release of `{kept.distribution}` registers for the GPU, as its own code said it under an emulator"
    yield f"of an {kept.architecture} processor (`tfsetup matrix check --prove`);"
    yield "nothing was seen on a Mac. In brackets: where MPSGraph has a GRU. What of it a model needs says"
    yield "`tfsetup ops`.\n"
    heads = ("release", "kernels (with a GRU)", "operations (with a GRU)", "before macOS 12: kernels")
    yield from table(heads, [_of_release(version, tried) for version, tried in kept.versions.items()])
    newest, tried = list(kept.versions.items())[-1]
    assert tried.gru is not None
    yield from _fusions(kept)
    yield from _variables(kept)
    yield f"## Operations of {newest}\n"
    yield "An argument in host memory (shapes, axes, indices) is no gap: it is there already.\n"
    rows = [(f"`{op}`", _taken(all_), _beside(all_)) for op, all_ in tried.gru.ops.items()]
    yield from table(("operation", "types", "in host memory"), rows)


def _of_release(version: str, tried: Tried) -> tuple[str, ...]:
    if tried.plain is None or tried.gru is None:
        return version, f"undecided: {tried.undecided}", "", ""
    before = tried.before_macos_12
    older = f"{before['plain'][0]} ({before['gru'][0]})" if before else "the same"
    plain, gru = tried.plain, tried.gru
    counts = (f"{plain.registrations} ({gru.registrations})", f"{len(plain.ops)} ({len(gru.ops)})")
    return version, *counts, older


def _fusions(kept: Plugin) -> Iterator[str]:
    yield "## What fused kernels build\n"
    yield "The plugin's graph optimizer puts operations together; this is what the kernel of the one that is left"
    yield "builds of MPSGraph for its output, each run once for every activation. The emulation stops where the stream"
    yield "takes the graph: what is not built is not computed, and whether Apple's own code computes what is built was"
    yield "not seen. Controls: `Relu` and `_FusedConv2D` with `Relu` build `reLU`, or nothing of a release counts;"
    yield "a byte changed where the plugin compares an activation changes what comes out (tests)."
    yield "**Dropped**: the kernel builds what it builds without the activation. Other types are named where they build"
    yield "something else than `float32`.\n"
    for versions, tried in _alike(kept):
        yield f"### {versions}\n"
        yield _fuses(tried)
        rows = [(f"`{op}`", _said(name), _graph(graph, name in lost)) for op, name, graph, lost in _all_built(tried)]
        yield from table(("operation", "with", "builds"), rows)


def _fuses(tried: Tried) -> str:
    """Return what the optimizer puts together without being told to, or why nothing of the release counts."""
    if tried.fused_undecided:
        return f"Undecided: {tried.fused_undecided}\n"
    found = ", ".join(f"`{op}` ({'; '.join(_said(one) for one in fused)})" for op, fused in tried.fuses.items())
    pairs = [
        f"`{op}` with {name.rpartition(',')[2]}"
        for op, fused in tried.fuses.items()
        for name in fused
        if name.rpartition(",")[2] in tried.lost().get(op, ())
    ]
    lost = f" **Wrong without a cure**: {', '.join(pairs)}." if pairs else ""
    return f"Without being told to, its optimizer makes {found or 'none of these of the graphs it was given'}.{lost}\n"


def _alike(kept: Plugin) -> Iterator[tuple[str, Tried]]:
    """Yield releases that build the same together, oldest first."""
    groups: dict[str, tuple[list[str], Tried]] = {}
    for version, tried in kept.versions.items():
        if tried.plain is not None:
            groups.setdefault(repr((tried.fused, tried.fused_undecided, tried.fuses)), ([], tried))[0].append(version)
    for versions, tried in groups.values():
        yield ", ".join(versions), tried


def _all_built(tried: Tried) -> Iterator[tuple[str, str, str, Words]]:
    dropped = tried.dropped()
    for op, built in tried.fused.items():
        lost = tuple(name for name in built if name.rpartition(",")[2] in dropped.get(op, ()))
        for name, graph in built.items():
            yield op, name, graph, lost


def _said(fused: str) -> str:
    return fused.replace(",", ", ") or "nothing"


def _graph(graph: str, lost: bool) -> str:
    shown = graph if graph.startswith((NOT_BUILT, UNDECIDED)) else f"`{graph}`"
    return f"{shown}: **dropped**" if lost else shown


def _variables(kept: Plugin) -> Iterator[str]:
    yield "## Variables of the environment\n"
    yield "What the plugin itself asks `getenv` for, and when it was seen to: *each graph* that its optimizer is given,"
    yield "only *the first graph*, while *loading*, when *registering* kernels, when *a kernel* is made or run, once"
    yield "with *the device*; and what it sets then itself, whatever the user has there. *Not seen*: the code asks for"
    yield "it behind what was run, with a stream, or a message of its own.\n"
    found: dict[tuple[str, str], list[str]] = {}
    for version, tried in kept.versions.items():
        for name, when in tried.variables.items():
            found.setdefault((name, when), []).append(version)
    rows = [(f"`{name}`", when, ", ".join(versions)) for (name, when), versions in sorted(found.items())]
    yield from table(("variable", "read at", "releases"), rows)


def _taken(kernels: Sequence[Words]) -> str:
    """Return the types of each attribute of an operation, each once."""
    found: dict[str, dict[str, None]] = {}
    for word in (word for words in kernels for word in words if not word.startswith("@")):
        name, _, types = word.partition(":")
        found.setdefault(name, {}).update(dict.fromkeys(types.split("|")))
    return "; ".join(f"{name}: {', '.join(types)}" for name, types in found.items())


def _beside(kernels: Sequence[Words]) -> str:
    return ", ".join(sorted({name for words in kernels for name in in_host_memory(words)}))
