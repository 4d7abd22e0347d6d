"""The imports of a Mach-O image in the order in which dyld binds them: bind opcodes (old) or chained fixups (new).

Formats: `mach-o/loader.h` (BIND_OPCODE_*), `mach-o/fixup-chains.h`; order: dyld `MachOLayout.cpp`, forEachBindTarget.
"""

from __future__ import annotations

import re
import zlib
from collections import defaultdict
from collections.abc import Iterator
from struct import Struct
from typing import Literal, NamedTuple

from tfsetup.loader.bytes import MalformedImage, cstring, text, uleb, unpack_from
from tfsetup.loader.macho.image import MachO

SELF, MAIN_EXECUTABLE, FLAT, WEAK_COALESCE = 0, -1, -2, -3

_WEAK_IMPORT = 1
_MAX_SYMBOLS = 64 << 20

Stream = Literal["regular", "lazy", "chained"]


class Import(NamedTuple):
    """One symbol wanted. `ordinal`: 1… the numbered dependency, or SELF, MAIN_EXECUTABLE, FLAT, WEAK_COALESCE.

    `weak`: it may be absent. `stream` says which table it stands in; a lazy one may stay unbound without RTLD_NOW.
    """

    symbol: str
    ordinal: int
    weak: bool
    stream: Stream


_Raw = tuple[bytes, int, bool]
"""Symbol, ordinal, weak."""


def imports(image: MachO) -> Iterator[Import]:
    """Yield what an image imports in binding order, each (symbol, ordinal, weak) of the regular table once.

    Weak binds of the old format are left out: they never fail.

    Raises:
        MalformedImage: a table is damaged.
    """
    for stream, entries in _streams(image):
        yield from (Import(text(symbol), ordinal, weak, stream) for symbol, ordinal, weak in entries)


def names(image: MachO, *, lazy: bool) -> dict[int, set[bytes]]:
    """Return the same as bare names by ordinal (with or without lazy ones), in a third of the time `imports` takes.

    Raises:
        MalformedImage: a table is damaged.
    """
    found: dict[int, set[bytes]] = defaultdict(set)
    for stream, entries in _streams(image):
        if stream == "lazy" and (not lazy or _usual_stubs(image, found)):
            continue
        for symbol, ordinal, _weak in entries:
            found[ordinal].add(symbol)
    return found


def coalesced(image: MachO) -> set[bytes]:
    """Return the names for which an image takes the first weak definition of the process, and not its own.

    In the old format they have a table of their own; chained fixups import them from the ordinal `WEAK_COALESCE`.

    Raises:
        MalformedImage: a table is damaged.
    """
    if image.chained_fixups is not None:
        entries = _chained(image.table(image.chained_fixups))
        return {symbol for symbol, ordinal, _weak in entries if ordinal == WEAK_COALESCE}
    if image.dyld_info is None:
        return set()
    return {symbol for symbol, *_ in _opcodes(image.table(image.dyld_info.weak), lazy=False)}


def _usual_stubs(image: MachO, found: dict[int, set[bytes]]) -> bool:
    """Add the names of a lazy table that is nothing but stubs of the usual form; False for any other."""
    data = image.table(image.dyld_info.lazy) if image.dyld_info else b""
    stubs = _LAZY_STUBS.match(data)
    if not stubs or data[stubs.end() :].strip(b"\0"):
        return False
    for place, _setting, name in _LAZY_STUB.findall(data, 0, stubs.end()):
        found[_SHORT[place]].add(name)
    return True


def _streams(image: MachO) -> Iterator[tuple[Stream, Iterator[_Raw]]]:
    if image.chained_fixups is not None:
        yield "chained", _chained(image.table(image.chained_fixups))
    elif image.dyld_info is not None:
        yield "regular", _opcodes(image.table(image.dyld_info.bind), lazy=False)
        yield "lazy", _opcodes(image.table(image.dyld_info.lazy), lazy=True)


_ULEB = rb"[\x80-\xff]{0,9}[\x00-\x7f]"
_MOVE = rb"(?>[\x50-\x5f]|[\x60-\x8f]" + _ULEB + rb"|\xd0" + _ULEB + rb"|\xd1)"
_BIND = rb"(?:[\x90-\x9f\xb0-\xbf]|[\xa0-\xaf]" + _ULEB + rb"|[\xc0-\xcf]" + _ULEB + _ULEB + rb")"
_STEP = re.compile(
    rb"(?P<symbol>[\x40-\x4f][^\x00]*\x00)(?>[\x50-\x5f]|[\x60-\x8f]" + _ULEB + rb")*+"
    rb"(?P<bound>" + _BIND + rb"(?>[\x50-\x5f]|[\x60-\x8f]" + _ULEB + rb"|" + _BIND + rb")*+)?"
    rb"|(?P<ordinal>[\x10-\x1f\x30-\x3f]|[\x20-\x2f]" + _ULEB + rb")"
    rb"|(?P<bind>" + _BIND + rb")"
    rb"|(?P<done>[\x00-\x0f])"
    rb"|" + _MOVE + rb"++",
    re.DOTALL,
)
"""One step of a bind stream: most often a symbol and all the places it is bound at, which are skipped in C."""

