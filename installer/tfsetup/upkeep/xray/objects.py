"""Apple's objects, as far as a kernel talks to them: every node of a graph of MPSGraph is remembered as it is made.

Nothing is computed. A node's name and operands are read from the message that makes it, as Apple's headers name them
(`MetalPerformanceShadersGraph`: `additionWithPrimaryTensor:secondaryTensor:name:`). A message nobody knows the answer
to ends the call.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from tfsetup.upkeep.xray.fixups import POINTER
from tfsetup.upkeep.xray.machine import Answer, Fault, Machine
from tfsetup.upkeep.xray.table import Table

OBJECTS = Table()

OBJECT_SIZE: Final = 128
STREAM: Final = "a method of the stream"

_NODE: Final = re.compile(r"^([a-z][A-Za-z0-9]*?)(?:With|Of)?(?:[A-Z][a-z]*)?Tensor$")
_OPERAND: Final = re.compile(r"[tT]ensor$")
_REAL: Final = ("epsilon", "alpha", "constantWithScalar")
"""Arguments that are numbers with a fraction, which other registers hold."""

_PLAIN: Final = frozenset((
    "encodeToCommandBuffer:destinationArray",
    "defaultAllocator", "runAsyncWithMTLCommandQueue:feeds:targetOperations:resultsDictionary:executionDescriptor",
    "numberWithInt", "numberWithInteger", "arrayWithObjects:count", "device", "descriptorWithDataType:shape",
    "dictionaryWithCapacity",
    "encodeToCommandBuffer:feeds:targetOperations:resultsDictionary:executionDescriptor",
))  # fmt: skip
"""Messages that are answered with an object nobody looks into."""

_ITSELF: Final = frozenset(("metalStream", "initWithBuffer:descriptor", "initWithDevice:constantValue"))
"""Messages that return who is asked."""

_TYPES: Final = {1: 0x10000020, 14: 0x90000010, 19: 0x10000010}
"""MPSDataType of TensorFlow's float32, bfloat16 and float16 (`MPSCoreTypes.h`)."""


class Taken(Fault):
    """The stream was told to run what had been built: here the emulation ends."""


class Node(NamedTuple):
    """A tensor of a graph: what makes it, of which others. Without operands it is a constant or a placeholder."""

    name: str
    operands: tuple[int, ...] = ()


class Objects:
    """The objects of one run of one kernel."""

    def __init__(self, type_: int) -> None:
        """Start with none. `type_`: of the elements, as TensorFlow numbers it."""
        self._type = _TYPES[type_]
        self._nodes: dict[int, Node] = {}
        self._buffers: dict[int, int] = {}
        self._pairs: dict[int, int] = {}
        self._told: Mapping[str, Answer] = {
            "dataType": lambda _machine: self._type,
            "dictionaryWithObjects:forKeys:count": self._dictionary,
            "initWithMTLBuffer:shape:dataType": self._data,
            "placeholderWithShape:dataType:name": lambda machine: self._made(machine, Node("")),
            "setObject:forKey": self._entry,
            "setObject:forKeyedSubscript": self._entry,
        }

    def sent(self, machine: Machine) -> int | None:
        """Answer a message; nobody answers nothing."""
        receiver, message = machine.argument(0), machine.string(machine.argument(1)).decode("utf-8", "replace")
        words = message.removesuffix(":")
        if not receiver or words in _ITSELF:
            return receiver
        if words in self._told:
            return self._told[words](machine)
        if words.startswith("set") or words in _PLAIN:
            return machine.allocate(OBJECT_SIZE)
        return self._made(machine, _node(machine, message))

    def _made(self, machine: Machine, node: Node) -> int:
        at = machine.allocate(OBJECT_SIZE)
        self._nodes[at] = node
        return at

    def _data(self, machine: Machine) -> int:
        receiver = machine.argument(0)
        self._buffers[receiver] = machine.argument(2)
        return receiver

    def _dictionary(self, machine: Machine) -> int:
        """Remember which tensor is to stand in which buffer: so a graph is told of its inputs, and of its outputs."""
        for place in range(0, POINTER * machine.argument(4), POINTER):
            data, tensor = (machine.word(machine.argument(index) + place) for index in (2, 3))
            self._pairs[tensor] = self._buffers.get(data, 0)
        return machine.allocate(OBJECT_SIZE)

    def _entry(self, machine: Machine) -> int:
        self._pairs[machine.argument(3)] = self._buffers.get(machine.argument(2), 0)
        return 0

    def built(self, buffers: Mapping[int, str], output: int) -> str:
        """Return what is computed into the buffer `output`, in terms of the `buffers` of the inputs; '': nothing is."""
        found = [tensor for tensor, buffer in self._pairs.items() if output and buffer == output]
        return self._written(found[-1], buffers) if found else ""

    def _written(self, tensor: int, buffers: Mapping[int, str]) -> str:
        node = self._nodes.get(tensor, Node("?"))
        if not node.name:
            return buffers.get(self._pairs.get(tensor, 0), "?")
        operands = ", ".join(self._written(operand, buffers) for operand in node.operands)
        return f"{node.name}({operands})" if operands else node.name


