"""A plugin's device, made as TensorFlow makes it: to see what it reads of the environment then, and what it sets.

There is one GPU, of which next to nothing is known; whoever asks for more ends the making, and what was read until then
counts. Source: `tensorflow/c/experimental/stream_executor/stream_executor.h` (SE_PlatformRegistrationParams,
SE_PlatformFns, SE_CreateDeviceParams).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tfsetup.upkeep.xray.machine import Fault, Machine
from tfsetup.upkeep.xray.objects import OBJECT_SIZE
from tfsetup.upkeep.xray.optimizer import be_well
from tfsetup.upkeep.xray.table import Table
from tfsetup.upkeep.xray.tf_api import STATUS_SIZE

_SIZES: Final = {"parameters": 72, "platform": 64, "functions": 200, "creation": 32, "device": 80}
"""Bytes of each structure; newer releases have longer ones, and look at what they are told."""
_PLATFORM, _FUNCTIONS = 32, 40
_CREATE_DEVICE: Final = 24
_DEVICE: Final = 24
_MEMORY: Final = 16 << 30
_NAME: Final = b"Apple M1"

_NUMBERS: Final[Mapping[str, int]] = {
    "count": 1, "containsString:": 1, "recommendedMaxWorkingSetSize": _MEMORY, "registryID": 1, "isLowPower": 0,
    "isRemovable": 0, "hasUnifiedMemory": 1, "supportsFamily:": 1, "maxBufferLength": _MEMORY,
}  # fmt: skip
_TEXTS: Final = frozenset(("UTF8String", "cStringUsingEncoding:"))
_OBJECTS: Final = frozenset((
    "name", "objectAtIndexedSubscript:", "objectAtIndex:", "newCommandQueue", "newSharedEvent", "newEvent",
    "initWithDispatchQueue:", "init",
))  # fmt: skip


class Devices:
    """Answers what a plugin asks of Apple's Metal while it makes its device, and remembers what it sets."""

    def __init__(self) -> None:
        """Start with no device being made: until one is, nothing is known of the system."""
        self.sets: dict[str, str] = {}
        self.table = Table()
        self._making = False
        self.table.to("_MTLCopyAllDevices", "_MTLCreateSystemDefaultDevice", "_localtime")(_object)
        self.table.to("_setenv")(self._set)
        self.table.to("_sysctl")(self._sysctl)
        self.table.all(("_strftime", "_snprintf", "_localtime_r", "_time", "_gettimeofday"), 0)

    def make(self, machine: Machine) -> None:
        """Let a plugin register its platform and make its first device.

        Raises:
            Fault: it cannot be run to its end, or says that it failed.
        """
        self.sets = {}
        register = machine.export(0, "_SE_InitPlugin")
        if register is None:
            raise Fault("the plugin registers no platform")
        self._making = True
        try:
            _make(machine, register)
        finally:
            self._making = False

    def sent(self, machine: Machine) -> int:
        """Answer a message to the one device, or to what was got from it."""
        message = machine.string(machine.argument(1)).decode("utf-8", "replace")
        if message in _NUMBERS:
            return _NUMBERS[message]
        if message in _TEXTS:
            return machine.keep(_NAME)
        if message in _OBJECTS:
            return machine.allocate(OBJECT_SIZE)
        raise Fault(f"{message} was sent to a device, and nobody knows what it answers")

    def _set(self, machine: Machine) -> int:
        name, value = (machine.string(machine.argument(index)).decode("utf-8", "replace") for index in (0, 1))
        if machine.caller == 0:
            self.sets[name] = value
        return 0

    def _sysctl(self, machine: Machine) -> int:
        """Say how much memory there is, which is the one thing that is asked; nothing, before a device is made."""
        if not self._making:
            return -1
        machine.put(machine.argument(2), _MEMORY)
        return 0


def _object(machine: Machine) -> int:
    return machine.allocate(OBJECT_SIZE)


def _make(machine: Machine, register: int) -> None:
    at = {name: machine.allocate(size) for name, size in _SIZES.items()}
    for name, size in _SIZES.items():
        machine.put(at[name], size)
    status = machine.allocate(STATUS_SIZE)
    machine.put(at["parameters"] + _PLATFORM, at["platform"])
    machine.put(at["parameters"] + _FUNCTIONS, at["functions"])
    machine.call(register, at["parameters"], status)
    be_well(machine, status)
    machine.put(at["creation"] + _DEVICE, at["device"])
    machine.call(machine.word(at["functions"] + _CREATE_DEVICE), at["platform"], at["creation"], status)
    be_well(machine, status)
