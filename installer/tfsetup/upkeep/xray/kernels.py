"""A plugin's kernels: what it registers with TensorFlow when it is loaded, by operation, type and host memory.

Source: `tensorflow/c/kernels.h` (TF_NewKernelBuilder, TF_KernelBuilder_*, TF_RegisterKernelBuilder); what a plugin asks
the system meanwhile is the compiler's `@available` (LLVM, `compiler-rt/lib/builtins/os_version_check.c`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from tfsetup.upkeep.xray.fixups import POINTER
from tfsetup.upkeep.xray.images import Image
from tfsetup.upkeep.xray.machine import Answer, Fault, Machine
from tfsetup.upkeep.xray.optimizer import loaded
from tfsetup.upkeep.xray.table import Table
from tfsetup.upkeep.xray.tf_api import STATUS_SIZE


class Kernel(NamedTuple):
    """One registration. `types`: what each attribute must be, by number; `host`: arguments that stay in host memory."""

    op: str
    device: str
    types: tuple[tuple[str, int], ...]
    host: tuple[str, ...]


@dataclass(kw_only=True)
class _Building:
    op: str
    device: str
    types: dict[str, int] = field(default_factory=dict)
    host: list[str] = field(default_factory=list)

    def done(self) -> Kernel:
        return Kernel(self.op, self.device, tuple(sorted(self.types.items())), tuple(sorted(self.host)))


@dataclass(frozen=True, kw_only=True, slots=True)
class System:
    """What a plugin asks the system while it registers. `macos_12`: it is that, or newer; `gru`: MPSGraph has a GRU."""

    macos_12: bool
    gru: bool


class Registered(NamedTuple):
    """The kernels of a plugin, sorted, and the questions it asked: fields of `System`."""

    kernels: tuple[Kernel, ...]
    asked: frozenset[str]


class Registry:
    """Answers what a plugin calls to register kernels, and remembers them, and which questions it asked of `system`."""

    def __init__(self, system: System) -> None:
        """Start with nothing registered."""
        self.kernels: list[Kernel] = []
        self.asked: set[str] = set()
        self.table = Table()
        self._system = system
        self._building: dict[int, _Building] = {}
        self._fill()

    def _fill(self) -> None:
        self.table.to("_TF_NewKernelBuilder")(self._new)
        self.table.to("_TF_KernelBuilder_TypeConstraint")(self._type)
        self.table.to("_TF_KernelBuilder_HostMemory")(self._host)
        self.table.to("_TF_RegisterKernelBuilder")(self._register)
        self.table.to("_objc_msgSend")(self._sent)
        self.table.to("_dispatch_once_f")(_once)
        self.table.to("_dlsym")(_symbol)
        self.table.to(_AVAILABLE)(self._available)
        self.table.to("_NSClassFromString", "_TF_NewOpDefinitionBuilder")(_object)
        self.table.all(_OPERATIONS, None)
        self.table.all(("_TF_KernelBuilder_Priority", "_TF_DeleteKernelBuilder"), None)

    def _new(self, machine: Machine) -> int:
        at = machine.allocate(STATUS_SIZE)
        op, device = (_text(machine, index) for index in (0, 1))
        self._building[at] = _Building(op=op, device=device)
        return at

    def _type(self, machine: Machine) -> None:
        self._building[machine.argument(0)].types[_text(machine, 1)] = machine.small(2)

    def _host(self, machine: Machine) -> None:
        self._building[machine.argument(0)].host.append(_text(machine, 1))

    def _register(self, machine: Machine) -> None:
        self.kernels.append(self._building.pop(machine.argument(1)).done())

    def _sent(self, machine: Machine) -> int:
        """Answer the one message that is sent while kernels are registered: whether MPSGraph has a method."""
        message = _text(machine, 1)
        if message != "instancesRespondToSelector:":
            raise Fault(f"{message} was sent to an object of Apple's, and there is none")
        selector = _text(machine, 2)
        if not selector.startswith("GRU"):
            raise Fault(f"MPSGraph was asked for {selector}, and nobody knows who has that")
        self.asked.add("gru")
        return int(self._system.gru)

    def _available(self, machine: Machine) -> int:
        """Answer whether the system is a version or newer: one platform and version after the other, all must be."""
        for index in range(machine.small(0)):
            number = machine.word(machine.argument(1) + POINTER * index) >> 32
            if number != _MACOS_12:
                raise Fault(f"the system was asked whether it is macOS {number >> 16}.{number >> 8 & 0xFF}")
        self.asked.add("macos_12")
        return int(self._system.macos_12)


_OPERATIONS: Final = (
    "_TF_OpDefinitionBuilderAddInput",
    "_TF_OpDefinitionBuilderAddOutput",
    "_TF_OpDefinitionBuilderAddAttr",
    "_TF_OpDefinitionBuilderSetShapeInferenceFunction",
    "_TF_RegisterOpDefinition",
)
"""Operations of the plugin's own, which no model has."""

_AVAILABLE: Final = "__availability_version_check"
_MACOS_12: Final = 12 << 16


def _once(machine: Machine) -> None:
    """Call a function with its context, unless it was called before."""
    flag, context, function = (machine.argument(index) for index in range(3))
    if machine.word(flag) != _DONE:
        machine.put(flag, _DONE)
        machine.go_on_at(function, context)


_DONE: Final = (1 << 64) - 1


def _symbol(machine: Machine) -> int:
    """Find the function that tells how new the system is; there is nothing else to be found."""
    name = f"_{_text(machine, 1)}"
    return machine.place(name) if name == _AVAILABLE else 0


def _text(machine: Machine, index: int) -> str:
    return machine.string(machine.argument(index)).decode("utf-8", "replace")


def _object(machine: Machine) -> int:
    return machine.allocate(STATUS_SIZE)


def kernels_of(plugin: Image, framework: Image, answers: Mapping[str, Answer], system: System) -> Registered:
    """Let a plugin register its kernels on a system.

    Raises:
        Fault: an initializer or the registration cannot be run.
        UsageError: the emulator is not installed.
    """
    registry = Registry(system)
    machine = loaded(plugin, framework, {**answers, **registry.table}, {})
    register = machine.export(0, "_TF_InitKernel")
    if register is None:
        raise Fault("the plugin registers no kernels")
    machine.call(register)
    return Registered(tuple(sorted(registry.kernels)), frozenset(registry.asked))
