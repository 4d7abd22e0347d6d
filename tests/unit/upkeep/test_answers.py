"""The table of answers: each one does what the C function, libc++ or TensorFlow's C API does."""

from __future__ import annotations

import struct

import pytest

from tfsetup.upkeep.xray.answers import ANSWERS
from tfsetup.upkeep.xray.libcxx import read_string, write_string
from tfsetup.upkeep.xray.machine import Fault, Machine
from tfsetup.upkeep.xray.table import Table

STRING = "NSt3__112basic_stringIcNS_11char_traitsIcEENS_9allocatorIcEEE"


@pytest.fixture
def machine() -> Machine:
    return Machine(ANSWERS, {"HOME": "/Users/me"})


def ask(machine: Machine, name: str, *arguments: int) -> int:
    return machine.call(machine.place(name), *arguments)


def small(value: int) -> int:
    return struct.unpack("<i", struct.pack("<I", value & 0xFFFFFFFF))[0]  # type: ignore[no-any-return]


def text(machine: Machine, content: bytes) -> int:
    """Return the address of a std::string."""
    at = machine.allocate(24)
    write_string(machine, at, content)
    return at


def test_memory(machine: Machine) -> None:
    one = ask(machine, "_malloc", 8)
    machine.write(one, b"12345678")
    other = ask(machine, "_realloc", one, 100)
    assert machine.read(other, 9) == b"12345678\0"
    assert machine.read(ask(machine, "_realloc", other, 4), 4) == b"1234"
    assert machine.size_of(ask(machine, "_calloc", 3, 32)) == 96
    assert machine.size_of(ask(machine, "__Znwm", 40)) == 40
    place = machine.allocate(8)
    assert ask(machine, "_posix_memalign", place, 64, 100) == 0
    assert machine.word(place) % 64 == 0


def test_copying_and_filling(machine: Machine) -> None:
    source, target = machine.keep(b"abcdef"), machine.allocate(16)
    assert ask(machine, "_memcpy", target, source, 3) == target
    assert machine.read(target, 4) == b"abc\0"
    ask(machine, "_memmove", target + 1, target, 3)
    assert machine.read(target, 4) == b"aabc"
    assert ask(machine, "_memset", target, 0x141, 2) == target
    assert machine.read(target, 3) == b"AAb"
    ask(machine, "_bzero", target, 2)
    assert machine.read(target, 3) == b"\0\0b"


@pytest.mark.parametrize(("one", "other", "result"), [(b"Relu", b"Relu", 0), (b"Relu", b"Relu6", -1), (b"b", b"a", 1)])
def test_comparing(machine: Machine, one: bytes, other: bytes, result: int) -> None:
    left, right = machine.keep(one), machine.keep(other)
    assert small(ask(machine, "_strcmp", left, right)) == result
    assert small(ask(machine, "_strncmp", left, right, 10)) == result
    assert small(ask(machine, "_memcmp", left, right, 5)) == result
    assert small(ask(machine, "_strncmp", machine.keep(b"Relu"), machine.keep(b"Relu6"), 4)) == 0


def test_looking_for_a_byte(machine: Machine) -> None:
    at = machine.keep(b"GPU:0")
    assert ask(machine, "_memchr", at, ord(":"), 5) == at + 3
    assert ask(machine, "_memchr", at, ord("x"), 5) == 0
    assert ask(machine, "_strlen", at) == 5


def test_the_environment_is_the_one_asked_about_and_no_other(machine: Machine) -> None:
    assert machine.string(ask(machine, "_getenv", machine.keep(b"HOME"))) == b"/Users/me"
    assert ask(machine, "_getenv", machine.keep(b"PATH")) == 0


def test_time_stands_still(machine: Machine) -> None:
    at = machine.allocate(16)
    assert ask(machine, "_clock_gettime", 0, at) == 0
    first = machine.read(at, 16)
    ask(machine, "_clock_gettime", 0, at)
    assert machine.read(at, 16) == first
    assert ask(machine, "_mach_absolute_time") == 0


def test_a_variable_of_the_thread_is_the_same_each_time(machine: Machine) -> None:
    one, other = machine.allocate(24), machine.allocate(24)
    assert ask(machine, "__tlv_bootstrap", one) == ask(machine, "__tlv_bootstrap", one)
    assert ask(machine, "__tlv_bootstrap", one) != ask(machine, "__tlv_bootstrap", other)


