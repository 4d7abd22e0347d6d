"""The course of fused kernels: each is made and run once for every case, and what it builds is written down.

Nothing is computed: a kernel builds a graph of Apple's MPSGraph and gives it to the stream, and there the emulation
ends. What is not built is not computed either; whether Apple's own code computes what is built is not seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from tfsetup.graphs.kernels import NOT_BUILT, UNDECIDED
from tfsetup.graphs.types import type_name
from tfsetup.upkeep.xray.device import Devices
from tfsetup.upkeep.xray.fusions import Case, cases
from tfsetup.upkeep.xray.graphs import FLOAT
from tfsetup.upkeep.xray.kernel_api import table
from tfsetup.upkeep.xray.kernels import Functions, Kernel, Plugin, Registry
from tfsetup.upkeep.xray.libcxx import GaveUp
from tfsetup.upkeep.xray.machine import Answer, Fault, Machine, Past
from tfsetup.upkeep.xray.making import SIZES, Making
from tfsetup.upkeep.xray.objects import OBJECT_SIZE, OBJECTS, STREAM, Objects, Taken, stream

Fused = Mapping[str, Mapping[str, str]]
"""What each kernel builds, by what is asked of it."""


class Workshop:
    """Where kernels are made and run; `answers` are to what they call, beside those of `registry`."""

    def __init__(self, registry: Registry) -> None:
        """Start without a case: until there is one, `registry` answers."""
        self._making: Making | None = None
        self._objects: Objects | None = None
        self._registry, self._devices = registry, Devices()
        self._device = False
        own = {"_objc_msgSend": self._sent, STREAM: self._called}
        tables = {**registry.table, **OBJECTS, **self._devices.table, **table(self._now)}
        self.answers: Mapping[str, Answer] = {**tables, **own}

    def _now(self) -> Making:
        if self._making is None:
            raise Fault("the plugin asks for a kernel's attributes or tensors, and none is being made")
        return self._making

    def _sent(self, machine: Machine) -> int | None:
        if self._device:
            return self._devices.sent(machine)
        return self._registry.sent(machine) if self._objects is None else self._objects.sent(machine)

    def device(self, machine: Machine) -> Mapping[str, str]:
        """Let the plugin make its device as far as it goes; return the variables it sets meanwhile."""
        self._device = True
        try:
            self._devices.make(machine)
        except Fault:
            pass  # what it has read and set by then, it has
        finally:
            self._device = False
        return self._devices.sets

    def _called(self, machine: Machine) -> int:
        """Answer the stream: what it is given before there is a graph for the output are constants."""
        if self._objects is not None and self._objects.built(self._now().buffers, self._now().output):
            raise Taken(f"the stream takes the graph at {machine.where}")
        return machine.allocate(OBJECT_SIZE)

    def run(self, machine: Machine, functions: Functions, case: Case, type_: int) -> str:
        """Return what a kernel builds for its first output, in terms of its inputs; or that it refuses, or stops.

        Raises:
            Fault: it cannot be run to where the stream takes what it built.
        """
        ready = stream(machine)
        making = self._making = Making(machine, case, type_, ready)
        objects = self._objects = Objects(type_)
        try:
            kernel = machine.call(functions.create, making.context)
            if making.refused is None:
                machine.call(functions.compute, kernel, making.context)
        except GaveUp:
            return f"{NOT_BUILT}the process is aborted"
        except Taken:
            return _found(objects.built(making.buffers, making.output))
        finally:
            self._making = self._objects = None
        if making.refused is None:
            raise Fault("the kernel ended, and gave the stream nothing to run")
        return f"{NOT_BUILT}refused ({_CODES.get(making.refused, making.refused)})"


_CODES: Final = {3: "invalid argument", 12: "unimplemented"}
"""Errors of TensorFlow (`tensorflow/c/tf_status.h`)."""


def _found(built: str) -> str:
    if not built or "?" in built:
        raise Fault(f"the stream took a graph before one was built for the output, or of things unknown: {built!r}")
    return built


def ask(plugin: Plugin, workshop: Workshop) -> Fused:
    """Return what each fused kernel of a plugin builds; the plugin has registered its kernels.

    Where a kernel builds something else for another type, it stands under its name and that type.

    Raises:
        Fault: a control for float32 does not build what it has to, or cannot be run: then nothing that was seen counts.
    """
    past, found = plugin.machine.past(), {}
    for kernel, functions in plugin.registry.functions.items():
        types = dict(kernel.types)
        mine = [case for case in cases() if case.op == kernel.op]
        if mine and types.get("T") in SIZES:
            found[kernel] = dict(_asked(plugin, workshop, functions, mine, types["T"], past))
    return _together(found)


def _asked(
    plugin: Plugin, workshop: Workshop, functions: Functions, mine: Sequence[Case], type_: int, past: Past
) -> Iterator[tuple[str, str]]:
    for case in mine:
        plugin.machine.back_to(past)
        try:
            built = workshop.run(plugin.machine, functions, case, type_)
        except Fault as fault:
            built = f"{UNDECIDED}{fault.message}"
        if case.must and type_ == FLOAT and built != case.must:
            words = f"{case.op}[{case.fused}]" if case.fused else case.op
            raise Fault(f"{words} must build {case.must}, and what was seen is {built}")
        yield case.fused, built


def _together(found: Mapping[Kernel, Mapping[str, str]]) -> Fused:
    """Return what is built by operation; of a type of its own where it is not what the first one builds."""
    by_op: dict[str, dict[str, str]] = {}
    for kernel, built in sorted(found.items(), key=lambda one: (one[0].op, one[0].types)):
        if by_op.setdefault(kernel.op, dict(built)) != built:
            by_op[f"{kernel.op} {type_name(dict(kernel.types)['T'])}"] = dict(built)
    return by_op
