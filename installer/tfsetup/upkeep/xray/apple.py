"""What Apple's frameworks answer: objects that are there and do nothing. An optimizer asks them for next to nothing."""

from __future__ import annotations

from tfsetup.upkeep.xray.machine import Machine
from tfsetup.upkeep.xray.table import Table

APPLE = Table()

OBJECT_SIZE = 64


@APPLE.to("_dispatch_queue_create", "_objc_alloc", "_objc_alloc_init", "_objc_opt_new")
def new_object(machine: Machine) -> int:
    """Return a new object."""
    return machine.allocate(OBJECT_SIZE)