@pytest.mark.parametrize("content", [b"", b"x" * 22, b"x" * 23, b"x" * 500, b"a\0b"])
def test_a_string_is_read_as_it_was_written(machine: Machine, content: bytes) -> None:
    assert read_string(machine, text(machine, content)) == content


def test_a_long_string_says_so_in_its_last_bit_and_ends_in_a_nul(machine: Machine) -> None:
    at = text(machine, b"y" * 23)
    pointer, size, capacity = struct.unpack("<3Q", machine.read(at, 24))
    assert machine.read(pointer, 24) == b"y" * 23 + b"\0"
    assert (size, capacity >> 63) == (23, 1)
    assert machine.read(text(machine, b"ab"), 24)[-1] == 2


def test_strings_are_made(machine: Machine) -> None:
    at, source = machine.allocate(24), machine.keep(b"BiasAdd")
    for name, arguments, result in (
        (f"__Z{STRING}6__initEPKcm", (source, 4), b"Bias"),
        (f"__Z{STRING}6assignEPKcm", (source, 2), b"Bi"),
        (f"__Z{STRING}6assignEPKc", (source,), b"BiasAdd"),
        (f"__Z{STRING}C1ERKS5_", (text(machine, b"z" * 40),), b"z" * 40),
        (f"__Z{STRING}aSERKS5_", (text(machine, b"k"),), b"k"),
        (f"__Z{STRING}6__initEmc", (3, ord("q")), b"qqq"),
    ):
        ask(machine, name, at, *arguments)
        assert read_string(machine, at) == result, name


def test_strings_grow_and_shrink(machine: Machine) -> None:
    at = text(machine, b"ab")
    for name, arguments, result in (
        (f"__Z{STRING}6appendEPKcm", (machine.keep(b"cdx"), 2), b"abcd"),
        (f"__Z{STRING}6appendEPKc", (machine.keep(b"e"),), b"abcde"),
        (f"__Z{STRING}9push_backEc", (ord("f"),), b"abcdef"),
        (f"__Z{STRING}6resizeEmc", (3, 0), b"abc"),
        (f"__Z{STRING}6resizeEmc", (5, ord("-")), b"abc--"),
        (f"__Z{STRING}7reserveEm", (100,), b"abc--"),
        (f"__Z{STRING}6insertEmPKc", (1, machine.keep(b"XY")), b"aXYbc--"),
    ):
        ask(machine, name, at, *arguments)
        assert read_string(machine, at) == result, name


def test_strings_are_compared(machine: Machine) -> None:
    at, other = text(machine, b"MatMul"), machine.keep(b"MatMul")
    assert small(ask(machine, f"__ZNK{STRING[1:]}7compareEPKc", at, other)) == 0
    assert small(ask(machine, f"__ZNK{STRING[1:]}7compareEPKc", at, machine.keep(b"Mul"))) == -1
    assert small(ask(machine, f"__ZNK{STRING[1:]}7compareEmmPKcm", at, 3, 3, machine.keep(b"Mul"), 3)) == 0
    assert small(ask(machine, f"__ZNK{STRING[1:]}7compareEmmPKcm", at, 3, (1 << 64) - 1, machine.keep(b"Mu"), 2)) == 1


@pytest.mark.parametrize(
    ("kind", "value", "result"),
    [
        ("j", 0xFFFFFFFF, b"4294967295"),
        ("i", (1 << 32) - 5, b"-5"),
        ("x", (1 << 64) - 5, b"-5"),
        ("m", (1 << 64) - 1, b"18446744073709551615"),
        ("i", 7, b"7"),
    ],
)
def test_numbers_become_strings(machine: Machine, kind: str, value: int, result: bytes) -> None:
    at = machine.allocate(24)
    machine._cpu.reg_write(machine._registers.indirect, at)
    ask(machine, f"__ZNSt3__19to_stringE{kind}", value)
    assert read_string(machine, at) == result


@pytest.mark.parametrize(("least", "prime"), [(0, 0), (1, 2), (2, 2), (8, 11), (90, 97)])
def test_prime_numbers(machine: Machine, least: int, prime: int) -> None:
    assert ask(machine, "__ZNSt3__112__next_primeEm", least) == prime


def test_once_is_once(machine: Machine) -> None:
    flag, counted, seen = machine.allocate(8), machine.place("_counted"), []

    def count(asked: Machine) -> None:
        seen.append(asked.argument(0))

    machine.answers = {**ANSWERS, "_counted": count}
    for _ in range(2):
        ask(machine, "__ZNSt3__111__call_onceERVmPvPFvS2_E", flag, 42, counted)
    assert seen == [42]


