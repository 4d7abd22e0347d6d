"""What the C library answers: memory, strings, the environment. Time stands still, and nothing is printed."""

from __future__ import annotations

from tfsetup.upkeep.xray.machine import THREAD, Machine
from tfsetup.upkeep.xray.table import Table

LIBC = Table()

LIBC.all(("_free", "_mach_absolute_time", "_backtrace", "_sched_yield", "_usleep"), 0)
LIBC.all(("_pthread_self",), THREAD)
LIBC.all(("___chkstk_darwin",), None)
LIBC.all(("___stack_chk_guard", "___stderrp", "___stdoutp"), None)
LIBC.all(("_fprintf", "_fflush", "_fwrite", "_fputs", "_printf", "_puts", "_sigaction", "_atexit"), 0)
LIBC.all(("_sysctlbyname", "_sysctl"), -1)


@LIBC.to("_malloc")
def malloc(machine: Machine) -> int:
    """Memory of a size."""
    return machine.allocate(machine.argument(0))


@LIBC.to("_calloc")
def calloc(machine: Machine) -> int:
    """Memory for so many things of a size."""
    return machine.allocate(machine.argument(0) * machine.argument(1))


@LIBC.to("_realloc")
def realloc(machine: Machine) -> int:
    """Memory of another size with the same content."""
    old, size = machine.argument(0), machine.argument(1)
    found = machine.allocate(size)
    if old:
        machine.write(found, machine.read(old, min(size, machine.size_of(old))))
    return found


@LIBC.to("_posix_memalign")
def posix_memalign(machine: Machine) -> int:
    """Aligned memory, through a pointer to it."""
    alignment, size = machine.argument(1), machine.argument(2)
    found = machine.allocate(size + alignment)
    machine.put(machine.argument(0), found + alignment - 1 & -alignment)
    return 0


@LIBC.to("_memcpy", "_memmove")
def memcpy(machine: Machine) -> int:
    """Copy."""
    machine.write(machine.argument(0), machine.read(machine.argument(1), machine.argument(2)))
    return machine.argument(0)


@LIBC.to("_memset")
def memset(machine: Machine) -> int:
    """Fill with a byte."""
    machine.write(machine.argument(0), bytes((machine.argument(1) & 0xFF,)) * machine.argument(2))
    return machine.argument(0)


@LIBC.to("_bzero", "___bzero")
def bzero(machine: Machine) -> None:
    """Fill with zeros."""
    machine.write(machine.argument(0), bytes(machine.argument(1)))


def order(one: bytes, other: bytes) -> int:
    """Return -1, 0 or 1, as C compares."""
    return (one > other) - (one < other)


@LIBC.to("_memcmp", "_bcmp")
def memcmp(machine: Machine) -> int:
    """Compare bytes."""
    size = machine.argument(2)
    return order(machine.read(machine.argument(0), size), machine.read(machine.argument(1), size))


@LIBC.to("_memchr")
def memchr(machine: Machine) -> int:
    """Find a byte."""
    at = machine.read(machine.argument(0), machine.argument(2)).find(machine.argument(1) & 0xFF)
    return machine.argument(0) + at if at >= 0 else 0


@LIBC.to("_strlen")
def strlen(machine: Machine) -> int:
    """Count the bytes before the NUL."""
    return len(machine.string(machine.argument(0)))


@LIBC.to("_strcmp")
def strcmp(machine: Machine) -> int:
    """Compare strings."""
    return order(machine.string(machine.argument(0)), machine.string(machine.argument(1)))


@LIBC.to("_strncmp")
def strncmp(machine: Machine) -> int:
    """Compare the beginning of strings."""
    size = machine.argument(2)
    return order(machine.string(machine.argument(0))[:size], machine.string(machine.argument(1))[:size])


@LIBC.to("_getenv")
def getenv(machine: Machine) -> int:
    """Return a variable of the environment that is asked about, and remember who asked."""
    name = machine.string(machine.argument(0)).decode("utf-8", "replace")
    machine.asked.append((name, machine.caller))
    value = machine.environment.get(name)
    return 0 if value is None else machine.keep(value.encode())


@LIBC.to("_clock_gettime")
def clock_gettime(machine: Machine) -> int:
    """The time is always the same."""
    machine.put(machine.argument(1), 1)
    machine.put(machine.argument(1) + 8, 0)
    return 0


@LIBC.to("__tlv_bootstrap")
def tlv_bootstrap(machine: Machine) -> int:
    """A variable of the one thread there is, by its descriptor."""
    descriptor = machine.argument(0)
    if descriptor not in machine.variables:
        machine.variables[descriptor] = machine.allocate(256)
    return machine.variables[descriptor]
