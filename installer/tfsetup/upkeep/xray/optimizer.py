"""A plugin's graph optimizer, found and called the way TensorFlow does it: by its C API, whatever its own names are.

Source: `tensorflow/c/experimental/grappler/grappler.h` (TF_InitGraph, TP_OptimizerRegistrationParams, TP_Optimizer).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tfsetup.upkeep.xray.graphs import Node, read_graph, write_graph
from tfsetup.upkeep.xray.machine import Fault, Machine
from tfsetup.upkeep.xray.tf_api import STATUS_SIZE, status_of

_PARAMETERS: Final = 56
_CONFIGS_SIZE, _OPTIMIZER_SIZE = 96, 40
_DEVICE, _CONFIGS, _OPTIMIZER = 32, 40, 48
_CREATE, _OPTIMIZE = 16, 24
_BUFFER = 24
_MOST_OUTPUT = 1 << 24


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What an optimizer made of a graph. `trail`: every import it called on the way, as a hash."""

    nodes: tuple[Node, ...]
    trail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Optimizer:
    """A plugin in a machine, ready to be given graphs."""

    machine: Machine
    optimize: int
    instance: int

    def run(self, nodes: Sequence[Node], kept: Sequence[bytes]) -> Outcome:
        """Give it a graph and return what comes out. `kept`: the names of the nodes that must stay.

        Raises:
            Fault: it says that it failed, or cannot be run.
        """
        machine = self.machine
        machine.start_trail()
        graph = write_graph(nodes)
        given, made = machine.allocate(_BUFFER), machine.allocate(_BUFFER)
        machine.put(given, machine.keep(graph))
        machine.put(given + 8, len(graph))
        item, status = machine.allocate(STATUS_SIZE), machine.allocate(STATUS_SIZE)
        machine.kept[item] = kept
        machine.call(self.optimize, self.instance, given, item, made, status)
        be_well(machine, status)
        size = machine.word(made + 8)
        if not 0 < size <= _MOST_OUTPUT:
            raise Fault(f"the optimizer gave back a graph of {size} bytes")
        return Outcome(nodes=read_graph(machine.read(machine.word(made), size)), trail=machine.trail)


def start(machine: Machine) -> Optimizer:
    """Let the plugin in a machine register its optimizer.

    Raises:
        Fault: the plugin has no optimizer, cannot be run, or says that it failed.
    """
    register = machine.export(0, "_TF_InitGraph")
    if register is None:
        raise Fault("the plugin registers no graph optimizer")
    return _registered(machine, register)


def _registered(machine: Machine, register: int) -> Optimizer:
    parameters, status = machine.allocate(_PARAMETERS), machine.allocate(STATUS_SIZE)
    configs, optimizer = machine.allocate(_CONFIGS_SIZE), machine.allocate(_OPTIMIZER_SIZE)
    machine.put(parameters, _PARAMETERS)
    machine.put(configs, _CONFIGS_SIZE)
    machine.put(optimizer, _OPTIMIZER_SIZE)
    machine.put(parameters + _CONFIGS, configs)
    machine.put(parameters + _OPTIMIZER, optimizer)
    machine.call(register, parameters, status)
    be_well(machine, status)
    device = machine.string(machine.word(parameters + _DEVICE))
    if device != b"GPU":
        raise Fault(f"the plugin registers an optimizer for {device!r}, not for a GPU")
    create, optimize = machine.word(optimizer + _CREATE), machine.word(optimizer + _OPTIMIZE)
    if not optimize:
        raise Fault("the plugin registers an optimizer without a function")
    return Optimizer(machine=machine, optimize=optimize, instance=machine.call(create) if create else 0)


def be_well(machine: Machine, status: int) -> None:
    """Go on where a status says that all is well.

    Raises:
        Fault: it does not.
    """
    code, message = status_of(machine, status)
    if code:
        raise Fault(f"the plugin says that it failed: {message.decode('utf-8', 'replace')} ({code})")
