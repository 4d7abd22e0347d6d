"""What the C++ library answers: strings in the layout of arm64 libc++, new and delete, once, mutexes, prime numbers.

A string is 24 bytes: short ones stand inside, with their length in the last byte; long ones have pointer, length and
capacity, whose highest bit says so (`_LIBCPP_ABI_ALTERNATE_STRING_LAYOUT`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count

from tfsetup.upkeep.xray.libc import malloc, order
from tfsetup.upkeep.xray.machine import Answer, Fault, Machine
from tfsetup.upkeep.xray.table import Table

LIBCXX = Table()
LIBCXX.to("__Znwm", "__Znam", "__ZnwmSt11align_val_t", "__ZnwmRKSt9nothrow_t", "__ZnamRKSt9nothrow_t")(malloc)

LIBCXX.all(("__ZdlPv", "__ZdaPv", "__ZdlPvSt11align_val_t", "___cxa_atexit"), 0)
LIBCXX.all(("__ZNSt3__15mutex4lockEv", "__ZNSt3__15mutex6unlockEv", "__ZNSt3__15mutexD1Ev"), None)
LIBCXX.all(("__ZNSt3__15mutex8try_lockEv", "__ZNSt3__16thread20hardware_concurrencyEv"), 1)


@LIBCXX.to("___cxa_guard_acquire")
def guard(machine: Machine) -> int:
    """Say whether a variable of a function has still to be made: it is made once."""
    return int(machine.read(machine.argument(0), 1) == b"\0")


@LIBCXX.to("___cxa_guard_release")
def made(machine: Machine) -> None:
    """Remember that it has been made."""
    machine.write(machine.argument(0), b"\1")


_SHORT = 22
_SIZE = 24
_LONG = 1 << 63
_STRING = "NSt3__112basic_stringIcNS_11char_traitsIcEENS_9allocatorIcEEE"
_TO_THE_END = (1 << 64) - 1


def read_string(machine: Machine, at: int) -> bytes:
    """Return the content of a std::string."""
    raw = machine.read(at, _SIZE)
    if raw[-1] & 0x80:
        return machine.read(int.from_bytes(raw[:8], "little"), int.from_bytes(raw[8:16], "little"))
    return raw[: raw[-1]]


def write_string(machine: Machine, at: int, content: bytes) -> None:
    """Make a std::string of what lies at an address, whatever was there."""
    if len(content) <= _SHORT:
        machine.write(at, content.ljust(_SIZE - 1, b"\0") + bytes((len(content),)))
        return
    machine.put(at, machine.keep(content))
    machine.put(at + 8, len(content))
    machine.put(at + 16, len(content) + 1 | _LONG)


def _given(machine: Machine, first: int = 1) -> bytes:
    """Return the bytes of a pointer and a length among the arguments."""
    return machine.read(machine.argument(first), machine.argument(first + 1))


def _own(machine: Machine) -> bytes:
    return read_string(machine, machine.argument(0))


def _fill(machine: Machine, first: int) -> bytes:
    return bytes((machine.argument(first) & 0xFF,))


def _inserted(machine: Machine) -> bytes:
    content, at = _own(machine), machine.argument(1)
    return content[:at] + machine.string(machine.argument(2)) + content[at:]


_MADE: Mapping[tuple[str, ...], Callable[[Machine], bytes]] = {
    ("6__initEPKcm", "6assignEPKcm"): _given,
    ("C1ERKS5_", "aSERKS5_"): lambda machine: read_string(machine, machine.argument(1)),
    ("6assignEPKc",): lambda machine: machine.string(machine.argument(1)),
    ("6__initEmc", "6assignEmc"): lambda machine: _fill(machine, 2) * machine.argument(1),
    ("6appendEPKcm",): lambda machine: _own(machine) + _given(machine),
    ("6appendEPKc",): lambda machine: _own(machine) + machine.string(machine.argument(1)),
    ("9push_backEc",): lambda machine: _own(machine) + _fill(machine, 1),
    ("6insertEmPKc",): _inserted,
}
"""Methods that make the string another one and return it, and what it is then."""


def _making(content: Callable[[Machine], bytes]) -> Answer:
    def answer(machine: Machine) -> int:
        write_string(machine, machine.argument(0), content(machine))
        return machine.argument(0)

    return answer


for _methods, _content in _MADE.items():
    LIBCXX.to(*(f"__Z{_STRING}{method}" for method in _methods))(_making(_content))


@LIBCXX.to(f"__Z{_STRING}6resizeEmc")
def resize(machine: Machine) -> None:
    """Cut it, or fill it up."""
    size, content = machine.argument(1), _own(machine)[: machine.argument(1)]
    write_string(machine, machine.argument(0), content + _fill(machine, 2) * (size - len(content)))


LIBCXX.all((f"__Z{_STRING}7reserveEm", f"__Z{_STRING}D1Ev", f"__Z{_STRING}D2Ev"), None)


@LIBCXX.to(f"__Z{_STRING}9__grow_byEmmmmmm")
def grow(machine: Machine) -> None:
    """Make room for so many bytes at a place, which the caller fills: what lies behind it moves, or is taken out."""
    capacity, more, size, at, out, room = (machine.argument(index) for index in range(1, 7))
    content, string = _own(machine)[:size], machine.argument(0)
    found = machine.allocate(capacity + more + 1)
    machine.write(found, content[:at] + bytes(room) + content[at + out :])
    for place, value in enumerate((found, size - out + room, capacity + more + 1 | _LONG)):
        machine.put(string + 8 * place, value)


@LIBCXX.to(f"__ZNK{_STRING[1:]}7compareEPKc")
def compare_text(machine: Machine) -> int:
    """Compare it with a C string."""
    return order(_own(machine), machine.string(machine.argument(1)))


@LIBCXX.to(f"__ZNK{_STRING[1:]}7compareEmmPKcm")
def compare_part(machine: Machine) -> int:
    """Compare a part of it with bytes."""
    at, size = machine.argument(1), machine.argument(2)
    part = _own(machine)[at:]
    return order(part if size == _TO_THE_END else part[:size], _given(machine, 3))


_NUMBERS: Mapping[str, Callable[[Machine], int]] = {
    "i": lambda machine: machine.small(0),
    "j": lambda machine: machine.argument(0) & 0xFFFFFFFF,
    "xl": lambda machine: machine.argument(0) - (machine.argument(0) >> 63 << 64),
    "ym": lambda machine: machine.argument(0),
}
"""The types of numbers that are made strings, as names have them, and how they are read: with or without a sign."""


def _worded(number: Callable[[Machine], int]) -> Answer:
    return lambda machine: write_string(machine, machine.result_at, str(number(machine)).encode())


for _types, _number in _NUMBERS.items():
    LIBCXX.to(*(f"__ZNSt3__19to_stringE{kind}" for kind in _types))(_worded(_number))


@LIBCXX.to("__ZNSt3__19to_stringEd", "__ZNSt3__19to_stringEf")
def real_worded(machine: Machine) -> None:
    """Make a string of a number with a fraction."""
    write_string(machine, machine.result_at, f"{machine.real(0):f}".encode())


@LIBCXX.to("__ZNSt3__112__next_primeEm")
def next_prime(machine: Machine) -> int:
    """Return the first prime number that is not smaller."""
    least = machine.argument(0)
    return next(n for n in count(least) if n > 1 and all(n % d for d in range(2, int(n**0.5) + 1))) if least else 0


@LIBCXX.to("__ZNSt3__111__call_onceERVmPvPFvS2_E")
def call_once(machine: Machine) -> None:
    """Call a function, unless it was called before."""
    flag, argument, function = (machine.argument(index) for index in range(3))
    if machine.word(flag) == _TO_THE_END:
        return
    machine.put(flag, _TO_THE_END)
    machine.go_on_at(function, argument)


@LIBCXX.to("___cxa_demangle")
def demangle(machine: Machine) -> int:
    """Say that a name is not a mangled one: who asks then takes it as it is."""
    if status := machine.argument(3):
        machine.write(status, (-2).to_bytes(4, "little", signed=True))
    return 0


# A stream is made, and nobody writes to it.
_STREAMS = (
    "__ZNSt3__18ios_base4initEPv",
    "__ZNSt3__18ios_base5clearEj",
    "__ZNSt3__16localeC1ERKS0_",
    "__ZNSt3__16localeD1Ev",
    "__ZNSt3__113basic_filebufIcNS_11char_traitsIcEEEC1Ev",
    "__ZNSt3__113basic_filebufIcNS_11char_traitsIcEEE4openEPKcj",
)
_ENDED = ("15basic_streambuf", "14basic_iostream", "13basic_ostream", "13basic_istream", "9basic_ios")
LIBCXX.all(_STREAMS, None)
LIBCXX.all((f"__ZNSt3__1{name}IcNS_11char_traitsIcEEED2Ev" for name in _ENDED), None)


@LIBCXX.to("__ZNSt3__115basic_streambufIcNS_11char_traitsIcEEEC2Ev")
def new_buffer(machine: Machine) -> None:
    """Say that nothing has been written: six pointers behind the methods and the locale."""
    machine.write(machine.argument(0) + 16, bytes(48))


@LIBCXX.to("__ZNKSt3__115basic_stringbufIcNS_11char_traitsIcEENS_9allocatorIcEEE3strEv")
def written_to(machine: Machine) -> None:
    """Return what was written to a stream: nothing."""
    write_string(machine, machine.result_at, b"")


LIBCXX.all(("__ZNKSt3__16locale9has_facetERNS0_2idE",), 0)

_OSTREAM = "__ZNSt3__113basic_ostreamIcNS_11char_traitsIcEEE"
LIBCXX.all((f"{_OSTREAM}lsE{kind}" for kind in "bijlmxyfd"), None)
LIBCXX.all((f"{_OSTREAM}{method}" for method in ("6sentryD1Ev", "3putEc", "5flushEv")), None)
LIBCXX.all(("__ZNKSt3__18ios_base6getlocEv",), None)


@LIBCXX.to(f"{_OSTREAM}6sentryC1ERS3_")
def sentry(machine: Machine) -> int:
    """Say that the stream is not ready: nothing is then put into it."""
    machine.write(machine.argument(0), b"\0")
    return machine.argument(0)


_METHODS = 32


@LIBCXX.to("__ZNKSt3__16locale9use_facetERNS0_2idE")
def use_facet(machine: Machine) -> int:
    """Return an object all of whose methods answer 0: the letter that it makes of one is never written."""
    found, methods = machine.allocate(_SIZE), machine.allocate(8 * _METHODS)
    for index in range(_METHODS):
        machine.put(methods + 8 * index, machine.place(_METHOD))
    machine.put(found, methods)
    return found


_METHOD = "method of a facet"
LIBCXX.all((_METHOD,), 0)


class GaveUp(Fault):
    """The code itself ended the process."""


@LIBCXX.to("___cxa_throw", "__ZSt9terminatev", "_abort", "___assert_rtn", "___cxa_pure_virtual", "___stack_chk_fail")
def give_up(_machine: Machine) -> int:
    """Nobody catches exceptions here."""
    raise GaveUp("the code gave up: an exception, or a check of its own failed")
