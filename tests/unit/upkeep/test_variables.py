"""Which variables a plugin reads and when: seen under the emulator, else found in its code."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.kernel_plugin import CONVOLUTION_KERNEL, RELU_KERNEL, plugin
from support.tiny_macho import CODE, DATA, RET, Tiny, add, adr, build, movz
from support.tiny_macho import plugin as optimizing
from tfsetup.loader.bytes import Memory
from tfsetup.upkeep.xray.asked import GRAPHS
from tfsetup.upkeep.xray.graphs import write_graph
from tfsetup.upkeep.xray.images import Image, read_image
from tfsetup.upkeep.xray.machine import Machine
from tfsetup.upkeep.xray.registrations import Room
from tfsetup.upkeep.xray.variables import UNKNOWN, Readings, named, variables
from tfsetup.upkeep.xray.wheels import Library

NAMES = CODE + 0x100
PAGE = 0x90000000
BRANCH_X16 = 0xD61F0200


def image(tiny: Tiny) -> Image:
    return read_image(Memory(build(tiny)), "arm64")


def call(distance: int) -> int:
    return 0x94000000 | distance // 4 & 0x3FFFFFF


def ldr_x16(distance: int) -> int:
    return 0x58000010 | (distance // 4 & 0x7FFFF) << 5


LITERAL_STUB = (0xD503201F, ldr_x16(DATA - CODE - 4), BRANCH_X16, RET)
"""nop; ldr x16, the slot; br x16."""
PAGE_STUB = (PAGE | 16 | (3 << 29) | 0 << 5, 0xF9400210, BRANCH_X16, RET)
"""adrp x16, three pages on; ldr x16, [x16]; br x16."""


TEXTS = b"FIRST_NAME\0\0\0\0\0\0SECOND\0"


def asking(
    *words: int, stub: tuple[int, ...] = LITERAL_STUB, texts: bytes = b"FIRST_NAME\0\0\0\0\0\0SECOND\0"
) -> Image:
    """An image whose stub of `getenv` stands first, then these words; the names stand at NAMES."""
    code = [*stub, *words]
    code += [RET] * ((NAMES - CODE) // 4 - len(code))
    code += [int.from_bytes(texts[at : at + 4].ljust(4, b"\0"), "little") for at in range(0, len(texts), 4)]
    return image(Tiny(code=code, binds={0: "_getenv"}))


def name_at(at: int, index: int) -> int:
    """Return `adr x0` at the word `at` behind the stub, of the first or second name."""
    return adr(0, NAMES + 16 * index - (CODE + 16 + 4 * at))


def call_at(at: int) -> int:
    return call(-(16 + 4 * at))


@pytest.mark.parametrize("stub", [LITERAL_STUB, PAGE_STUB], ids=["literal", "page"])
def test_a_call_and_its_constant_name_are_found(stub: tuple[int, ...]) -> None:
    assert named(asking(name_at(0, 0), call_at(1), stub=stub)) == {"FIRST_NAME"}


def test_the_name_may_stand_some_instructions_before_the_call() -> None:
    found = asking(name_at(0, 1), 0xD503201F, movz(1, 3), call_at(3), name_at(4, 0), call_at(5))
    assert named(found) == {"FIRST_NAME", "SECOND"}


def test_a_name_by_page_and_offset() -> None:
    offset = NAMES & 0xFFF
    assert named(asking(PAGE, add(0, 0, offset), call_at(2))) == {"FIRST_NAME"}


def test_a_name_that_is_no_constant_is_said_to_be_unknown() -> None:
    assert named(asking(movz(0, 5), call_at(1))) == {UNKNOWN}


def test_a_call_of_something_else_is_none() -> None:
    assert named(asking(name_at(0, 0), call(8), RET, RET)) == frozenset()
    assert named(image(Tiny(code=[adr(0, 0x100), call(-4)]))) == frozenset()


def test_what_was_seen_goes_before_what_is_found() -> None:
    seen, sets = {"SECOND": "each graph"}, {"THIRD": "7"}
    found = variables(asking(name_at(0, 0), call_at(1), name_at(2, 1), call_at(3)), seen, sets)
    assert found == {"FIRST_NAME": "not seen", "SECOND": "each graph", "THIRD": "set to 7 with the device"}


def test_the_first_phase_counts_and_only_the_plugin_s_own_asking() -> None:
    machine = Machine({})
    machine.asked = [("A", 0), ("FRAMEWORK", 1), ("NOBODY", None)]
    readings = Readings(machine)
    machine.asked += [("A", 0), ("B", 0)]
    readings.phase("registering")
    assert readings.seen == {"A": "loading", "B": "registering"}


def test_what_is_read_at_the_second_graph_too_is_read_at_each() -> None:
    machine = Machine({})
    readings = Readings(machine)
    for names in (("ONCE", "ALWAYS"), ("ALWAYS",), ("ALWAYS", "ONCE")):
        machine.asked += [(name, 0) for name in names]
        readings.graph()
        if names == ("ALWAYS",):
            assert readings.seen == {"ONCE": "the first graph", "ALWAYS": "each graph"}


def read(content: bytes) -> dict[str, str]:
    room = Room(image(Tiny()))
    return dict(room.tried(Library(version="9.1.0", wheels=("w.whl",), content=content), "arm64").variables)


def test_a_kernel_that_reads_a_variable_is_seen_to() -> None:
    reading = replace(RELU_KERNEL, reads="SOME_SWITCH")
    assert read(plugin(reading, CONVOLUTION_KERNEL))["SOME_SWITCH"] == "a kernel"


def test_an_optimizer_that_reads_one_for_every_graph_is_seen_to() -> None:
    both = optimizing(write_graph(GRAPHS["dense"]), b"LEAVE_IT", registers=True)
    assert read(both) == {"LEAVE_IT": "each graph"}
