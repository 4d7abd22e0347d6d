"""What the C++ library answers: strings in the layout of arm64 libc++, new and delete, once, mutexes, prime numbers.

A string is 24 bytes: short ones stand inside, with their length in the last byte; long ones have pointer, length and
capacity, whose highest bit says so (`_LIBCPP_ABI_ALTERNATE_STRING_LAYOUT`).
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from tfsetup.upkeep.xray.libc import malloc, order
from tfsetup.upkeep.xray.machine import Fault
from tfsetup.upkeep.xray.table import Table

if TYPE_CHECKING:
    from tfsetup.upkeep.xray.machine import Machine

LIBCXX = Table()
LIBCXX.to("__Znwm", "__Znam", "__ZnwmSt11align_val_t", "__ZnwmRKSt9nothrow_t", "__ZnamRKSt9nothrow_t")(malloc)

LIBCXX.all(("__ZdlPv", "__ZdaPv", "__ZdlPvSt11align_val_t", "___cxa_guard_release", "___cxa_atexit"), 0)
LIBCXX.all(("__ZNSt3__15mutex4lockEv", "__ZNSt3__15mutex6unlockEv", "__ZNSt3__15mutexD1Ev"), None)
LIBCXX.all(("___cxa_guard_acquire", "__ZNSt3__15mutex8try_lockEv", "__ZNSt3__16thread20hardware_concurrencyEv"), 1)

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


@LIBCXX.to(f"__Z{_STRING}6__initEPKcm", f"__Z{_STRING}6assignEPKcm")
def assign_bytes(machine: Machine) -> int:
    """Make it of bytes."""
    write_string(machine, machine.argument(0), _given(machine))
    return machine.argument(0)


@LIBCXX.to(f"__Z{_STRING}C1ERKS5_", f"__Z{_STRING}aSERKS5_")
def assign_string(machine: Machine) -> int:
    """Make it like another."""
    write_string(machine, machine.argument(0), read_string(machine, machine.argument(1)))
    return machine.argument(0)


@LIBCXX.to(f"__Z{_STRING}6assignEPKc")
def assign_text(machine: Machine) -> int:
    """Make it of a C string."""
    write_string(machine, machine.argument(0), machine.string(machine.argument(1)))
    return machine.argument(0)


@LIBCXX.to(f"__Z{_STRING}6__initEmc", f"__Z{_STRING}6assignEmc")
def assign_fill(machine: Machine) -> int:
    """Make it of one character, so often."""
    write_string(machine, machine.argument(0), bytes((machine.argument(2) & 0xFF,)) * machine.argument(1))
    return machine.argument(0)


def _append(machine: Machine, more: bytes) -> int:
    write_string(machine, machine.argument(0), read_string(machine, machine.argument(0)) + more)
    return machine.argument(0)


@LIBCXX.to(f"__Z{_STRING}6appendEPKcm")
def append_bytes(machine: Machine) -> int:
    """Add bytes."""
    return _append(machine, _given(machine))


@LIBCXX.to(f"__Z{_STRING}6appendEPKc")
def append_text(machine: Machine) -> int:
    """Add a C string."""
    return _append(machine, machine.string(machine.argument(1)))


@LIBCXX.to(f"__Z{_STRING}9push_backEc")
def push_back(machine: Machine) -> int:
    """Add a character."""
    return _append(machine, bytes((machine.argument(1) & 0xFF,)))


@LIBCXX.to(f"__Z{_STRING}6resizeEmc")
def resize(machine: Machine) -> None:
    """Cut it, or fill it up."""
    size, filling = machine.argument(1), bytes((machine.argument(2) & 0xFF,))
    content = read_string(machine, machine.argument(0))[:size]
    write_string(machine, machine.argument(0), content + filling * (size - len(content)))


@LIBCXX.to(f"__Z{_STRING}6insertEmPKc")
def insert_text(machine: Machine) -> int:
    """Put a C string into it."""
    content, at = read_string(machine, machine.argument(0)), machine.argument(1)
    write_string(machine, machine.argument(0), content[:at] + machine.string(machine.argument(2)) + content[at:])
    return machine.argument(0)


LIBCXX.all((f"__Z{_STRING}7reserveEm", f"__Z{_STRING}D1Ev", f"__Z{_STRING}D2Ev"), None)


@LIBCXX.to(f"__ZNK{_STRING[1:]}7compareEPKc")
def compare_text(machine: Machine) -> int:
    """Compare it with a C string."""
    return order(read_string(machine, machine.argument(0)), machine.string(machine.argument(1)))


@LIBCXX.to(f"__ZNK{_STRING[1:]}7compareEmmPKcm")
def compare_part(machine: Machine) -> int:
    """Compare a part of it with bytes."""
    at, size = machine.argument(1), machine.argument(2)
    part = read_string(machine, machine.argument(0))[at:]
    return order(part if size == _TO_THE_END else part[:size], _given(machine, 3))


@LIBCXX.to("__ZNSt3__19to_stringEi")
def to_string_int(machine: Machine) -> None:
    """Make a string of a number of 32 bits."""
    write_string(machine, machine.result_at, str(machine.small(0)).encode())


@LIBCXX.to("__ZNSt3__19to_stringEx", "__ZNSt3__19to_stringEl")
def to_string_long(machine: Machine) -> None:
    """Make a string of a number of 64 bits."""
    value = machine.argument(0)
    write_string(machine, machine.result_at, str(value - (1 << 64) if value >> 63 else value).encode())


@LIBCXX.to("__ZNSt3__19to_stringEy", "__ZNSt3__19to_stringEm")
def to_string_unsigned(machine: Machine) -> None:
    """Make a string of a number of 64 bits without a sign."""
    write_string(machine, machine.result_at, str(machine.argument(0)).encode())


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
    "__ZNSt3__115basic_streambufIcNS_11char_traitsIcEEEC2Ev",
    "__ZNSt3__16localeC1ERKS0_",
    "__ZNSt3__16localeD1Ev",
    "__ZNSt3__113basic_filebufIcNS_11char_traitsIcEEEC1Ev",
    "__ZNSt3__113basic_filebufIcNS_11char_traitsIcEEE4openEPKcj",
)
LIBCXX.all(_STREAMS, None)
LIBCXX.all(("__ZNKSt3__16locale9has_facetERNS0_2idE",), 0)


@LIBCXX.to("___cxa_throw", "__ZSt9terminatev", "_abort", "___assert_rtn", "___cxa_pure_virtual", "___stack_chk_fail")
def give_up(_machine: Machine) -> int:
    """Nobody catches exceptions here."""
    raise Fault("the code gave up: an exception, or a check of its own failed")
