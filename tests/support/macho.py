"""Tiny Mach-O files for tests: what is said about an image becomes its load commands and tables, byte by byte."""

from __future__ import annotations

import hashlib
import struct
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

DYLIB, BUNDLE, EXECUTE = 6, 8, 2
CPUS = {"arm64": (0x0100000C, 0), "arm64e": (0x0100000C, 2), "x86_64": (0x01000007, 3), "x86_64h": (0x01000007, 8)}
LINKS = {"normal": 0x0C, "weak": 0x80000018, "reexport": 0x8000001F, "upward": 0x80000023}
PLATFORMS = {"macOS": 1, "iOS": 2, "iOS-sim": 7}
PAGE, BASE = 4096, 0x4000


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """An import: from which ordinal (-2: flat), and whether it may be absent; `lazy` puts it into the lazy table."""

    symbol: str
    ordinal: int = 1
    weak: bool = False
    lazy: bool = False


@dataclass(frozen=True, kw_only=True)
class Offered:
    """An export; with `ordinal` a re-export of that dependency's `alias` (empty: the same name)."""

    symbol: str
    ordinal: int | None = None
    alias: str = ""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A whole image. `dylibs` are (path, link) pairs; versions are `major.minor[.patch]` or None to leave them out.

    `coalesced` are the names of the table of weak binds (of the old format; chained fixups import them from -3).
    `held` are the flags of the signature (2: ad hoc), `granted` its entitlements.
    """

    arch: str = "arm64"
    file_type: int = DYLIB
    flags: int = 0x85
    install_name: str | None = None
    dylibs: Sequence[tuple[str, str]] = ()
    rpaths: Sequence[str] = ()
    name: str = "image"
    has_uuid: bool = True
    platform: str | None = "macOS"
    minos: str = "12.0"
    sdk: str = "14.0"
    imports: Sequence[Wanted] = ()
    exports: Sequence[Offered] = ()
    coalesced: Sequence[str] = ()
    chained: bool = False
    chained_format: int = 1
    signed: bool = True
    held: int = 2
    granted: str = ""
    extra: Sequence[bytes] = field(default=())

    @property
    def uuid(self) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, self.name)).upper()


def build(plan: Plan) -> bytes:
    """Return the file's bytes; signed ad hoc unless told otherwise."""
    tables, commands_of = _tables(plan)
    signature_at = _aligned(BASE + len(tables), 16)
    size = _signature_size(signature_at, plan) if plan.signed else 0
    commands = _commands(plan, commands_of, len(tables), signature_at, size)
    cpu, subtype = CPUS[plan.arch]
    body = b"".join(commands)
    header = struct.pack("<8I", 0xFEEDFACF, cpu, subtype, plan.file_type, len(commands), len(body), plan.flags, 0)
    data = (header + body).ljust(BASE, b"\0") + tables
    if not plan.signed:
        return data
    data = data.ljust(signature_at, b"\0")
    return data + _signature(data, plan)


def fat(*images: tuple[str, bytes], wide: bool = False) -> bytes:
    """Return a universal file of (architecture, image) pairs."""
    at, entries, body = 0x4000, b"", b""
    for arch, data in images:
        cpu, subtype = CPUS[arch]
        form = ">2I2Q2I" if wide else ">5I"
        rest = (at, len(data), 14, 0) if wide else (at, len(data), 14)
        entries += struct.pack(form, cpu, subtype, *rest)
        body += data.ljust(_aligned(len(data), 0x4000), b"\0")
        at += _aligned(len(data), 0x4000)
    head = struct.pack(">2I", 0xCAFEBABF if wide else 0xCAFEBABE, len(images)) + entries
    return head.ljust(0x4000, b"\0") + body


def uleb(value: int) -> bytes:
    out = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        out.append(low | (0x80 if value else 0))
        if not value:
            return bytes(out)


def trie(exports: Sequence[Offered]) -> bytes:
    """Return an export trie, children in order of first appearance."""
    if not exports:
        return b""
    root = _Node()
    for each in exports:
        root.add(each.symbol.encode(), _terminal(each))
    while root.place(0)[1]:
        pass
    return root.bytes()


