"""Small arm64 images with code assembled by hand: what a processor does with them is known without a Mac."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

CODE, DATA, LINKEDIT = 0x1000, 0x4000, 0x5000
"""Where code, data and tables lie, in the file and in memory."""

INITIALIZERS = DATA + 0x800
RET = 0xD65F03C0


def adr(register: int, distance: int) -> int:
    return 0x10000000 | (distance & 3) << 29 | (distance >> 2 & 0x7FFFF) << 5 | register


def ldr(register: int, base: int, offset: int = 0) -> int:
    return 0xF9400000 | offset // 8 << 10 | base << 5 | register


def str_(register: int, base: int, offset: int = 0) -> int:
    return 0xF9000000 | offset // 8 << 10 | base << 5 | register


def ldp(one: int, other: int, base: int, offset: int = 0) -> int:
    return 0xA9400000 | (offset // 8 & 0x7F) << 15 | other << 10 | base << 5 | one


def stp(one: int, other: int, base: int, offset: int = 0) -> int:
    return 0xA9000000 | (offset // 8 & 0x7F) << 15 | other << 10 | base << 5 | one


def blr(register: int) -> int:
    return 0xD63F0000 | register << 5


def cbz(register: int, distance: int) -> int:
    return 0xB4000000 | (distance // 4 & 0x7FFFF) << 5 | register


def movz(register: int, value: int) -> int:
    return 0xD2800000 | value << 5 | register


def add(register: int, base: int, value: int) -> int:
    return 0x91000000 | value << 10 | base << 5 | register


def sub(register: int, base: int, value: int) -> int:
    return 0xD1000000 | value << 10 | base << 5 | register


def branch(distance: int) -> int:
    return 0x14000000 | distance // 4 & 0x3FFFFFF


SP, LINK = 31, 30


@dataclass(frozen=True, kw_only=True)
class Tiny:
    """`code` stands at CODE, `data` at DATA; `exports` are addresses; `binds` and `rebases` are offsets in the data."""

    code: Sequence[int] = (RET,)
    data: bytes = b""
    exports: Mapping[str, int] = field(default_factory=dict)
    binds: Mapping[int, str] = field(default_factory=dict)
    weak: Mapping[int, str] = field(default_factory=dict)
    rebases: Sequence[int] = ()
    initializers: Sequence[int] = ()
    cpu: int = 0x0100000C


def build(tiny: Tiny) -> bytes:
    """Return the image."""
    code = b"".join(struct.pack("<I", word) for word in tiny.code)
    data = tiny.data.ljust(INITIALIZERS - DATA, b"\0") + struct.pack(f"<{len(tiny.initializers)}Q", *tiny.initializers)
    starts = [INITIALIZERS - DATA + 8 * index for index in range(len(tiny.initializers))]
    tables = [_rebases([*tiny.rebases, *starts]), _binds(tiny.binds), _binds(tiny.weak), b""]
    names, entries = _symbols(tiny.exports)
    commands = _commands(tiny, [*tables, entries, names])
    header = struct.pack("<8I", 0xFEEDFACF, tiny.cpu, 0, 6, len(commands), sum(map(len, commands)), 0, 0)
    text = (header + b"".join(commands)).ljust(CODE, b"\0") + code
    return text.ljust(DATA, b"\0") + data.ljust(LINKEDIT - DATA, b"\0") + b"".join([*tables, entries, names])


def _rebases(offsets: Sequence[int]) -> bytes:
    steps = b"".join(bytes((0x21,)) + uleb(offset) + b"\x51" for offset in offsets)
    return b"\x11" + steps + b"\0"


def _binds(wanted: Mapping[int, str]) -> bytes:
    steps = (b"\x40" + name.encode() + b"\0\x51\x71" + uleb(offset) + b"\x90" for offset, name in wanted.items())
    return b"\x3e" + b"".join(steps) + b"\0" if wanted else b""


def uleb(value: int) -> bytes:
    """Return a number as LEB128."""
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*found, value))


def _symbols(exports: Mapping[str, int]) -> tuple[bytes, bytes]:
    names, entries = b"\0", b""
    for name, address in exports.items():
        entries += struct.pack("<IBBHQ", len(names), 0x0F, 1, 0, address)
        names += name.encode() + b"\0"
    return names, entries


def _commands(tiny: Tiny, tables: Sequence[bytes]) -> list[bytes]:
    at, places = LINKEDIT, []
    for table in tables:
        places += [at, len(table)]
        at += len(table)
    section = struct.pack(
        "<16s16s2Q8I",
        b"__mod_init_func",
        b"__DATA",
        INITIALIZERS,
        8 * len(tiny.initializers),
        INITIALIZERS,
        3,
        0,
        0,
        9,
        0,
        0,
        0,
    )
    return [
        _segment(b"__TEXT", 0, DATA, 0, DATA, protection=5),
        _segment(b"__DATA", DATA, 0x2000, DATA, LINKEDIT - DATA, section),
        _segment(b"__LINKEDIT", DATA + 0x2000, 0x1000, LINKEDIT, at - LINKEDIT),
        struct.pack("<12I", 0x80000022, 48, *places[:8], 0, 0),
        struct.pack("<6I", 2, 24, places[8], places[9] // 16, places[10], places[11]),
    ]


def _segment(
    name: bytes, address: int, memory: int, offset: int, size: int, section: bytes = b"", protection: int = 7
) -> bytes:
    head = struct.pack(
        "<2I16s4Q4I", 0x19, 72 + len(section), name, address, memory, offset, size, 7, protection, bool(section), 0
    )
    return head + section


def plugin(made: bytes, variable: bytes = b"LEAVE", *, registers: bool = False) -> bytes:
    """Return a plugin whose optimizer gives back the graph `made`, or the one it was given where a variable is set.

    `registers`: whether it registers kernels as well, none.
    """
    text = CODE + 0x200  # "GPU", the name of the variable, the graph
    optimize = CODE + 0x20
    register = [
        adr(2, text - CODE),
        str_(2, 0, 32),
        ldr(3, 0, 48),
        adr(4, optimize - (CODE + 12)),
        str_(4, 3, 24),
        RET,
    ]
    work = [
        sub(SP, SP, 48),
        stp(29, LINK, SP, 0),
        stp(1, 3, SP, 16),
        adr(0, text + 8 - (optimize + 12)),
        adr(16, DATA - (optimize + 16)),
        ldr(16, 16),
        blr(16),
        ldp(1, 3, SP, 16),
        cbz(0, 12),
        ldp(5, 6, 1),
        branch(12),
        adr(5, text + 0x40 - (optimize + 44)),
        movz(6, len(made)),
        stp(5, 6, 3),
        ldp(29, LINK, SP, 0),
        add(SP, SP, 48),
        RET,
    ]
    words = [*register, *([RET] * (8 - len(register))), *work]
    words += [RET] * (0x200 // 4 - len(words))
    texts = b"GPU\0".ljust(8, b"\0") + variable.ljust(0x38, b"\0") + made
    words += [word for (word,) in struct.iter_unpack("<I", texts.ljust(len(texts) + 3 & -4, b"\0"))]
    kernels = {"_TF_InitKernel": CODE + 4 * (len(register) - 1)} if registers else {}
    return build(Tiny(code=words, exports={"_TF_InitGraph": CODE, **kernels}, binds={0: "_getenv"}))
