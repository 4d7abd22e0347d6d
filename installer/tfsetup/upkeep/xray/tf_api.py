"""What TensorFlow's C API answers an optimizer: status objects, which nodes must stay, and what is known of shapes.

Source: `tensorflow/c/experimental/grappler/grappler.h`, `tensorflow/c/tf_status.h`.
"""

from __future__ import annotations

from tfsetup.upkeep.xray.machine import Machine
from tfsetup.upkeep.xray.table import Table

TF_API = Table()

STATUS_SIZE = 64

TF_API.all(("_TF_DeleteStatus", "_TF_DeleteGraphProperties", "_TF_DeleteBuffer"), 0)
TF_API.all(("_TF_InferStatically",), 0)


@TF_API.to("_TF_NewStatus", "_TF_NewGraphProperties")
def new_object(machine: Machine) -> int:
    """A status that says all is well, or an object to be asked for shapes."""
    return machine.allocate(STATUS_SIZE)


@TF_API.to("_TF_SetStatus")
def set_status(machine: Machine) -> None:
    """Remember what a status was set to."""
    machine.statuses[machine.argument(0)] = (machine.small(1), machine.string(machine.argument(2)))


def status_of(machine: Machine, status: int) -> tuple[int, bytes]:
    """Return code and message of a status."""
    return machine.statuses.get(status, (0, b""))


@TF_API.to("_TF_GetCode")
def get_code(machine: Machine) -> int:
    """Return a status's code."""
    return status_of(machine, machine.argument(0))[0]


@TF_API.to("_TF_Message")
def message(machine: Machine) -> int:
    """Return a status's message."""
    return machine.keep(status_of(machine, machine.argument(0))[1])


@TF_API.to("_TF_GetNodesToPreserveListSize", "_TF_GetFetchNodesListSize")
def list_size(machine: Machine) -> int:
    """Say how many names there are, and how many bytes they need."""
    names = machine.kept[machine.argument(0)]
    machine.write(machine.argument(1), len(names).to_bytes(4, "little"))
    machine.put(machine.argument(2), sum(map(len, names)))
    return 0


@TF_API.to("_TF_GetNodesToPreserveList", "_TF_GetFetchNodesList")
def list_names(machine: Machine) -> int:
    """Copy the names, with pointers to them and their lengths."""
    values, lengths, storage = (machine.argument(index) for index in (1, 2, 4))
    for index, name in enumerate(machine.kept[machine.argument(0)][: machine.small(3)]):
        machine.write(storage, name)
        machine.put(values + 8 * index, storage)
        machine.put(lengths + 8 * index, len(name))
        storage += len(name)
    return 0
