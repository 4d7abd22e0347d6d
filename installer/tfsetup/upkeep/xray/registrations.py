"""The course of the kernels: every release registers its own, and what came out is kept as `tfsetup ops` reads it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple, TypeVar

import msgspec

from tfsetup.graphs.kernels import SCHEMA, Kernels, Plugin, Tried, Words, of_python
from tfsetup.graphs.types import type_name
from tfsetup.upkeep.xray import answers
from tfsetup.upkeep.xray.asked import FUSABLE, outputs
from tfsetup.upkeep.xray.fused import Workshop, ask
from tfsetup.upkeep.xray.images import Image
from tfsetup.upkeep.xray.kernels import Kernel, Registry, System
from tfsetup.upkeep.xray.kernels import Plugin as Asked
from tfsetup.upkeep.xray.machine import Answer, Fault
from tfsetup.upkeep.xray.optimizer import start
from tfsetup.upkeep.xray.plan import Plan
from tfsetup.upkeep.xray.stage import Stage
from tfsetup.upkeep.xray.variables import DEVICE, REGISTERED, RUN, Readings, variables
from tfsetup.upkeep.xray.wheels import Libraries, Library
from tfsetup.workflows.told import Told, silent

K = TypeVar("K")
V = TypeVar("V")

SOURCE: Final = (
    "run under an emulator: what TF_InitKernel of the plugin's arm64 library registers for the device GPU, and the "
    "graph of MPSGraph that a fused kernel builds for its first output; emulation stops where the stream takes it"
)


class Build(NamedTuple):
    """One library of a release: the wheels that hold it, and what it registers."""

    wheels: tuple[str, ...]
    tried: Tried


def registrations(
    libraries: Libraries, plan: Plan, told: Told = silent, table: Mapping[str, Answer] = answers.ANSWERS
) -> Plugin:
    """Let every library register its kernels; `told` gets a line for each.

    Raises:
        UsageError: the emulator is not installed.
        MalformedImage: a library has no image for the architecture, or a damaged one.
    """
    room = Room(libraries.framework.image(plan.architecture), table)
    by_version: dict[str, list[Build]] = defaultdict(list)
    for library in libraries.plugins:
        tried = room.tried(library, plan.architecture)
        by_version[library.version].append(Build(library.wheels, tried))
        told(f"Asked     {plan.distribution} {library.version}: {shown(tried)}")
    return Plugin(
        schema=SCHEMA,
        distribution=plan.distribution,
        architecture=plan.architecture,
        source=SOURCE,
        versions={key: tried for version, builds in by_version.items() for key, tried in together(version, builds)},
    )


class Room:
    """Where libraries are asked, one after the other; the same content is asked once. `table`: answers to imports."""

    def __init__(self, framework: Image, table: Mapping[str, Answer] = answers.ANSWERS) -> None:
        """Start with nothing loaded."""
        self._registry = Registry()
        self._workshop = Workshop(self._registry)
        self._stage = Stage(framework, {**table, **self._workshop.answers})
        self._known: dict[str, Tried] = {}

    def tried(self, library: Library, architecture: str) -> Tried:
        """Return what is found out of a library.

        Raises:
            UsageError: the emulator is not installed.
            MalformedImage: it has no image for the architecture, or a damaged one.
        """
        if library.sha256 not in self._known:
            self._known[library.sha256] = self._asked(library.image(architecture), (library.sha256,))
        return self._known[library.sha256]

    def _asked(self, image: Image, libraries: Words) -> Tried:
        """Ask one library on every system that it asks about, and on the newest what its fused kernels build."""
        self._registry.start(None)
        try:
            plugin = Asked(self._stage.put(image), self._registry)
            readings = Readings(plugin.machine)
            newest = plugin.kernels(_NEWEST)
            readings.phase(REGISTERED)
            fused = self._fused(plugin)
            readings.phase(RUN)
            plain = plugin.kernels(_WITHOUT_GRU) if "gru" in newest.asked else newest
            before = {}
            if "macos_12" in newest.asked:
                older = {name: plugin.kernels(system) for name, system in _OLDER.items()}
                before = {name: (len(one.kernels), len(_ops(one.kernels))) for name, one in older.items()}
        except Fault as fault:
            return Tried(libraries=libraries, undecided=fault.message)
        known = Tried(libraries=libraries, plain=_kernels(plain.kernels), gru=_kernels(newest.kernels))
        sets = self._workshop.device(plugin.as_loaded())
        readings.phase(DEVICE)
        fuses = _optimize(plugin, readings)
        read = variables(image, readings.seen, sets)
        return msgspec.structs.replace(known, before_macos_12=before, variables=read, fuses=fuses, **fused)

    def _fused(self, plugin: Asked) -> dict[str, object]:
        try:
            return {"fused": ask(plugin, self._workshop)}
        except Fault as fault:  # the kernels were registered all the same
            return {"fused_undecided": fault.message}


def _optimize(plugin: Asked, readings: Readings) -> Mapping[str, Words]:
    """Give the plugin's optimizer graph after graph, the first one twice; return what it puts together.

    One that cannot be run has read what it has read, and puts nothing together that was seen.
    """
    found: dict[str, list[str]] = defaultdict(list)
    try:
        optimizer = start(plugin.as_loaded())
        for nodes in (FUSABLE[0], *FUSABLE):
            made = optimizer.run(nodes, outputs(nodes))
            readings.graph()
            for node in made.nodes:
                if node.fused and (fused := ",".join(node.fused)) not in found[node.op]:
                    found[node.op].append(fused)
    except Fault:
        readings.graph()
        return {}
    return {op: tuple(sorted(fused)) for op, fused in sorted(found.items())}


_NEWEST: Final = System(macos_12=True, gru=True)
_WITHOUT_GRU: Final = System(macos_12=True, gru=False)
_OLDER: Final = {"plain": System(macos_12=False, gru=False), "gru": System(macos_12=False, gru=True)}


def _kernels(kernels: Sequence[Kernel]) -> Kernels:
    return Kernels(registrations=len(kernels), ops=_ops(kernels))


def _ops(kernels: Sequence[Kernel]) -> dict[str, tuple[Words, ...]]:
    found: dict[str, list[Words]] = defaultdict(list)
    for kernel in kernels:
        types = (f"{name}:{type_name(number)}" for name, number in kernel.types)
        found[kernel.op].append((*types, *(f"@{name}" for name in kernel.host)))
    return {op: tuple(sorted(words)) for op, words in sorted(found.items())}


def together(version: str, builds: Sequence[Build]) -> Iterator[tuple[str, Tried]]:
    """Yield what is known of a release under its version: what most of its wheels register.

    Where others register something else, it stands under the version and their Python (`0.8.0 cp311`).
    """
    kinds: dict[object, list[Build]] = defaultdict(list)
    for build in builds:
        kinds[msgspec.json.encode(msgspec.structs.replace(build.tried, libraries=()))].append(build)
    ordered = sorted(kinds.values(), key=lambda alike: -sum(len(build.wheels) for build in alike))
    for place, alike in enumerate(ordered):
        libraries = tuple(one for build in alike for one in build.tried.libraries)
        tried = msgspec.structs.replace(alike[0].tried, libraries=libraries)
        if not place:
            yield version, tried
            continue
        for wheel in sorted(wheel for build in alike for wheel in build.wheels):
            yield of_python(version, wheel.split("-")[2]), tried


def shown(tried: Tried) -> str:
    """Return what a version came to, in a few words."""
    if tried.plain is None or tried.gru is None:
        return tried.undecided
    plain, gru = tried.plain, tried.gru
    return f"{plain.registrations} kernels of {len(plain.ops)} operations, {gru.registrations} with MPSGraph's GRU"


def render(plugin: Plugin) -> str:
    """Return the text of the file: an operation a line, and the same kernels are the same text."""
    return "\n".join(_lines(plugin)) + "\n"


def _lines(plugin: Plugin) -> Iterator[str]:
    yield "{"
    for name in ("schema", "distribution", "architecture", "source"):
        yield f' "{name}": {json.dumps(getattr(plugin, name))},'
    yield ' "versions": {'
    for last, (version, tried) in _marked(plugin.versions):
        yield f"  {json.dumps(version)}: {{"
        yield from _version(tried)
        yield "  }" if last else "  },"
    yield " }"
    yield "}"


def _version(tried: Tried) -> Iterator[str]:
    names = ("libraries", "undecided", "before_macos_12", "fused_undecided", "variables", "fuses")
    facts = [(name, getattr(tried, name)) for name in names]
    rest = [f'   "{name}": {json.dumps(value)}' for name, value in facts if value]
    known = [(name, one) for name, one in (("plain", tried.plain), ("gru", tried.gru)) if one is not None]
    for line in rest[:-1] if not known else rest:
        yield line + ","
    if not known:
        yield rest[-1]
    if tried.fused:
        yield from _built(tried.fused)
    for last, (name, kernels) in _marked(dict(known)):
        yield f'   "{name}": {{"registrations": {kernels.registrations}, "ops": {{'
        for end, (op, words) in _marked(kernels.ops):
            yield f"    {json.dumps(op)}: {json.dumps(words, separators=(',', ':'))}" + ("" if end else ",")
        yield "   }}" if last else "   }},"


def _built(fused: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """Yield what fused kernels build, one of what is fused a line."""
    yield '   "fused": {'
    for end, (op, built) in _marked(fused):
        yield f"    {json.dumps(op)}: {{"
        for last, (name, graph) in _marked(built):
            yield f"     {json.dumps(name)}: {json.dumps(graph)}" + ("" if last else ",")
        yield "    }" if end else "    },"
    yield "   },"


def _marked(items: Mapping[K, V]) -> Iterator[tuple[bool, tuple[K, V]]]:
    """Yield each entry, and whether it is the last."""
    for place, item in enumerate(items.items(), 1):
        yield place == len(items), item