_LAZY_STUB = re.compile(
    rb"[\x70-\x7f]" + _ULEB + rb"([\x10-\x1f\x30-\x3f])([\x40-\x4f])([^\x00]*)\x00\x90\x00", re.DOTALL
)
"""One lazy stub as linkers write it: place, ordinal or special ordinal, symbol, bind, done."""

_LAZY_STUBS = re.compile(
    rb"(?>[\x70-\x7f]" + _ULEB + rb"[\x10-\x1f\x30-\x3f][\x40-\x4f][^\x00]*\x00\x90\x00)++", re.DOTALL
)
"""A run of them. A library has thousands; they are taken apart in C."""


def _opcodes(data: bytes, *, lazy: bool) -> Iterator[_Raw]:
    symbol, ordinal, weak, at = b"", 0, False, 0
    seen: set[_Raw] = set()
    while at < len(data):
        stubs = _LAZY_STUBS.match(data, at) if lazy else None
        if stubs:
            for place, setting, symbol in _LAZY_STUB.findall(data, at, stubs.end()):
                ordinal, weak = _SHORT[place], bool(setting[0] & _WEAK_IMPORT)
                yield symbol, ordinal, weak
            at = stubs.end()
            continue
        step = _STEP.match(data, at)
        if not step:
            raise MalformedImage("a bind opcode is unknown or cut off", offset=at)
        at = step.end()
        kind = step.lastgroup
        if named := step["symbol"]:
            symbol, weak = named[1:-1], bool(named[0] & _WEAK_IMPORT)
        if kind == "ordinal":
            ordinal = _ordinal(step["ordinal"])
        elif kind in ("bound", "bind"):
            bound = symbol, ordinal, weak
            if bound not in seen:
                seen.add(bound)
                yield bound
        elif kind == "done" and not lazy:
            return


def _ordinal(opcode: bytes) -> int:
    high, low = opcode[0] & 0xF0, opcode[0] & 0x0F
    if high == 0x20:  # noqa: PLR2004 - BIND_OPCODE_SET_DYLIB_ORDINAL_ULEB
        return uleb(opcode, 1)[0]
    if high == 0x30 and low:  # noqa: PLR2004 - BIND_OPCODE_SET_DYLIB_SPECIAL_IMM
        return low - 16
    return low


_SHORT = {bytes((opcode,)): _ordinal(bytes((opcode,))) for opcode in (*range(0x10, 0x20), *range(0x30, 0x40))}
"""The opcodes that say an ordinal in a single byte."""

_CHAINED_HEADER = Struct("<7I")
_IMPORT32, _IMPORT32_ADDEND, _IMPORT64 = Struct("<I"), Struct("<Ii"), Struct("<2Q")
_NEGATIVE8, _NEGATIVE16 = 0xF0, 0xFFF0


def _chained(data: bytes) -> Iterator[_Raw]:
    fields = unpack_from(data, _CHAINED_HEADER, 0)
    _version, _starts, imports_at, symbols_at, count, form, symbols_form = fields
    entry = {1: _IMPORT32, 2: _IMPORT32_ADDEND, 3: _IMPORT64}.get(form)
    if entry is None:
        raise MalformedImage("chained fixups, unknown imports format")
    if imports_at + count * entry.size > len(data) or symbols_at > len(data):
        raise MalformedImage("chained fixups, imports extend beyond end of table")
    names = _names(data[symbols_at:], symbols_form)
    decode = _import64 if entry is _IMPORT64 else _import32
    for raw, *_addend in entry.iter_unpack(data[imports_at : imports_at + count * entry.size]):
        ordinal, weak, name = decode(raw)
        yield cstring(names, name), ordinal, weak


def _names(raw: bytes, form: int) -> bytes:
    if form == 0:
        return raw
    inflater = zlib.decompressobj()
    try:
        return inflater.decompress(raw, _MAX_SYMBOLS)
    except zlib.error as error:
        raise MalformedImage(f"chained fixups, symbol names cannot be decompressed ({error})") from error


def _import32(raw: int) -> tuple[int, bool, int]:
    ordinal = raw & 0xFF
    return ordinal - 0x100 if ordinal > _NEGATIVE8 else ordinal, bool(raw >> 8 & 1), raw >> 9


def _import64(raw: int) -> tuple[int, bool, int]:
    ordinal = raw & 0xFFFF
    return ordinal - 0x10000 if ordinal > _NEGATIVE16 else ordinal, bool(raw >> 16 & 1), raw >> 32
