"""Where each operation of a model runs: on the plugin's device, beside it in host memory, or on the CPU. Pure.

As TensorFlow's placer finds it: a kernel the plugin registers, else one that TensorFlow has for every device. A kernel
all of whose arguments are in host memory computes on the CPU on purpose (shapes, indices) and nothing waits for it; an
operation without a kernel is computed on the CPU after its inputs were copied there, and its result is copied back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tfsetup.graphs.kernels import Kernels, Ops, Words, in_host_memory, matches
from tfsetup.graphs.model import Counted, Defined, Operation

Place = Literal["device", "host", "cpu", "undecided"]

_UNKNOWN = Defined(arguments=frozenset(), defaults={})


@dataclass(frozen=True, kw_only=True, slots=True)
class Placed:
    """An operation, how often it stands in the model, and where it runs."""

    operation: Operation
    count: int
    place: Place


def placed(counted: Counted, kernels: Mapping[str, Kernels], everywhere: Ops) -> tuple[Placed, ...]:
    """Return where each operation runs, most frequent first.

    `kernels`: what the plugin registers, for each kind of system that may be meant; where two of them differ in an
    operation it is undecided, and so is everything where there is none. `everywhere`: TensorFlow's own.
    """
    found = (
        Placed(operation=operation, count=count, place=place(operation, counted.definitions, kernels, everywhere))
        for operation, count in counted.operations.items()
    )
    return tuple(sorted(found, key=lambda one: (-one.count, one.operation)))


def place(
    operation: Operation, definitions: Mapping[str, Defined], kernels: Mapping[str, Kernels], everywhere: Ops
) -> Place:
    """Return where an operation runs; see `placed`."""
    defined = definitions.get(operation.op, _UNKNOWN)
    places = {_among(operation, defined, (own.ops, everywhere)) for own in kernels.values()}
    return next(iter(places)) if len(places) == 1 else "undecided"


def _among(operation: Operation, defined: Defined, sets: tuple[Ops, ...]) -> Place:
    """Return the place by the first set that has a kernel for it; a kernel before it that may fit leaves it open."""
    may_fit = False
    for words in (words for ops in sets for words in ops.get(operation.op, ())):
        fits = matches(words, operation)
        if fits:
            return "undecided" if may_fit else _memory(words, defined)
        may_fit = may_fit or fits is None
    return "undecided" if may_fit else "cpu"


def _memory(words: Words, defined: Defined) -> Place:
    """Tell a kernel that computes on the device from one that has nothing there."""
    return "host" if defined.arguments and defined.arguments <= in_host_memory(words) else "device"
