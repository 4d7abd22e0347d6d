"""Reading of ELF files: header, segments, dynamic section, strings.

Source of the layout: System V ABI, chapters 4 and 5 ("Object Files", "Program Loading and Dynamic Linking"), and the
GNU additions of the Linux Standard Base (symbol versions, GNU hash). Only what a loader uses is read: program headers,
never sections. Numbers in the file are checked before use; any bytes end in a value or in `MalformedImage`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from struct import Struct
from typing import NamedTuple

from tfsetup.loader.bytes import MAX_STRING, ByteSource, MalformedImage, check_range, source_cstring, text

PAGE = 4096
"""Bytes of a page; what lies behind the end of a mapped file, up to the next page, reads as zero."""

IDENT = 16
MAGIC = b"\x7fELF"
MAX_DYNAMIC = 1 << 12
"""Most entries of a dynamic section that are believed (TensorFlow's libraries have about 40)."""

MAX_NAME = 4096
"""Longest name of a library or version, in bytes: PATH_MAX of Linux."""


class Type(IntEnum):
    """`e_type` (System V ABI, "ELF Header")."""

    EXEC = 2
    DYN = 3


class Machine(IntEnum):
    """`e_machine` values of the processors tfsetup knows."""

    I386 = 3
    ARM = 40
    X86_64 = 62
    AARCH64 = 183


class Tag(IntEnum):
    """`d_tag` (System V ABI, "Dynamic Section"; GNU additions in glibc's elf/elf.h)."""

    NULL = 0
    NEEDED = 1
    PLTRELSZ = 2
    HASH = 4
    STRTAB = 5
    SYMTAB = 6
    RELA = 7
    RELASZ = 8
    STRSZ = 10
    SONAME = 14
    RPATH = 15
    SYMBOLIC = 16
    REL = 17
    RELSZ = 18
    PLTREL = 20
    JMPREL = 23
    BIND_NOW = 24
    RUNPATH = 29
    FLAGS = 30
    RELR = 36
    GNU_HASH = 0x6FFFFEF5
    VERSYM = 0x6FFFFFF0
    RELACOUNT = 0x6FFFFFF9
    RELCOUNT = 0x6FFFFFFA
    FLAGS_1 = 0x6FFFFFFB
    VERDEF = 0x6FFFFFFC
    VERNEED = 0x6FFFFFFE
    AUXILIARY = 0x7FFFFFFD
    FILTER = 0x7FFFFFFF


DF_SYMBOLIC, DF_BIND_NOW, DF_STATIC_TLS = 0x2, 0x8, 0x10
DF_1_NOW, DF_1_NODEFLIB, DF_1_NOOPEN, DF_1_PIE = 0x1, 0x800, 0x40, 0x8000000
PT_LOAD, PT_DYNAMIC, PT_TLS, PT_GNU_STACK = 1, 2, 7, 0x6474E551
PF_X = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """The file header. `bits` is 32 or 64, `order` the byte order in `struct`'s notation (`<` or `>`)."""

    bits: int
    order: str
    type: int
    machine: int
    phoff: int
    phentsize: int
    phnum: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """One program header; addresses and sizes in bytes."""

    type: int
    flags: int
    offset: int
    vaddr: int
    filesz: int
    memsz: int
    align: int


class Layout(NamedTuple):
    """The `struct`s of one class and byte order. `word` is an address, `half` two bytes, `long` four."""

    header: Struct
    segment: Struct
    dynamic: Struct
    symbol: Struct
    rela: Struct
    rel: Struct
    word: Struct
    half: Struct
    long: Struct

    @classmethod
    def of(cls, bits: int, order: str) -> Layout:
        """Return the layout of `bits` (32 or 64) in byte order `order` (`<` or `>`)."""
        forms = {
            64: ("HHIQQQIHHHHHH", "IIQQQQQQ", "qQ", "IBBHQQ", "QQq", "QQ", "Q", "H", "I"),
            32: ("HHIIIIIHHHHHH", "IIIIIIII", "iI", "IIIBBH", "IIi", "II", "I", "H", "I"),
        }
        return cls(*(Struct(order + form) for form in forms[bits]))


LAYOUTS = {(bits, order): Layout.of(bits, order) for bits in (32, 64) for order in "<>"}


def read_header(source: ByteSource) -> Header:
    """Read the header of an ELF file of either class and byte order.

    Raises:
        MalformedImage: too short, no ELF magic, or a class or byte order that does not exist.
    """
    ident = source.read(0, IDENT)
    if not ident.startswith(MAGIC):
        raise MalformedImage("not an ELF file", offset=0)
    if ident[4] not in (1, 2) or ident[5] not in (1, 2):
        raise MalformedImage("ELF class or byte order that does not exist", offset=4)
    bits, order = 32 * ident[4], "<>"[ident[5] - 1]
    form = LAYOUTS[bits, order].header
    fields = form.unpack(source.read(IDENT, form.size))
    return Header(
        bits=bits, order=order, type=fields[0], machine=fields[1], phoff=fields[4], phentsize=fields[8], phnum=fields[9]
    )


class Mapped:
    """A file as the memory of a process shows it: filled up with zeros to a whole page.

    Reading beyond that is the bus error a process would die of; here it is `MalformedImage`.
    """

    __slots__ = ("_source", "size")

    def __init__(self, source: ByteSource) -> None:
        """Fill `source` up to a multiple of `PAGE`."""
        self._source = source
        self.size = -(-source.size // PAGE) * PAGE

    def read(self, offset: int, length: int) -> bytes:
        """Return `length` bytes from `offset`; see `ByteSource.read`."""
        inside = self._source.size - offset
        if 0 <= length <= inside and offset >= 0:
            return self._source.read(offset, length)
        check_range(offset, length, self.size)
        return (self._source.read(offset, inside) if inside > 0 else b"").ljust(length, b"\0")


class Elf:
    """An ELF file that can be loaded; everything is read when it is first asked for.

    `tags` maps each `d_tag` to its value; where a tag stands more than once the last one counts, as in glibc
    (`elf_get_dynamic_info`). `needed` keeps the order of the file.
    """

    def __init__(self, source: ByteSource) -> None:
        """Read header and program headers.

        Raises:
            MalformedImage: not an ELF file, or the program headers do not lie inside the file.
        """
        self.source = Mapped(source)
        self.file_size = source.size
        self.header = read_header(source)
        self.layout = LAYOUTS[self.header.bits, self.header.order]
        self.segments = self._segments(source)
        self._loads = [s for s in self.segments if s.type == PT_LOAD]

    def _segments(self, source: ByteSource) -> tuple[Segment, ...]:
        form, header = self.layout.segment, self.header
        if header.phnum and header.phentsize != form.size:
            raise MalformedImage(f"program headers of {header.phentsize} bytes instead of {form.size}")
        table = source.read(header.phoff, header.phnum * form.size)
        rows: Iterable[tuple[int, ...]] = form.iter_unpack(table)
        if header.bits == 32:  # noqa: PLR2004 - the order of the fields differs between the classes
            rows = ((t, f, o, v, p, fs, ms, a) for t, o, v, p, fs, ms, f, a in rows)
        return tuple(
            Segment(type=t, flags=f, offset=o, vaddr=v, filesz=fs, memsz=ms, align=a)
            for t, f, o, v, _, fs, ms, a in rows
        )

    def segment(self, kind: int) -> Segment | None:
        """Return the last segment of a type (the one a loader remembers), None when there is none."""
        return next((segment for segment in reversed(self.segments) if segment.type == kind), None)

    def offset_of(self, address: int) -> int:
        """Return where in the file the byte at a virtual address lies.

        Raises:
            MalformedImage: no segment brings that address from the file.
        """
        for segment in self._loads:
            start = segment.vaddr & -PAGE
            end = segment.vaddr + segment.filesz
            if start <= address < -(-end // PAGE) * PAGE:
                return address - segment.vaddr + segment.offset
        raise MalformedImage(f"address {address:#x} is in no segment")

    @cached_property
    def dynamic(self) -> tuple[tuple[int, int], ...]:
        """The dynamic section, (tag, value) in the order of the file, without the closing null."""
        segment = self.segment(PT_DYNAMIC)
        if segment is None or not segment.filesz:
            return ()
        form = self.layout.dynamic
        found: list[tuple[int, int]] = []
        offset = self.offset_of(segment.vaddr)
        while len(found) < MAX_DYNAMIC:
            step = min(PAGE, self.source.size - offset) // form.size
            if step <= 0:
                break
            for tag, value in form.iter_unpack(self.source.read(offset, step * form.size)):
                if tag == Tag.NULL:
                    return tuple(found)
                found.append((tag, value))
            offset += step * form.size
        raise MalformedImage("the dynamic section has no end", offset=offset)

    @cached_property
    def tags(self) -> Mapping[int, int]:
        """The dynamic section by tag."""
        return dict(self.dynamic)

    @cached_property
    def _strings(self) -> int:
        address = self.tags.get(Tag.STRTAB)
        if address is None:
            raise MalformedImage("no string table")
        return self.offset_of(address)

    def raw_string(self, index: int, limit: int = MAX_STRING) -> bytes:
        """Return the string at `index` of the dynamic string table, of at most `limit` bytes, as the bytes it is."""
        return source_cstring(self.source, self._strings + index, limit)

    def string(self, index: int, limit: int = MAX_NAME) -> str:
        """Return the string at `index` of the dynamic string table, of at most `limit` bytes."""
        return text(self.raw_string(index, limit))

    def _named(self, tag: Tag) -> str | None:
        index = self.tags.get(tag)
        return None if index is None else self.string(index, MAX_STRING)

    @cached_property
    def needed(self) -> tuple[str, ...]:
        """DT_NEEDED, in order."""
        return tuple(self.string(value) for tag, value in self.dynamic if tag == Tag.NEEDED)

    @cached_property
    def dependencies(self) -> tuple[tuple[Tag, str], ...]:
        """What has to be mapped beside it, in order: DT_NEEDED, and the libraries it is a filter of."""
        kinds = (Tag.NEEDED, Tag.FILTER, Tag.AUXILIARY)
        return tuple((Tag(tag), self.string(value)) for tag, value in self.dynamic if tag in kinds)

    @cached_property
    def soname(self) -> str | None:
        """DT_SONAME."""
        return self._named(Tag.SONAME)

    @cached_property
    def runpath(self) -> str | None:
        """DT_RUNPATH as written, `$ORIGIN` and colons included."""
        return self._named(Tag.RUNPATH)

    @cached_property
    def rpath(self) -> str | None:
        """DT_RPATH as written; None beside a DT_RUNPATH, which cancels it."""
        return None if Tag.RUNPATH in self.tags else self._named(Tag.RPATH)

    @property
    def flags(self) -> int:
        """DT_FLAGS, 0 without."""
        return self.tags.get(Tag.FLAGS, 0)

    @property
    def flags_1(self) -> int:
        """DT_FLAGS_1, 0 without."""
        return self.tags.get(Tag.FLAGS_1, 0)

    @property
    def binds_now(self) -> bool:
        """Whether functions too are bound at load, whatever dlopen is told."""
        return Tag.BIND_NOW in self.tags or bool(self.flags & DF_BIND_NOW or self.flags_1 & DF_1_NOW)

    @property
    def symbolic(self) -> bool:
        """Whether its own definitions come before those of everybody else."""
        return Tag.SYMBOLIC in self.tags or bool(self.flags & DF_SYMBOLIC)
