"""A plugin's kernels: what it registers with TensorFlow when it is loaded, by operation, type and host memory.

Source: `tensorflow/c/kernels.h` (TF_NewKernelBuilder, TF_KernelBuilder_*, TF_RegisterKernelBuilder); what a plugin asks
the system meanwhile is the compiler's `@available` (LLVM, `compiler-rt/lib/builtins/os_version_check.c`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from tfsetup.upkeep.xray.fixups import POINTER
from tfsetup.upkeep.xray.machine import Fault, Machine
from tfsetup.upkeep.xray.table import Table
from tfsetup.upkeep.xray.tf_api import STATUS_SIZE


class Kernel(NamedTuple):
    """One registration. `types`: what each attribute must be, by number; `host`: arguments that stay in host memory."""

    op: str
    device: str
    types: tuple[tuple[str, int], ...]
    host: tuple[str, ...]


class Functions(NamedTuple):
    """Where the functions lie that make a kernel and that have it compute; 0: there is none."""

    create: int
    compute: int


@dataclass(kw_only=True)
class _Building:
    op: str
    device: str
    functions: Functions
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
    """Answers what a plugin calls to register kernels, and remembers them, and which questions it asked of a system."""

    def __init__(self) -> None:
        """Start with nothing registered, on no system: whoever asks for one while it is loaded is refused."""
        self.table = Table()
        self._fill()
        self.start(None)

    def start(self, system: System | None) -> None:
        """Forget what was registered, and be asked about another system from now on."""
        self.kernels: list[Kernel] = []
        self.functions: dict[Kernel, Functions] = {}
        self.asked: set[str] = set()
        self._system = system
        self._building: dict[int, _Building] = {}

    def _answer(self, question: str) -> int:
        if self._system is None:
            raise Fault(f"the plugin asked for {question} while it was loaded, and what it was told would stay")
        self.asked.add(question)
        return int(getattr(self._system, question))

    def _fill(self) -> None:
        self.table.to("_TF_NewKernelBuilder")(self._new)
        self.table.to("_TF_KernelBuilder_TypeConstraint")(self._type)
        self.table.to("_TF_KernelBuilder_HostMemory")(self._host)
        self.table.to("_TF_RegisterKernelBuilder")(self._register)
        self.table.to("_objc_msgSend")(self.sent)
        self.table.to("_dispatch_once_f")(_once)
        self.table.to("_dlsym")(_symbol)
        self.table.to(_AVAILABLE)(self._available)
        self.table.to("_NSClassFromString", "_TF_NewOpDefinitionBuilder")(_object)
        self.table.all(_OPERATIONS, None)
        self.table.all(("_TF_KernelBuilder_Priority", "_TF_DeleteKernelBuilder"), None)

    def _new(self, machine: Machine) -> int:
        at = machine.allocate(STATUS_SIZE)
        op, device = (_text(machine, index) for index in (0, 1))
        functions = Functions(machine.argument(2), machine.argument(3))
        self._building[at] = _Building(op=op, device=device, functions=functions)
        return at

    def _type(self, machine: Machine) -> None:
        self._building[machine.argument(0)].types[_text(machine, 1)] = machine.small(2)

    def _host(self, machine: Machine) -> None:
        self._building[machine.argument(0)].host.append(_text(machine, 1))

    def _register(self, machine: Machine) -> None:
        building = self._building.pop(machine.argument(1))
        kernel = building.done()
        self.kernels.append(kernel)
        self.functions[kernel] = building.functions

    def sent(self, machine: Machine) -> int:
        """Answer the one message that is sent while kernels are registered: whether MPSGraph has a method."""
        message = _text(machine, 1)
        if message != "instancesRespondToSelector:":
            raise Fault(f"{message} was sent to an object of Apple's, and there is none")
        selector = _text(machine, 2)
        if not selector.startswith("GRU"):
            raise Fault(f"MPSGraph was asked for {selector}, and nobody knows who has that")
        return self._answer("gru")

    def _available(self, machine: Machine) -> int:
        """Answer whether the system is a version or newer: one platform and version after the other, all must be."""
        for index in range(machine.small(0)):
            number = machine.word(machine.argument(1) + POINTER * index) >> 32
            if number != _MACOS_12:
                raise Fault(f"the system was asked whether it is macOS {number >> 16}.{number >> 8 & 0xFF}")
        return self._answer("macos_12")


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


class Plugin:
    """A plugin in a machine, as it is when it has been loaded; it is asked as often as one likes."""

    def __init__(self, machine: Machine, registry: Registry) -> None:
        """Take a machine with a plugin in it; the answers of `registry` are in its table.

        Raises:
            Fault: it registers no kernels.
        """
        self.machine, self.registry = machine, registry
        register = machine.export(0, "_TF_InitKernel")
        if register is None:
            raise Fault("the plugin registers no kernels")
        self._register, self._loaded = register, machine.past()

    def kernels(self, system: System) -> Registered:
        """Let it register its kernels on a system, as if on none before.

        Raises:
            Fault: the registration cannot be run.
        """
        self.as_loaded()
        self.registry.start(system)
        self.machine.call(self._register)
        return Registered(tuple(sorted(self.registry.kernels)), frozenset(self.registry.asked))

    def as_loaded(self) -> Machine:
        """Return its machine as it was when it had been loaded."""
        self.machine.back_to(self._loaded)
        return self.machine
