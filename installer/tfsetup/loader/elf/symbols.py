"""Symbols of an ELF file: looking one up through the hash table.

Sources: System V ABI, "Hash Table"; the GNU hash table and all matching rules as in glibc elf/dl-lookup.c
(`do_lookup_x`, `check_match`).

Nothing here walks a whole symbol table: TensorFlow's has 450 000 entries. A look-up reads the words of the hash table
it needs, in pages of 4 kB, so one costs kilobytes and ten thousand cost no more than the table.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from struct import Struct
from typing import NamedTuple

from tfsetup.loader.bytes import ByteSource, MalformedImage, check_range, text
from tfsetup.loader.elf.image import PAGE, Elf, Tag
from tfsetup.loader.elf.versions import HIDDEN, INDEX, Version, Versions, read_versions
from tfsetup.loader.files.budget import Budget

BEHIND_THE_VERSIONS = "a symbol's version lies behind the table of versions"

LOCAL, GLOBAL, WEAK, GNU_UNIQUE = 0, 1, 2, 10
TLS = 6
_UNDEFINED, _ABSOLUTE = 0, 0xFFF1
_KINDS = frozenset((0, 1, 2, 5, TLS, 10))  # NOTYPE, OBJECT, FUNC, COMMON, TLS, GNU_IFUNC
_INTERNAL, _HIDDEN = 1, 2
_CHAIN_END = 1
_MAX_STEPS = 1 << 24
_CHUNK = 1 << 20


class Symbol(NamedTuple):
    """One entry of the dynamic symbol table; `number` is its place there."""

    number: int
    name: int
    bind: int
    type: int
    visibility: int
    section: int
    value: int
    size: int


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for: a name as the bytes in the file, and the version asked for, if any.

    `call`: for a relocation of the procedure linkage table or of thread-local data, which takes true definitions only.
    """

    name: bytes
    version: Version | None = None
    call: bool = True

    @property
    def text(self) -> str:
        """The name as text."""
        return text(self.name)


class VersionTableMissing(Exception):  # noqa: N818 - a state of the file the loader dies of, not an error of ours
    """The file has the name, a version of *this* file is wanted, and it has no version table: glibc's assertion."""


class _Pages:
    """Numbers out of a source by position, read in whole pages and kept."""

    __slots__ = ("_pages", "_source")

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._pages: dict[int, bytes] = {}

    def number(self, form: Struct, offset: int) -> int:
        place, inside = divmod(offset, PAGE)
        if inside + form.size > PAGE:
            return int(form.unpack(self._source.read(offset, form.size))[0])
        page = self._pages.get(place)
        if page is None:
            check_range(offset, form.size, self._source.size)
            page = self._pages[place] = self._source.read(place * PAGE, min(PAGE, self._source.size - place * PAGE))
        return int(form.unpack_from(page, inside)[0])


@lru_cache(maxsize=1 << 15)
def gnu_hash(name: bytes) -> int:
    """Return the GNU hash of a symbol name (glibc `dl_new_hash`)."""
    value = 5381
    for byte in name:
        value = (value * 33 + byte) & 0xFFFFFFFF
    return value


def sysv_hash(name: bytes) -> int:
    """Return the hash of System V ABI, "Hash Table" (also used for version names)."""
    value = 0
    for byte in name:
        value = (value << 4) + byte
        value = (value ^ ((value & 0xF0000000) >> 24)) & 0x0FFFFFFF
    return value