def opcodes(imports: Sequence[Wanted], *, lazy: bool) -> bytes:
    """Return a bind stream as linkers write it."""
    out = bytearray()
    for index, each in enumerate(imports):
        out += bytes((0x71,)) + uleb(8 * index) if lazy else bytes((0x51, 0x71)) + uleb(8 * index)
        out += bytes((0x30 | each.ordinal & 0x0F,)) if each.ordinal < 0 else _ordinal(each.ordinal)
        out += bytes((0x40 | int(each.weak),)) + each.symbol.encode() + b"\0\x90"
        out += b"\0" if lazy else b""
    return bytes(out) + (b"" if lazy else b"\0")


def chained(imports: Sequence[Wanted], form: int) -> bytes:
    """Return an LC_DYLD_CHAINED_FIXUPS payload with no chains and these imports."""
    names, entries = b"\0", b""
    for each in imports:
        at, names = len(names), names + each.symbol.encode() + b"\0"
        if form == 3:
            entries += struct.pack("<2Q", each.ordinal & 0xFFFF | int(each.weak) << 16 | at << 32, 0)
        else:
            entry = each.ordinal & 0xFF | int(each.weak) << 8 | at << 9
            entries += struct.pack("<I", entry) if form == 1 else struct.pack("<Ii", entry, 0)
    starts, at = struct.pack("<I", 0), 32
    symbols_at = at + len(entries)
    header = struct.pack("<7I", 0, 28, at, symbols_at, len(imports), form, 0)
    return header + starts + entries + names


def resigned(data: bytes, plan: Plan) -> bytes:
    """Return an image with its signature made anew over changed bytes (the signature's place is unchanged)."""
    size = _signature_size(_signed_length(data, plan), plan)
    return data[:-size] + _signature(data[:-size], plan)


def with_extra(plan: Plan, *commands: bytes) -> Plan:
    return replace(plan, extra=(*plan.extra, *commands))


class _Node:
    def __init__(self, terminal: bytes = b"") -> None:
        self.terminal = terminal
        self.children: list[tuple[bytes, _Node]] = []
        self.at = 0

    def add(self, name: bytes, terminal: bytes) -> None:
        if not name:
            self.terminal = terminal
            return
        for index, (edge, _child) in enumerate(self.children):
            shared = _shared(edge, name)
            if shared:
                self._split(index, shared).add(name[shared:], terminal)
                return
        leaf = _Node(terminal)
        self.children.append((name, leaf))

    def _split(self, index: int, shared: int) -> _Node:
        """Return the child behind the first `shared` bytes of an edge, making a node there if there is none."""
        edge, child = self.children[index]
        if shared == len(edge):
            return child
        middle = _Node()
        middle.children.append((edge[shared:], child))
        self.children[index] = (edge[:shared], middle)
        return middle

    def place(self, at: int) -> tuple[int, bool]:
        """Lay this node and those below it out from `at`; say where they end and whether anything moved."""
        moved, self.at = self.at != at, at
        at += len(self.own())
        for _, child in self.children:
            at, child_moved = child.place(at)
            moved |= child_moved
        return at, moved

    def own(self) -> bytes:
        out = uleb(len(self.terminal)) + self.terminal + bytes((len(self.children),))
        return out + b"".join(edge + b"\0" + uleb(child.at) for edge, child in self.children)

    def bytes(self) -> bytes:
        return self.own() + b"".join(child.bytes() for _, child in self.children)


def _shared(left: bytes, right: bytes) -> int:
    count = 0
    while count < min(len(left), len(right)) and left[count] == right[count]:
        count += 1
    return count


def _terminal(export: Offered) -> bytes:
    if export.ordinal is None:
        return uleb(0) + uleb(0x1000)
    return uleb(8) + uleb(export.ordinal % (1 << 64)) + export.alias.encode() + b"\0"


def _ordinal(ordinal: int) -> bytes:
    return bytes((0x10 | ordinal,)) if ordinal < 16 else b"\x20" + uleb(ordinal)


def _tables(plan: Plan) -> tuple[bytes, list[bytes]]:
    """Return the content of __LINKEDIT and the load commands that point into it."""
    exports = trie(plan.exports)
    if plan.chained:
        fixups = chained(plan.imports, plan.chained_format)
        place = struct.pack("<4I", 0x80000034, 16, BASE, len(fixups))
        return fixups + exports, [place, struct.pack("<4I", 0x80000033, 16, BASE + len(fixups), len(exports))]
    bind = opcodes([each for each in plan.imports if not each.lazy], lazy=False)
    lazy = opcodes([each for each in plan.imports if each.lazy], lazy=True)
    weak = b"".join(b"\x40" + name.encode() + b"\0\x71\0\x90" for name in plan.coalesced)
    places, at = [], BASE
    for data in (b"", bind, weak, lazy, exports):
        places += [at if data else 0, len(data)]
        at += len(data)
    return bind + weak + lazy + exports, [struct.pack("<12I", 0x80000022, 48, *places)]


