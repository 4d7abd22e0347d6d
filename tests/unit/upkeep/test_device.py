"""A plugin's device is made to see what it reads of the environment then, and what it sets."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.kernel_plugin import RELU_KERNEL, Device, plugin, with_device
from support.tiny_macho import Tiny, build
from tfsetup.graphs.kernels import Tried
from tfsetup.loader.bytes import Memory
from tfsetup.upkeep.xray.answers import ANSWERS
from tfsetup.upkeep.xray.device import Devices
from tfsetup.upkeep.xray.images import read_image
from tfsetup.upkeep.xray.machine import Fault, Machine
from tfsetup.upkeep.xray.registrations import Room
from tfsetup.upkeep.xray.wheels import Library


def tried(content: bytes) -> Tried:
    room = Room(read_image(Memory(build(Tiny())), "arm64"))
    return room.tried(Library(version="9.1.0", wheels=("w.whl",), content=content), "arm64")


def test_what_is_read_and_set_with_the_device_is_told() -> None:
    assert tried(with_device(Device(), RELU_KERNEL)).variables == {
        "CACHE_SWITCH": "the device",
        "DEVICE_SWITCH": "the device",
        "OTHER_SWITCH": "set to 7 with the device",
    }


def test_what_was_read_before_a_message_nobody_knows_counts() -> None:
    found = tried(with_device(Device(message="newLibrary"), RELU_KERNEL))
    assert found.variables == {"DEVICE_SWITCH": "the device", "OTHER_SWITCH": "set to 7 with the device"}
    assert found.fused == {"Relu": {"": "reLU(x)"}}


def test_a_plugin_without_a_platform_reads_and_sets_nothing_with_one() -> None:
    assert tried(plugin(RELU_KERNEL)).variables == {}


def test_what_a_kernel_reads_too_was_read_there_first() -> None:
    reading = replace(RELU_KERNEL, reads="CACHE_SWITCH")
    assert tried(with_device(Device(), reading)).variables["CACHE_SWITCH"] == "a kernel"


def test_one_plugin_s_settings_are_not_the_next_one_s() -> None:
    room = Room(read_image(Memory(build(Tiny())), "arm64"))
    for content, expected in ((with_device(Device(), RELU_KERNEL), 3), (plugin(RELU_KERNEL), 0)):
        library = Library(version="9.1.0", wheels=("w.whl",), content=content)
        assert len(room.tried(library, "arm64").variables) == expected


def loaded(devices: Devices, content: bytes) -> Machine:
    machine = Machine({**ANSWERS, **devices.table, "_objc_msgSend": devices.sent, "_abort": ANSWERS["_abort"]})
    machine.load(read_image(Memory(content), "arm64"))
    return machine


def test_the_making_ends_with_a_fault_where_it_cannot_go_on() -> None:
    devices = Devices()
    with pytest.raises(Fault, match="newLibrary was sent to a device"):
        devices.make(loaded(devices, with_device(Device(message="newLibrary"), RELU_KERNEL)))
    with pytest.raises(Fault, match="registers no platform"):
        devices.make(loaded(devices, plugin(RELU_KERNEL)))


def test_nothing_is_known_of_the_system_before_a_device_is_made() -> None:
    devices = Devices()
    machine = Machine(devices.table)
    place = machine.allocate(8)
    assert machine.call(machine.place("_sysctl"), 0, 2, place) == (1 << 64) - 1
    assert machine.word(place) == 0


@pytest.mark.parametrize(("message", "answer"), [("count", 1), ("maxBufferLength", 16 << 30)])
def test_the_one_device_answers_what_is_known_of_it(message: str, answer: int) -> None:
    devices = Devices()
    machine = Machine({"_objc_msgSend": devices.sent})
    assert machine.call(machine.place("_objc_msgSend"), 1, machine.keep(message.encode())) == answer


def test_its_name_is_a_text() -> None:
    devices = Devices()
    machine = Machine({"_objc_msgSend": devices.sent})
    at = machine.call(machine.place("_objc_msgSend"), 1, machine.keep(b"UTF8String"))
    assert machine.string(at).startswith(b"Apple")