def _node(machine: Machine, message: str) -> Node:
    """Return the node that a message makes."""
    words = message.removesuffix(":").split(":")
    if words[0] == "constantWithScalar":
        return Node(f"{machine.real(0):g}")
    found = _NODE.match(words[0])
    if found is None or words[-1] != "name":
        raise Fault(f"{message} was sent to an object of Apple's, and nobody knows what it answers")
    places = [word for word in words if word not in _REAL]
    if len(places) > _REGISTERS:
        raise Fault(f"{message} has more arguments than registers hold")
    return Node(found[1], tuple(
        machine.argument(index) for index, word in enumerate(places, 2) if _OPERAND.search(word)
    ))  # fmt: skip


_REGISTERS: Final = 6
"""Registers of arguments behind the receiver and the message."""


_METHODS: Final = 64


def stream(machine: Machine) -> int:
    """Return a stream: each of its methods asks for the answer to `STREAM`."""
    found, methods = machine.allocate(OBJECT_SIZE), machine.allocate(POINTER * _METHODS)
    for index in range(_METHODS):
        machine.put(methods + POINTER * index, machine.place(STREAM))
    machine.put(found, methods)
    return found


def _same(machine: Machine) -> int:
    return machine.argument(0)


OBJECTS.to(
    "_objc_retain", "_objc_autorelease", "_objc_retainAutorelease", "_objc_retainAutoreleaseReturnValue",
    "_objc_retainAutoreleasedReturnValue", "_objc_autoreleaseReturnValue", "_objc_retainBlock",
    "_objc_unsafeClaimAutoreleasedReturnValue", "_objc_claimAutoreleasedReturnValue", "__Block_copy",
    "_objc_opt_class", "_objc_opt_self",
)(_same)  # fmt: skip
OBJECTS.all((f"_objc_{what}_x{number}" for what in ("retain", "release") for number in range(29)), None)
OBJECTS.all(("_objc_release", "__Block_release", "__Block_object_dispose", "_objc_autoreleasePoolPop"), None)
OBJECTS.all(("_objc_autoreleasePoolPush",), 1)

_INVOKE: Final = 2 * POINTER
"""Where a block has its function (`Block_private.h`)."""
_DONE: Final = (1 << 64) - 1


@OBJECTS.to("_dispatch_sync", "_dispatch_async")
def dispatch(machine: Machine) -> None:
    """Run a block at once."""
    _run(machine, machine.argument(1))


@OBJECTS.to("_dispatch_once")
def dispatch_once(machine: Machine) -> None:
    """Run a block, unless it was run before."""
    flag = machine.argument(0)
    if machine.word(flag) != _DONE:
        machine.put(flag, _DONE)
        _run(machine, machine.argument(1))


def _run(machine: Machine, block: int) -> None:
    machine.go_on_at(machine.word(block + _INVOKE), block)
