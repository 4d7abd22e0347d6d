"""A builder of tiny ELF libraries: what a loader reads, and nothing else. The real ld.so opens them, too."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tfsetup.loader.elf.symbols import gnu_hash, sysv_hash

PAGE = 4096
GLOB_DAT = {62: 6, 183: 1025, 3: 6, 40: 21}
JUMP_SLOT = {62: 7, 183: 1026, 3: 7, 40: 22}
STATIC_TLS = {62: 18, 183: 1030, 3: 14, 40: 19}


@dataclass(frozen=True, kw_only=True)
class Define:
    """A symbol the file defines. `version` is one of the file's own versions; `hidden` sets bit 15 of its index."""

    name: str
    version: str | None = None
    hidden: bool = False
    bind: int = 1
    type: int = 2
    visibility: int = 0
    section: int = 1
    value: int = 0x40


@dataclass(frozen=True, kw_only=True)
class Import:
    """A symbol the file needs; `version` is (file, version name); `slot` puts its relocation into the PLT's table."""

    name: str
    version: tuple[str, str] | None = None
    weak: bool = False
    slot: bool = False


@dataclass(frozen=True, kw_only=True)
class Library:
    """What to build. `versions` are those the file defines (the first is its own name), `needs` of others by file."""

    soname: str | None = None
    needed: Sequence[str] = ()
    runpath: str | None = None
    rpath: str | None = None
    defines: Sequence[Define] = ()
    imports: Sequence[Import] = ()
    versions: Sequence[str] = ()
    needs: Mapping[str, Sequence[str]] = field(default_factory=dict)
    weak_needs: bool = False
    flags: int = 0
    flags_1: int = 0
    machine: int = 62
    bits: int = 64
    order: str = "<"
    hash_style: str = "gnu"
    type: int = 3
    stack: int | None = 6
    tls: int = 0
    static_tls: bool = False
    tags: Sequence[tuple[int, int]] = ()


class _Strings:
    def __init__(self) -> None:
        self.data = b"\0"

    def add(self, value: str) -> int:
        raw = value.encode() + b"\0"
        at = self.data.find(b"\0" + raw)
        if at >= 0:
            return at + 1
        self.data += raw
        return len(self.data) - len(raw)


