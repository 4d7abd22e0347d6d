"""What relocation of an ELF file asks other files for, in the order in which it asks.

Sources: System V ABI, "Relocation" and its processor supplements; the order as in glibc elf/do-rel.h and
elf/dynamic-link.h (`_ELF_DYNAMIC_DO_RELOC`).

The tables are read as arrays of numbers: TensorFlow's has 770 000 relocations, of which 10 000 symbols come from
elsewhere.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from tfsetup.loader.bytes import check_range
from tfsetup.loader.elf.image import DF_STATIC_TLS, Machine, Tag
from tfsetup.loader.elf.symbols import WEAK, Query, Symbol, Symbols
from tfsetup.loader.files.budget import Budget

_CHUNK = 1 << 20
_MAX_NAMES = 1 << 26


class Kinds(NamedTuple):
    """Relocation types of one machine that matter here (the processor supplements of the System V ABI).

    `silent` look nothing up; `calls` do not accept the address of a procedure linkage table as a definition
    (glibc's ELF_RTYPE_CLASS_PLT); `static_tls` need thread-local data at a fixed place, `descriptors` use such a place
    if there is one to be had.
    """

    silent: frozenset[int]
    calls: frozenset[int]
    static_tls: frozenset[int]
    descriptors: frozenset[int] = frozenset()


RELOCATIONS = {
    Machine.X86_64: Kinds(frozenset((0, 8)), frozenset((7, 16, 17, 18, 36)), frozenset((18,)), frozenset((36,))),
    Machine.AARCH64: Kinds(
        frozenset((0, 256, 1027)), frozenset(range(1026, 1032)), frozenset((1030,)), frozenset((1031,))
    ),
    Machine.I386: Kinds(frozenset((0, 8)), frozenset((7, 14, 35, 36, 37, 41)), frozenset((14, 37)), frozenset((41,))),
    Machine.ARM: Kinds(frozenset((0, 23)), frozenset((13, 17, 18, 19, 22)), frozenset((19,)), frozenset((13,))),
}
_UNKNOWN_MACHINE = Kinds(frozenset((0,)), frozenset(), frozenset())


@dataclass(frozen=True, slots=True)
class Reference:
    """One symbol a relocation asks other files for. `weak`: nobody having it is no error."""

    query: Query
    weak: bool


class Relocations:
    """The relocation tables of one file."""

    def __init__(self, symbols: Symbols) -> None:
        """Read nothing yet."""
        self._symbols, self._elf = symbols, symbols.elf
        self._names = Budget(_MAX_NAMES, "bytes in the names of the symbols it needs")

    def references(self, *, functions: bool = True) -> Sequence[Reference]:
        """Return what relocation looks up in other files, in the order in which it does, each once.

        Symbols the file defines itself are left out as far as they are certain to be found. `functions` False: those
        that are bound at the first call (lazy binding) are left out as well.

        Raises:
            MalformedImage: a table lies outside the file.
        """
        chunks = list(self._infos(functions=functions))
        shift, mask = self._info_parts
        last = max((max(chunk) >> shift for chunk in chunks if chunk), default=0)
        missing = self._symbols.missing(last)
        kinds = self._relocation_kinds
        order = (
            (info >> shift, info & mask in kinds.calls)
            for chunk in chunks
            for info in chunk
            if info >> shift in missing and info & mask not in kinds.silent
        )
        return [self._reference(missing[number], call=call) for number, call in dict.fromkeys(order)]

    def places(self) -> Iterator[tuple[int, int]]:
        """Yield where the relocations lie that may look something up (first byte, and the one behind).

        Raises:
            MalformedImage: a table lies outside the file.
        """
        form = self._elf.layout.rela if self._uses_addends else self._elf.layout.rel
        for address, size, skip in self._tables(functions=True):
            if size > 0:
                offset = self._elf.offset_of(address)
                yield offset + min(skip * form.size, size), offset + size

    @property
    def last(self) -> int:
        """The highest number of a symbol that a relocation names."""
        shift = self._info_parts[0]
        return max((max(chunk) >> shift for chunk in self._infos(functions=True) if chunk), default=0)

    @cached_property
    def uses_static_tls(self) -> bool:
        """Whether a relocation needs thread-local data at a fixed place (the linker then sets DF_STATIC_TLS)."""
        return bool(self._elf.flags & DF_STATIC_TLS) and self._has(self._relocation_kinds.static_tls)

    @cached_property
    def uses_tls_descriptors(self) -> bool:
        """Whether a relocation takes a fixed place for thread-local data if it can be had."""
        return self._has(self._relocation_kinds.descriptors)

    def _has(self, kinds: frozenset[int]) -> bool:
        mask = self._info_parts[1]
        return any(info & mask in kinds for chunk in self._infos(functions=True) for info in chunk)

    @property
    def _info_parts(self) -> tuple[int, int]:
        """How `r_info` is split: bits to shift for the symbol, mask for the type."""
        wide = self._elf.header.bits == 64  # noqa: PLR2004 - the two classes of ELF
        return (32, 0xFFFFFFFF) if wide else (8, 0xFF)

    @property
    def _relocation_kinds(self) -> Kinds:
        machine = self._elf.header.machine
        return next((kinds for known, kinds in RELOCATIONS.items() if known == machine), _UNKNOWN_MACHINE)

    def _infos(self, *, functions: bool) -> Iterator[Sequence[int]]:
        """Yield `r_info` in the order of relocation: the general table, then the one of the PLT."""
        for address, size, skip in self._tables(functions=functions):
            yield from self._info_chunks(address, size, skip)

    def _tables(self, *, functions: bool) -> Iterator[tuple[int, int, int]]:
        """Yield (address, bytes, leading relative relocations) of each table (`_ELF_DYNAMIC_DO_RELOC`)."""
        tags = self._elf.tags
        rela = self._uses_addends
        start, size, count = (Tag.RELA, Tag.RELASZ, Tag.RELACOUNT) if rela else (Tag.REL, Tag.RELSZ, Tag.RELCOUNT)
        slots, length = tags.get(Tag.JMPREL), tags.get(Tag.PLTRELSZ, 0)
        general = tags.get(size, 0)
        if start in tags:
            if slots is not None and tags[start] + general == slots + length:
                general -= length  # the PLT's table is counted as part of the general one
            yield tags[start], general, tags.get(count, 0)
        if slots is not None and (functions or self._elf.binds_now):
            yield slots, length, 0

    @property
    def _uses_addends(self) -> bool:
        tags = self._elf.tags
        return Tag.RELA in tags or (Tag.REL not in tags and tags.get(Tag.PLTREL, Tag.RELA) == Tag.RELA)

    def _info_chunks(self, address: int, size: int, skip: int) -> Iterator[Sequence[int]]:
        form = self._elf.layout.rela if self._uses_addends else self._elf.layout.rel
        if size <= 0:
            return
        offset = self._elf.offset_of(address)
        check_range(offset, size, self._elf.source.size)
        words = form.size // self._elf.layout.word.size
        at, end = offset + min(skip * form.size, size), offset + size // form.size * form.size
        while at < end:
            length = min(_CHUNK // form.size * form.size, end - at)
            numbers = array("Q" if self._elf.header.bits == 64 else "I")  # noqa: PLR2004 - the two classes of ELF
            numbers.frombytes(self._elf.source.read(at, length))
            if self._elf.header.order == ">":
                numbers.byteswap()
            yield numbers[1::words]
            at += length

    def _reference(self, symbol: Symbol, *, call: bool) -> Reference:
        name = self._symbols.name(symbol)
        self._names.spend(len(name) + 1)
        return Reference(Query(name, self._symbols.wanted_version(symbol.number), call), weak=symbol.bind == WEAK)
