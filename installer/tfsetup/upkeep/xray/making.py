"""A kernel of one case while it is made and run: its attributes, inputs, outputs, and whether it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Final

from tfsetup.upkeep.xray.fusions import Case, Sizes
from tfsetup.upkeep.xray.graphs import Attribute, Type
from tfsetup.upkeep.xray.machine import Fault, Machine
from tfsetup.upkeep.xray.tf_api import STATUS_SIZE

SIZES: Final = {1: 4, 14: 2, 19: 2}
"""Bytes of an element of TensorFlow's float32, bfloat16 and float16."""


@dataclass(kw_only=True, slots=True)
class Tensor:
    """A tensor: its form, and where its elements lie."""

    sizes: Sizes
    data: int


class Making:
    """A case, as TensorFlow tells a kernel of it. `stream`: what kernels are run on."""

    def __init__(self, machine: Machine, case: Case, type_: int, stream: int) -> None:
        """Start with the inputs there, and no output."""
        self.case, self.type, self.stream = case, type_, stream
        self.context = machine.allocate(STATUS_SIZE)
        self.refused: int | None = None
        """The code of the error with which the kernel refuses; None: it does not."""
        self.outputs: dict[int, int] = {}
        """The buffer of each output, by its number."""
        self._tensors: dict[int, Tensor] = {}
        self._inputs = {name: self._new(machine, sizes) for name, sizes in case.inputs.items()}

    @property
    def buffers(self) -> Mapping[int, str]:
        """The inputs by their buffers."""
        return {self._tensors[at].data: name for name, at in self._inputs.items()}

    def attribute(self, name: str) -> Attribute:
        """Return an attribute of the operation.

        Raises:
            Fault: it has no such attribute.
        """
        if name in ("T", "U"):
            return Type(self.type if name == "T" else 1)
        if name not in self.case.attributes:
            raise Fault(f"the kernel asks for {name}, and {self.case.op} is asked without it")
        return self.case.attributes[name]

    def input(self, number: int) -> int:
        """Return the tensor of an input."""
        if number >= len(self._inputs):
            raise Fault(f"the kernel asks for input {number}, and {self.case.op} has {len(self._inputs)}")
        return list(self._inputs.values())[number]

    def allocate(self, machine: Machine, sizes: Sizes, output: int | None = None) -> int:
        """Return a new tensor."""
        at = self._new(machine, sizes)
        if output is not None:
            self.outputs[output] = self._tensors[at].data
        return at

    def tensor(self, at: int) -> Tensor:
        """Return what is known of a tensor."""
        if at not in self._tensors:
            raise Fault("the kernel asks for a tensor that there is not")
        return self._tensors[at]

    def share(self, one: int, other: int, sizes: Sizes) -> None:
        """Let a tensor be another one's data in another form."""
        self._tensors[other] = Tensor(sizes=sizes, data=self.tensor(one).data)

    def _new(self, machine: Machine, sizes: Sizes) -> int:
        at, data = machine.allocate(STATUS_SIZE), machine.allocate(SIZES[self.type] * prod(sizes) + STATUS_SIZE)
        self._tensors[at] = Tensor(sizes=sizes, data=data)
        return at

    @property
    def output(self) -> int:
        """The buffer of the first output; 0: there is none yet."""
        return self.outputs.get(0, 0)

    @property
    def inputs(self) -> int:
        """How many inputs there are."""
        return len(self._inputs)