class _Builder:
    def __init__(self, library: Library, padding: int) -> None:
        self.library = library
        self.order, self.wide = library.order, library.bits == 64
        self.word = "Q" if self.wide else "I"
        self.size = 8 if self.wide else 4
        self.strings = _Strings()
        self.imports = list(library.imports)
        self.defines = self._sorted(library.defines)
        self.body = b"\0" * padding
        self.tags: list[tuple[int, int]] = []

    def pack(self, form: str, *values: int) -> bytes:
        return struct.pack(self.order + form, *values)

    def _sorted(self, defines: Sequence[Define]) -> list[Define]:
        buckets = max(1, len(defines))
        return sorted(defines, key=lambda entry: gnu_hash(entry.name.encode()) % buckets)

    @property
    def header_size(self) -> int:
        return (64 if self.wide else 52) + 4 * (56 if self.wide else 32)

    def place(self, data: bytes, align: int = 8) -> int:
        """Append to the file; return the address."""
        start = self.header_size + len(self.body)
        self.body += b"\0" * (-start % align)
        start = self.header_size + len(self.body)
        self.body += data
        return start

    def build(self) -> bytes:
        self._dynamic_names()
        self.tags.append((6, self.place(self._symbols())))
        self._versions()
        self._hashes()
        self._relocations()
        self.tags.append((11, 24 if self.wide else 16))
        strings = self.strings.data
        self.tags += [(10, len(strings)), (5, self.place(strings))]
        self.tags += [(tag, value) for tag, value in ((30, self._flags), (0x6FFFFFFB, self.library.flags_1)) if value]
        self.tags += self.library.tags
        dynamic = b"".join(self.pack("q" + self.word if self.wide else "iI", tag, value) for tag, value in self.tags)
        dynamic += b"\0" * (2 * self.size)
        at = self.place(dynamic, 16)
        return self._header(at, len(dynamic)) + self.body

    @property
    def _flags(self) -> int:
        return self.library.flags | (0x10 if self.library.static_tls else 0)

    def _dynamic_names(self) -> None:
        library = self.library
        self.tags += [(1, self.strings.add(name)) for name in library.needed]
        for tag, value in ((14, library.soname), (15, library.rpath), (29, library.runpath)):
            if value is not None:
                self.tags.append((tag, self.strings.add(value)))

    def _symbols(self) -> bytes:
        rows = [self._symbol(0, 0, 0, 0, 0)]
        rows += [
            self._symbol(self.strings.add(entry.name), (2 if entry.weak else 1) << 4, 0, 0, 0) for entry in self.imports
        ]
        for define in self.defines:
            info = define.bind << 4 | define.type
            name = self.strings.add(define.name)
            rows.append(self._symbol(name, info, define.visibility, define.section, define.value))
        return b"".join(rows)

    def _symbol(self, name: int, info: int, other: int, section: int, value: int) -> bytes:
        if self.wide:
            return self.pack("IBBHQQ", name, info, other, section, value, 0)
        return self.pack("IIIBBH", name, value, 0, info, other, section)

    def _needs(self) -> dict[str, list[str]]:
        needs = {file: list(versions) for file, versions in self.library.needs.items()}
        for entry in self.imports:
            if entry.version is not None and entry.version[1] not in needs.setdefault(entry.version[0], []):
                needs[entry.version[0]].append(entry.version[1])
        return needs

    def _versions(self) -> None:
        needs, own = self._needs(), list(self.library.versions)
        if not needs and not own:
            return
        index = {name: number for number, name in enumerate(own, 1)}
        pairs = [(file, name) for file, names in needs.items() for name in names]
        needed = {pair: number for number, pair in enumerate(pairs, max(2, len(own) + 1))}
        table = [0]
        table += [needed[entry.version] if entry.version else 0 for entry in self.imports]
        for define in self.defines:
            number = index[define.version] if define.version else 1
            table.append(number | (0x8000 if define.hidden else 0))
        self.tags.append((0x6FFFFFF0, self.place(self.pack(f"{len(table)}H", *table))))
        if own:
            self.tags += [(0x6FFFFFFC, self.place(self._definitions(own))), (0x6FFFFFFD, len(own))]
        if needs:
            self.tags += [(0x6FFFFFFE, self.place(self._need_records(needs, needed))), (0x6FFFFFFF, len(needs))]

    def _definitions(self, own: Sequence[str]) -> bytes:
        data = b""
        for number, name in enumerate(own, 1):
            following = 28 if number < len(own) else 0
            flags = 1 if number == 1 else 0
            data += self.pack("HHHHIII", 1, flags, number, 1, sysv_hash(name.encode()), 20, following)
            data += self.pack("II", self.strings.add(name), 0)
        return data

    def _need_records(self, needs: Mapping[str, Sequence[str]], numbers: Mapping[tuple[str, str], int]) -> bytes:
        data = b""
        for place, (file, names) in enumerate(needs.items()):
            following = 16 + 16 * len(names) if place < len(needs) - 1 else 0
            data += self.pack("HHIII", 1, len(names), self.strings.add(file), 16, following)
            for count, name in enumerate(names):
                step = 16 if count < len(names) - 1 else 0
                flags = 2 if self.library.weak_needs else 0
                value = sysv_hash(name.encode())
                data += self.pack("IHHII", value, flags, numbers[file, name], self.strings.add(name), step)
        return data

    def _hashes(self) -> None:
        if self.library.hash_style in ("gnu", "both"):
            self.tags.append((0x6FFFFEF5, self.place(self._gnu())))
        if self.library.hash_style in ("sysv", "both"):
            self.tags.append((4, self.place(self._sysv())))

    def _gnu(self) -> bytes:
        first, shift, bits = 1 + len(self.imports), 6, self.library.bits
        values = [gnu_hash(define.name.encode()) for define in self.defines]
        count = max(1, len(values))
        bloom = 0
        for value in values:
            bloom |= 1 << (value % bits) | 1 << ((value >> shift) % bits)
        buckets, chain = [0] * count, []
        for number, value in enumerate(values):
            bucket = value % count
            buckets[bucket] = buckets[bucket] or first + number
            last = number + 1 == len(values) or values[number + 1] % count != bucket
            chain.append(value & ~1 | last)
        head = self.pack("4I", count, first, 1, shift) + self.pack(self.word, bloom)
        return head + self.pack(f"{count}I", *buckets) + self.pack(f"{len(chain)}I", *chain)

    def _sysv(self) -> bytes:
        first, count = 1 + len(self.imports), 3
        total = first + len(self.defines)
        buckets, chain = [0] * count, [0] * total
        for number, define in enumerate(self.defines, first):
            bucket = sysv_hash(define.name.encode()) % count
            chain[number], buckets[bucket] = buckets[bucket], number
        return self.pack(f"{2 + count + total}I", count, total, *buckets, *chain)

    def _relocations(self) -> None:
        machine = self.library.machine
        general = [n for n, entry in enumerate(self.imports, 1) if not entry.slot]
        slots = [n for n, entry in enumerate(self.imports, 1) if entry.slot]
        table = self.place(b"\0" * self.size * (4 + len(self.imports)), 16)
        rows = [self._relocation(table + self.size * (3 + n), n, GLOB_DAT[machine]) for n in general]
        if self.library.static_tls:
            rows.insert(0, self._relocation(table, 0, STATIC_TLS[machine]))
        if rows:
            data = b"".join(rows)
            start, size, entry = (7, 8, 9) if self.wide else (17, 18, 19)
            self.tags += [(start, self.place(data)), (size, len(data)), (entry, len(data) // len(rows))]
        if slots:
            data = b"".join(self._relocation(table + self.size * (3 + n), n, JUMP_SLOT[machine]) for n in slots)
            kind = 7 if self.wide else 17
            self.tags += [(23, self.place(data)), (2, len(data)), (20, kind), (3, table)]

    def _relocation(self, address: int, symbol: int, kind: int) -> bytes:
        if self.wide:
            return self.pack("QQq", address, symbol << 32 | kind, 0)
        return self.pack("II", address, symbol << 8 | kind)

    def _header(self, dynamic: int, size: int) -> bytes:
        library, total = self.library, self.header_size + len(self.body)
        ident = b"\x7fELF" + bytes((2 if self.wide else 1, 1 if self.order == "<" else 2, 1)) + b"\0" * 9
        start = 64 if self.wide else 52
        head = self.pack(
            "HHI" + 3 * self.word + "IHHHHHH",
            library.type, library.machine, 1, 0, start, 0, 0, start, 56 if self.wide else 32, 4, 0, 0, 0,
        )  # fmt: skip
        segments = [self._segment(1, 6, 0, 0, total, PAGE), self._segment(2, 6, dynamic, dynamic, size, 8)]
        segments.append(self._segment(0x6474E551, 6 if library.stack is None else library.stack, 0, 0, 0, 16))
        if library.stack is None:
            segments[-1] = self._segment(0, 0, 0, 0, 0, 0)
        segments.append(self._segment(7 if library.tls else 0, 4, 0, 0, 0, 8, memory=library.tls))
        return ident + head + b"".join(segments)

    def _segment(
        self, kind: int, flags: int, offset: int, address: int, size: int, align: int, *, memory: int | None = None
    ) -> bytes:
        memory = size if memory is None else memory
        if self.wide:
            return self.pack("IIQQQQQQ", kind, flags, offset, address, address, size, memory, align)
        return self.pack("IIIIIIII", kind, offset, address, address, size, memory, flags, align)


def build_elf(library: Library, *, padding: int = 0) -> bytes:
    """Return the file's bytes; `padding` zero bytes lie between the headers and everything else."""
    return _Builder(library, padding).build()
