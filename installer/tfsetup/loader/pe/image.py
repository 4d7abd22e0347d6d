"""Reading of PE files (`.dll`, `.pyd`, `.exe`): imports, exports.

Source of the layout: Microsoft, "PE Format" (learn.microsoft.com/windows/win32/debug/pe-format). Addresses in the file
are relative to the image base (RVA); the section table says where they lie. Any bytes end in a value or in
`MalformedImage`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from struct import Struct

from tfsetup.loader.bytes import ByteSource, MalformedImage, source_cstring, text, unpack
from tfsetup.loader.files.budget import Budget

MAX_EXPORTS = 1 << 16
"""Most exports of one file: they are numbered with 16 bits."""

MAX_IMPORTS = 1 << 18
"""Most imports and importing libraries of one file that are believed (TensorFlow's have about 10 000)."""

MAX_SECTIONS = 1 << 10
"""Most sections that are believed (usual are about ten)."""

_MAX_NAME = 1 << 13
_DOS, _COFF, _SECTION = Struct("<2s58xI"), Struct("<4sHHIIIHH"), Struct("<8sIIII16x")
_OPTIONAL = Struct("<HBB")
_DIRECTORY, _IMPORT = Struct("<II"), Struct("<5I")
_EXPORTS, _LONG, _HALF = Struct("<IIHHIIIIIII"), Struct("<I"), Struct("<H")
_MAX_NAMES = 1 << 26
_PE32_PLUS, _PE32 = 0x20B, 0x10B


class Machine(IntEnum):
    """`Machine` of the COFF header."""

    I386 = 0x14C
    ARM = 0x1C4
    AMD64 = 0x8664
    ARM64 = 0xAA64


class Directory(IntEnum):
    """Numbers of the data directories used here."""

    EXPORT = 0
    IMPORT = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """One section: where its bytes lie in memory (RVA) and in the file, in bytes."""

    rva: int
    size: int
    offset: int
    stored: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Import:
    """What is imported from one library: names and ordinal numbers, in the order of the file."""

    library: str
    symbols: tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Export:
    """One exported symbol; `forward` is `LIBRARY.NAME` or `LIBRARY.#ORDINAL` when it stands in another library."""

    forward: str | None = None


class Pe:
    """A PE file; everything behind the headers is read when it is first asked for.

    `linker` is the version of the linker that made it: (14, 44) of Microsoft's toolset 14.44.
    """

    def __init__(self, source: ByteSource) -> None:
        """Read the headers.

        Raises:
            MalformedImage: not a PE file, or its headers do not lie inside the file.
        """
        self.source = source
        self._entries = Budget(MAX_IMPORTS, "imports")
        self._names = Budget(_MAX_NAMES, "bytes in names")
        magic, start = unpack(source, _DOS, 0)
        if magic != b"MZ":
            raise MalformedImage("not a PE file", offset=0)
        signature, self.machine, sections, _, _, _, size, _ = unpack(source, _COFF, start)
        if signature != b"PE\0\0":
            raise MalformedImage("no PE signature", offset=start)
        optional = start + _COFF.size
        kind, *linker = unpack(source, _OPTIONAL, optional) if size >= _OPTIONAL.size else (0, 0, 0)
        if kind not in (_PE32, _PE32_PLUS):
            raise MalformedImage("not an executable image", offset=optional)
        self.bits = 64 if kind == _PE32_PLUS else 32
        self.linker: tuple[int, int] = (linker[0], linker[1])
        self._directories = self._read_directories(optional, size)
        self._sections = self._read_sections(optional + size, sections)

    def _read_directories(self, optional: int, size: int) -> list[tuple[int, int]]:
        """Return (RVA, bytes) of each data directory; their number stands before them."""
        at = 108 if self.bits == 64 else 92  # noqa: PLR2004 - offsets of NumberOfRvaAndSizes in the two forms
        if size < at + 4:
            return []
        count = min(unpack(self.source, _LONG, optional + at)[0], 16, (size - at - 4) // _DIRECTORY.size)
        table = self.source.read(optional + at + 4, count * _DIRECTORY.size)
        return list(_DIRECTORY.iter_unpack(table))

    def _read_sections(self, offset: int, count: int) -> list[Section]:
        if count > MAX_SECTIONS:
            raise MalformedImage(f"{count} sections")
        rows = _SECTION.iter_unpack(self.source.read(offset, count * _SECTION.size))
        return [Section(rva=rva, size=size, offset=at, stored=stored) for _, size, rva, stored, at in rows]

    def _directory(self, which: Directory) -> tuple[int, int] | None:
        if which >= len(self._directories) or not self._directories[which][0]:
            return None
        return self._directories[which]

    def offset_of(self, rva: int) -> int:
        """Return where in the file the byte at a relative address lies.

        Raises:
            MalformedImage: no section brings it from the file.
        """
        for section in self._sections:
            if section.rva <= rva < section.rva + max(section.size, section.stored):
                if rva - section.rva >= section.stored:
                    break
                return rva - section.rva + section.offset
        raise MalformedImage(f"address {rva:#x} is in no section")

    def _name(self, rva: int) -> str:
        name = source_cstring(self.source, self.offset_of(rva), _MAX_NAME)
        self._names.spend(len(name) + 1)
        return text(name)

    # -- imports -------------------------------------------------------------------------------------------------------

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        """The import table: all of it must be there for the file to load."""
        found = self._directory(Directory.IMPORT)
        return tuple(self._descriptors(found[0])) if found is not None else ()

    def _descriptors(self, rva: int) -> Iterator[Import]:
        """Yield what is imported up to the row without a name."""
        offset = self.offset_of(rva)
        while (row := unpack(self.source, _IMPORT, offset))[3]:
            self._entries.spend()
            yield Import(library=self._name(row[3]), symbols=tuple(self._thunks(row[0] or row[4])))
            offset += _IMPORT.size

    def _thunks(self, rva: int) -> Iterator[str | int]:
        form = Struct("<Q") if self.bits == 64 else _LONG  # noqa: PLR2004 - the two forms
        flag = 1 << (self.bits - 1)
        offset = self.offset_of(rva)
        while value := unpack(self.source, form, offset)[0]:
            self._entries.spend()
            yield value & 0xFFFF if value & flag else self._name((value & 0x7FFFFFFF) + 2)
            offset += form.size

    # -- exports -------------------------------------------------------------------------------------------------------

    @cached_property
    def _exports(self) -> tuple[int, int, int, int, int, int] | None:
        """(ordinal base, functions, names, three table offsets)."""
        found = self._directory(Directory.EXPORT)
        if found is None:
            return None
        fields = unpack(self.source, _EXPORTS, self.offset_of(found[0]))
        base, functions, names = fields[5:8]
        if functions > MAX_EXPORTS or names > MAX_EXPORTS:
            raise MalformedImage(f"{max(functions, names)} exports")
        tables = [self.offset_of(at) if at else 0 for at in fields[8:11]]
        return base, functions, names, tables[0], tables[1], tables[2]

    def export_places(self) -> Iterator[tuple[int, int]]:
        """Yield where the tables and names of the exports lie (first byte, and the one behind).

        Raises:
            MalformedImage: a table lies outside the file.
        """
        if self._exports is None:
            return
        first, size = self._directories[Directory.EXPORT]
        _base, functions, names, table, texts, ordinals = self._exports
        start = self.offset_of(first)
        yield start, start + size
        yield from ((table, table + 4 * functions), (texts, texts + 4 * names), (ordinals, ordinals + 2 * names))
        rvas = [self.offset_of(rva) for (rva,) in _LONG.iter_unpack(self.source.read(texts, 4 * names))]
        if rvas:
            yield min(rvas), max(rvas) + _MAX_NAME // 8

    def export(self, symbol: str | int) -> Export | None:
        """Return the export of that name or ordinal number, None when there is none.

        Names are sorted; a search touches about twenty of them.
        """
        if self._exports is None:
            return None
        base, functions, names, table = self._exports[:4]
        index = symbol - base if isinstance(symbol, int) else self._find(symbol.encode(), names)
        if index is None or not 0 <= index < functions:
            return None
        rva = unpack(self.source, _LONG, table + 4 * index)[0]
        return self._resolve(rva) if rva else None

    def _resolve(self, rva: int) -> Export:
        first, size = self._directories[Directory.EXPORT]
        return Export(forward=self._name(rva) if first <= rva < first + size else None)

    def _find(self, wanted: bytes, names: int) -> int | None:
        """Binary search in the table of names; return the index of the function."""
        assert self._exports is not None  # noqa: S101 - only called then
        table, ordinals = self._exports[4:6]
        low, high = 0, names
        while low < high:
            middle = (low + high) // 2
            at = self.offset_of(unpack(self.source, _LONG, table + 4 * middle)[0])
            name = source_cstring(self.source, at, _MAX_NAME)
            if name == wanted:
                return int(unpack(self.source, _HALF, ordinals + 2 * middle)[0])
            low, high = (middle + 1, high) if name < wanted else (low, middle)
        return None