def test_a_name_that_cannot_be_demangled_is_said_to_be_none(machine: Machine) -> None:
    status = machine.allocate(4)
    assert ask(machine, "___cxa_demangle", machine.keep(b"b"), 0, 0, status) == 0
    assert small(machine.word(status)) == -2


def test_an_exception_ends_the_call(machine: Machine) -> None:
    with pytest.raises(Fault, match="gave up"):
        ask(machine, "___cxa_throw")


def test_a_status_remembers_what_it_was_set_to(machine: Machine) -> None:
    status = ask(machine, "_TF_NewStatus")
    assert ask(machine, "_TF_GetCode", status) == 0
    ask(machine, "_TF_SetStatus", status, 3, machine.keep(b"no"))
    assert ask(machine, "_TF_GetCode", status) == 3
    assert machine.string(ask(machine, "_TF_Message", status)) == b"no"


def test_the_nodes_that_must_stay_are_named(machine: Machine) -> None:
    item, number, room, values, lengths = (machine.allocate(64) for _ in range(5))
    machine.kept[item] = (b"out", b"out_bias")
    assert ask(machine, "_TF_GetNodesToPreserveListSize", item, number, room) == 0
    assert (small(machine.word(number)), machine.word(room)) == (2, 11)
    storage = machine.allocate(11)
    ask(machine, "_TF_GetNodesToPreserveList", item, values, lengths, 2, storage, 11)
    names = [machine.read(machine.word(values + 8 * n), machine.word(lengths + 8 * n)) for n in range(2)]
    assert names == [b"out", b"out_bias"]


def test_no_import_has_two_answers() -> None:
    table = Table()
    table.all(("_a",), 0)
    with pytest.raises(ValueError, match="_a has two answers"):
        table.all(("_a",), 1)


def test_the_tables_do_not_overlap() -> None:
    from tfsetup.upkeep.xray.apple import APPLE
    from tfsetup.upkeep.xray.libc import LIBC
    from tfsetup.upkeep.xray.libcxx import LIBCXX
    from tfsetup.upkeep.xray.tf_api import TF_API

    assert len(ANSWERS) == len(APPLE) + len(LIBC) + len(LIBCXX) + len(TF_API)


def test_a_variable_of_a_function_is_made_once(machine: Machine) -> None:
    guard = machine.allocate(8)
    assert ask(machine, "___cxa_guard_acquire", guard) == 1
    ask(machine, "___cxa_guard_release", guard)
    assert ask(machine, "___cxa_guard_acquire", guard) == 0


def test_a_string_makes_room_for_what_its_owner_fills_in(machine: Machine) -> None:
    at = text(machine, b"abcdef")
    ask(machine, f"__Z{STRING}9__grow_byEmmmmmm", at, 22, 30, 6, 2, 1, 3)
    assert read_string(machine, at) == b"ab\0\0\0def"
    assert machine.word(at + 16) >> 63 == 1
    assert machine.size_of(machine.word(at)) > 22 + 30


def test_a_number_with_a_fraction_becomes_a_string(machine: Machine) -> None:
    at = machine.allocate(24)
    machine._cpu.reg_write(machine._registers.indirect, at)
    machine._cpu.reg_write(machine._registers.reals[0], int.from_bytes(struct.pack("<d", 0.001), "little"))
    ask(machine, "__ZNSt3__19to_stringEd")
    assert read_string(machine, at) == b"0.001000"


def test_nothing_is_written_to_a_stream_and_nothing_is_in_it(machine: Machine) -> None:
    buffer = machine.allocate(64)
    machine.write(buffer, b"x" * 64)
    ask(machine, "__ZNSt3__115basic_streambufIcNS_11char_traitsIcEEEC2Ev", buffer)
    assert machine.read(buffer, 64) == b"x" * 16 + bytes(48)
    at = text(machine, b"before")
    machine._cpu.reg_write(machine._registers.indirect, at)
    ask(machine, "__ZNKSt3__115basic_stringbufIcNS_11char_traitsIcEENS_9allocatorIcEEE3strEv", buffer)
    assert read_string(machine, at) == b""
    assert ask(machine, "__ZNSt3__113basic_ostreamIcNS_11char_traitsIcEEElsEx", 7, 1) == 7
