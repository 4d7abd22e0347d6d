"""What TensorFlow's C API answers a kernel that is made and run.

Source: `tensorflow/c/kernels.h` (TF_OpKernelConstruction_GetAttr*, TF_GetInput, TF_AllocateOutput …),
`tensorflow/c/tf_tensor.h`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Final, TypeVar

from tfsetup.upkeep.xray.fixups import POINTER
from tfsetup.upkeep.xray.fusions import Sizes
from tfsetup.upkeep.xray.graphs import Attribute, Type
from tfsetup.upkeep.xray.machine import Answer, Fault, Machine
from tfsetup.upkeep.xray.making import SIZES, Making
from tfsetup.upkeep.xray.table import Table
from tfsetup.upkeep.xray.tf_api import status_of

E = TypeVar("E", bytes, int)

Told = Callable[[Machine, Making], "int | None"]


def table(now: Callable[[], Making]) -> Table:
    """Return the answers; `now`: the case that is being run."""
    found = Table()
    for name, told in _TOLD.items():
        found.to(f"_TF_{name}")(_answer(told, now))
    found.all(("_TF_DeleteTensor",), 0)
    return found


def _answer(told: Told, now: Callable[[], Making]) -> Answer:
    return lambda machine: told(machine, now())


def _attribute(machine: Machine, making: Making) -> Attribute:
    return making.attribute(machine.string(machine.argument(1)).decode("utf-8", "replace"))


def _number(form: str) -> Told:
    """Write a number where it is wanted."""

    def told(machine: Machine, making: Making) -> int:
        value = _attribute(machine, making)
        number = value.number if isinstance(value, Type) else value
        if not isinstance(number, bool | int | float):
            raise Fault("the kernel takes an attribute for a number that is none")
        machine.write(machine.argument(2), struct.pack(form, number))
        return 0

    return told


def _size(machine: Machine, making: Making) -> int:
    """Say how long a list is (-1: it is none), and how many bytes its texts, or the one text, have."""
    value = _attribute(machine, making)
    items = value if isinstance(value, tuple) else (value,)
    texts = [item for item in items if isinstance(item, bytes)]
    lengths = (len(value) if isinstance(value, tuple) else -1, sum(map(len, texts)) if texts else -1)
    for index, length in enumerate(lengths, 2):
        machine.write(machine.argument(index), struct.pack("<i", length))
    return 0


def _text(machine: Machine, making: Making) -> int:
    value = _attribute(machine, making)
    machine.write(machine.argument(2), value[: machine.small(3)] if isinstance(value, bytes) else b"")
    return 0


def _texts(machine: Machine, making: Making) -> int:
    """Copy the texts of a list, with pointers to them and their lengths."""
    values, lengths, storage = (machine.argument(index) for index in (2, 3, 5))
    for index, item in enumerate(_listed(machine, making, bytes)[: machine.small(4)]):
        machine.write(storage, item)
        machine.put(values + POINTER * index, storage)
        machine.put(lengths + POINTER * index, len(item))
        storage += len(item)
    return 0


def _numbers(form: str) -> Told:
    def told(machine: Machine, making: Making) -> int:
        numbers = _listed(machine, making, int)[: machine.small(3)]
        machine.write(machine.argument(2), b"".join(struct.pack(form, number) for number in numbers))
        return 0

    return told


def _listed(machine: Machine, making: Making, kind: type[E]) -> Sequence[E]:
    value = _attribute(machine, making)
    return [item for item in value if isinstance(item, kind)] if isinstance(value, tuple) else []


# -------------------------------------------------------------------------------------------------- inputs and outputs


def _sizes(machine: Machine, first: int) -> Sizes:
    """Return a form that is given as a pointer and a count."""
    at, count = machine.argument(first), machine.small(first + 1)
    return struct.unpack(f"<{count}q", machine.read(at, POINTER * count))


def _input(machine: Machine, making: Making) -> int:
    machine.put(machine.argument(2), making.input(machine.small(1)))
    return 0


def _output(machine: Machine, making: Making) -> int:
    return making.allocate(machine, _sizes(machine, 3), machine.small(1))


def _forwarded(machine: Machine, making: Making) -> int:
    """Give an output memory of its own: no input is given up for it."""
    if told := machine.argument(6):
        machine.write(told, struct.pack("<i", -1))
    return making.allocate(machine, _sizes(machine, 4), machine.small(3))


def _bitcast(machine: Machine, making: Making) -> int:
    making.share(machine.argument(0), machine.argument(2), _sizes(machine, 3))
    return 0


def _set_output(machine: Machine, making: Making) -> int:
    making.outputs[machine.small(1)] = making.tensor(machine.argument(2)).data
    return 0


def _given(machine: Machine, making: Making) -> Sizes:
    return making.tensor(machine.argument(0)).sizes


def _refused(machine: Machine, making: Making) -> int:
    making.refused, _message = status_of(machine, machine.argument(1))
    return 0


_TOLD: Final[Mapping[str, Told]] = {
    "OpKernelConstruction_GetAttrType": _number("<i"),
    "OpKernelConstruction_GetAttrBool": _number("<?"),
    "OpKernelConstruction_GetAttrInt32": _number("<i"),
    "OpKernelConstruction_GetAttrInt64": _number("<q"),
    "OpKernelConstruction_GetAttrFloat": _number("<f"),
    "OpKernelConstruction_GetAttrSize": _size,
    "OpKernelConstruction_GetAttrString": _text,
    "OpKernelConstruction_GetAttrStringList": _texts,
    "OpKernelConstruction_GetAttrInt32List": _numbers("<i"),
    "OpKernelConstruction_GetAttrInt64List": _numbers("<q"),
    "OpKernelConstruction_HasAttr": lambda machine, making: int(
        machine.string(machine.argument(1)).decode("utf-8", "replace") in making.case.attributes
    ),
    "OpKernelConstruction_Failure": _refused,
    "OpKernelContext_Failure": _refused,
    "GetInput": _input,
    "NumInputs": lambda _machine, making: making.inputs,
    "AllocateOutput": _output,
    "ForwardInputOrAllocateOutput": _forwarded,
    "AllocateTemp": lambda machine, making: making.allocate(machine, _sizes(machine, 2)),
    "AllocateTensor": lambda machine, making: making.allocate(machine, _sizes(machine, 1)),
    "TensorBitcastFrom": _bitcast,
    "SetOutput": _set_output,
    "ExpectedOutputDataType": lambda _machine, making: making.type,
    "GetStream": lambda _machine, making: making.stream,
    "NumDims": lambda machine, making: len(_given(machine, making)),
    "Dim": lambda machine, making: _given(machine, making)[machine.small(1)],
    "TensorElementCount": lambda machine, making: prod(_given(machine, making)),
    "TensorByteSize": lambda machine, making: SIZES[making.type] * prod(_given(machine, making)),
    "TensorData": lambda machine, making: making.tensor(machine.argument(0)).data,
    "TensorType": lambda _machine, making: making.type,
    "DataTypeSize": lambda machine, making: SIZES.get(machine.small(0), SIZES[making.type]),
}
"""By the name of the function, without its `TF_`."""