def _commands(plan: Plan, tables: list[bytes], length: int, signature_at: int, signature_size: int) -> list[bytes]:
    end = signature_at + signature_size if plan.signed else BASE + length
    commands = [_segment("__TEXT", 0, 0, BASE), _data(), _segment("__LINKEDIT", 2 * BASE, BASE, end - BASE), *tables]
    if plan.install_name is not None:
        commands.append(_string(0x0D, plan.install_name, 24))
    commands += [_string(LINKS[link], path, 24) for path, link in plan.dylibs]
    commands += [_string(0x8000001C, path, 12) for path in plan.rpaths]
    if plan.has_uuid:
        commands.append(struct.pack("<2I", 0x1B, 24) + uuid.UUID(plan.uuid).bytes)
    if plan.platform is not None:
        numbers = (PLATFORMS[plan.platform], packed(plan.minos), packed(plan.sdk), 0)
        commands.append(struct.pack("<6I", 0x32, 24, *numbers))
    if plan.signed:
        commands.append(struct.pack("<4I", 0x1D, 16, signature_at, signature_size))
    return [*commands, *plan.extra]


def packed(version: str) -> int:
    parts = [int(part) for part in version.split(".")] + [0, 0]
    return parts[0] << 16 | parts[1] << 8 | parts[2]


def _segment(name: str, address: int, offset: int, size: int) -> bytes:
    return struct.pack("<2I16s4Q4I", 0x19, 72, name.encode(), address, size, offset, size, 5, 5, 0, 0)


def _data() -> bytes:
    """Return a data segment that takes no room in the file: where the imports would be bound."""
    names = (b"__data", b"__DATA")
    section = struct.pack("<16s16s2Q8I", *names, BASE, BASE, 0, 3, 0, 0, 1, 0, 0, 0)
    return struct.pack("<2I16s4Q4I", 0x19, 152, b"__DATA", BASE, BASE, 0, 0, 3, 3, 1, 0) + section


def _string(kind: int, text: str, offset: int) -> bytes:
    raw = text.encode() + b"\0"
    size = _aligned(offset + len(raw), 8)
    head = struct.pack("<3I", kind, size, offset)
    return (head.ljust(offset, b"\0") + raw).ljust(size, b"\0")


def _aligned(value: int, step: int) -> int:
    return -(-value // step) * step


def _signature_size(limit: int, plan: Plan) -> int:
    return 20 + 44 + 8 + 32 * -(-limit // PAGE) + len(_entitlements(plan)) + 8 * bool(plan.granted)


def _entitlements(plan: Plan) -> bytes:
    raw = plan.granted.encode()
    return struct.pack(">2I", 0xFADE7171, 8 + len(raw)) + raw if raw else b""


def _signed_length(data: bytes, plan: Plan) -> int:
    at = 32
    while True:
        kind, size = struct.unpack_from("<2I", data, at)
        if kind == 0x1D:
            return int(struct.unpack_from("<I", data, at + 8)[0])
        at += size
        assert at < len(data), plan


def _signature(data: bytes, plan: Plan) -> bytes:
    pages = [data[at : at + PAGE] for at in range(0, len(data), PAGE)]
    hashes = b"".join(hashlib.sha256(page).digest() for page in pages)
    length = 44 + 8 + len(hashes)
    numbers = (0xFADE0C02, length, 0x20001, plan.held, 52, 44, 0, len(pages), len(data))
    directory = struct.pack(">9I4BI", *numbers, 32, 2, 0, 12, 0) + b"test".ljust(8, b"\0") + hashes
    parts = [(0, directory), *([(5, _entitlements(plan))] if plan.granted else [])]
    at, index = 12 + 8 * len(parts), b""
    for kind, part in parts:
        index += struct.pack(">2I", kind, at)
        at += len(part)
    return struct.pack(">3I", 0xFADE0CC0, at, len(parts)) + index + b"".join(part for _, part in parts)