class Symbols:
    """The dynamic symbols of one file."""

    def __init__(self, elf: Elf) -> None:
        """Read nothing yet."""
        self.elf = self._elf = elf
        self._pages = _Pages(elf.source)
        self._order = elf.header.order
        self._steps = Budget(_MAX_STEPS, "entries in the chains of its hash table")

    @cached_property
    def versions(self) -> Versions:
        """The file's version tables."""
        return read_versions(self._elf)

    @cached_property
    def _symtab(self) -> int:
        return self._table(Tag.SYMTAB)

    @cached_property
    def versions_unusable(self) -> bool:
        """Whether ld.so would follow a null pointer: version records without DT_VERSYM, or the other way round."""
        return (self.versions.by_index is None) == (Tag.VERSYM in self._elf.tags)

    @cached_property
    def _versym(self) -> int | None:
        if self.versions.by_index is None or Tag.VERSYM not in self._elf.tags:
            return None
        return self._table(Tag.VERSYM)

    def _table(self, tag: Tag) -> int:
        if tag not in self._elf.tags:
            raise MalformedImage(f"no {tag.name} in the dynamic section")
        return self._elf.offset_of(self._elf.tags[tag])

    def symbol(self, index: int) -> Symbol:
        """Return entry `index` of the dynamic symbol table."""
        form = self._elf.layout.symbol
        raw = self._elf.source.read(self._symtab + index * form.size, form.size)
        return self._symbol(index, form.unpack(raw))

    def _symbol(self, index: int, fields: tuple[int, ...]) -> Symbol:
        if self._elf.header.bits == 64:  # noqa: PLR2004 - the order of the fields differs between the classes
            name, info, other, section, value, size = fields
        else:
            name, value, size, info, other, section = fields
        return Symbol(index, name, info >> 4, info & 0xF, other & 3, section, value, size)

    def name(self, symbol: Symbol) -> bytes:
        """Return a symbol's name."""
        return self._elf.raw_string(symbol.name)

    def version_index(self, index: int) -> int | None:
        """Return entry `index` of the version table, hidden bit included; None without a table."""
        if self._versym is None:
            return None
        return self._pages.number(self._elf.layout.half, self._versym + 2 * index)

    # -- looking up ----------------------------------------------------------------------------------------------

    @cached_property
    def _gnu(self) -> tuple[int, int, int, int, int, int, int] | None:
        """(buckets, first symbol, bloom words, shift, offset of bloom, of buckets, of chain)."""
        if Tag.GNU_HASH not in self._elf.tags:
            return None
        offset = self._table(Tag.GNU_HASH)
        form = Struct(self._order + "4I")
        buckets, first, words, shift = form.unpack(self._elf.source.read(offset, form.size))
        if words & (words - 1) or not words:
            raise MalformedImage("the GNU hash table's filter is not a power of two", offset=offset)
        bloom = offset + form.size
        table = bloom + words * self._elf.layout.word.size
        return buckets, first, words, shift, bloom, table, table + 4 * buckets

    @cached_property
    def _sysv(self) -> tuple[int, int] | None:
        if Tag.HASH not in self._elf.tags:
            return None
        offset = self._table(Tag.HASH)
        return self._pages.number(self._elf.layout.long, offset), offset + 8

    def _candidates(self, name: bytes) -> Iterator[int]:
        """Yield the numbers of the symbols whose hash is that of `name`."""
        if self._gnu is not None:
            yield from self._gnu_candidates(gnu_hash(name))
        elif self._sysv is not None:
            yield from self._sysv_candidates(sysv_hash(name))

    def _gnu_candidates(self, value: int) -> Iterator[int]:
        buckets, first, words, shift, bloom, table, chain = self._gnu or (0,) * 7
        if not buckets:
            return
        form, number = self._elf.layout.long, self._pages.number
        word, bits = self._elf.layout.word, self._elf.header.bits
        mask = number(word, bloom + (value // bits & (words - 1)) * word.size)
        if not mask >> (value % bits) & mask >> ((value >> shift) % bits) & 1:
            return
        index = number(form, table + 4 * (value % buckets))
        if not index:
            return
        entry = 0
        while not entry & _CHAIN_END:
            self._steps.spend()
            entry = number(form, chain + 4 * (index - first))
            if entry | 1 == value | 1:
                yield index
            index += 1

    def _sysv_candidates(self, value: int) -> Iterator[int]:
        buckets, offset = self._sysv or (0, 0)
        if not buckets:
            return
        number, form = self._pages.number, self._elf.layout.long
        index = number(form, offset + 4 * (value % buckets))
        while index:
            self._steps.spend()
            yield index
            index = number(form, offset + 4 * (buckets + index))

    def lookup(
        self, query: Query, *, names: frozenset[str] | set[str] = frozenset(), newest: bool = False
    ) -> bool | None:
        """Say whether the file defines what `query` asks for, by the rules of glibc's `do_lookup_x`.

        Args:
            query: the name and version wanted.
            names: the names under which this file is known to the process.
            newest: dlsym's rule for names without version (DL_LOOKUP_RETURN_NEWEST) instead of relocation's.

        Returns:
            True when it does, False when not, None when not although the version names this very file: for glibc that
            is an error on the spot.

        Raises:
            VersionTableMissing: the case glibc has an assertion against.
        """
        unhidden: list[Symbol] = []
        for index in self._candidates(query.name):
            symbol = self.symbol(index)
            if not _defines(symbol, call=query.call) or self.name(symbol) != query.name:
                continue
            answer = self._accepts(index, query.version, names, newest=newest)
            if answer:
                return _visible(symbol)
            if answer is None:
                unhidden.append(symbol)
        if len(unhidden) == 1:
            return _visible(unhidden[0])
        wanted = query.version
        return None if wanted is not None and wanted.file is not None and wanted.file in names else False

    def _accepts(
        self, index: int, wanted: Version | None, names: frozenset[str] | set[str], *, newest: bool
    ) -> bool | None:
        """Compare versions (`check_match`). None: a version, not hidden, where none was asked for."""
        have = self.version_index(index)
        if wanted is None:
            if have is None or have & INDEX < (2 if newest else 3):
                return True
            return False if have & HIDDEN else None
        if have is None:
            if wanted.file is not None and wanted.file in names:
                raise VersionTableMissing
            return True
        mine = (self.versions.by_index or {}).get(have & INDEX)
        if mine is not None and mine.hash == wanted.hash and mine.name == wanted.name:
            return True
        return not (wanted.hidden or (mine is not None and mine.hash) or have & HIDDEN)

    # -- what has to come from elsewhere ------------------------------------------------------------------------------

    def missing(self, last: int) -> dict[int, Symbol]:
        """Return, of the symbols up to number `last`, those a look-up would not find in this very file."""
        form = self._elf.layout.symbol
        per_chunk = _CHUNK // form.size
        found: dict[int, Symbol] = {}
        for first in range(0, last + 1, per_chunk):
            length = min(per_chunk, last + 1 - first) * form.size
            table = self._elf.source.read(self._symtab + first * form.size, length)
            for place in self._suspects(table):
                symbol = self._symbol(first + place, form.unpack_from(table, place * form.size))
                if symbol.bind != LOCAL and not _local(symbol):
                    found[symbol.number] = symbol
        return found

    def _suspects(self, table: bytes) -> Iterable[int]:
        """Return the places of the entries without section: what a file does not define.

        All others are definitions, and a look-up finds them; in a file without hash table it finds none of them, and
        a symbol whose type is none of a definition is not found either.
        """
        wide = self._elf.header.bits == 64  # noqa: PLR2004 - the order of the fields differs between the classes
        form = self._elf.layout.symbol
        places = range(len(table) // form.size)
        kinds = table[4 if wide else 12 :: form.size]
        if not self._findable or any(kind & 0xF not in _KINDS for kind in set(kinds) if kind >> 4 != LOCAL):
            return places
        sections = array("H", table)[3 if wide else 7 :: form.size // 2]
        return [place for place in places if not sections[place]]

    def places(self, last: int) -> Iterator[tuple[int, int]]:
        """Yield where the tables lie (first byte, and the one behind) that a look-up, or `missing(last)`, may read.

        Raises:
            MalformedImage: a table lies outside the file, or a chain of the hash table has no end.
        """
        count = last + 1
        if self._gnu is not None:
            buckets, first, _words, _shift, bloom, table, chain = self._gnu
            numbers = array("I", self._elf.source.read(table, 4 * buckets))
            count = max(count, self._end_of(max(numbers, default=0), first, chain))
            yield bloom - 16, chain + 4 * max(0, count - first)
        if self._sysv is not None:
            buckets, offset = self._sysv
            number = self._pages.number(self._elf.layout.long, offset - 4)
            count = max(count, number)
            yield offset - 8, offset + 4 * (buckets + number)
        if Tag.SYMTAB in self._elf.tags:
            yield self._symtab, self._symtab + count * self._elf.layout.symbol.size
        if Tag.VERSYM in self._elf.tags:
            versym = self._table(Tag.VERSYM)
            yield versym, versym + 2 * count

    def _end_of(self, index: int, first: int, chain: int) -> int:
        """Return the number behind the last symbol of the chain that begins with symbol `index`."""
        while index >= first and not self._pages.number(self._elf.layout.long, chain + 4 * (index - first)) & 1:
            self._steps.spend()
            index += 1
        return index + 1

    @property
    def _findable(self) -> bool:
        """Whether there is a hash table through which anything can be found."""
        return bool(self._gnu[0]) if self._gnu is not None else bool(self._sysv and self._sysv[0])

    def wanted_version(self, number: int) -> Version | None:
        """Return the version in which symbol `number` is asked for; None: any.

        Raises:
            MalformedImage: its index lies behind the table, where ld.so would read whatever is there.
        """
        index = self.version_index(number)
        if index is None:
            return None
        if index & INDEX > self._last_version:
            raise MalformedImage(BEHIND_THE_VERSIONS)
        version = (self.versions.by_index or {}).get(index & INDEX)
        return version if version is not None and version.hash else None

    @cached_property
    def _last_version(self) -> int:
        """The highest index a record defines or needs (glibc's `l_nversions` less one)."""
        defined = (entry.version.index for entry in self.versions.definitions or ())
        return max((*(self.versions.by_index or ()), *defined), default=0)


def _local(symbol: Symbol) -> bool:
    return symbol.visibility in (_INTERNAL, _HIDDEN)


def _visible(symbol: Symbol) -> bool:
    return not _local(symbol) and symbol.bind in (GLOBAL, WEAK, GNU_UNIQUE)


def _defines(symbol: Symbol, *, call: bool) -> bool:
    """Whether the entry is a definition at all (`check_match`, first two tests)."""
    if symbol.value == 0 and symbol.section != _ABSOLUTE and symbol.type != TLS:
        return False
    return symbol.type in _KINDS and not (call and symbol.section == _UNDEFINED)
