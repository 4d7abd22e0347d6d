"""The imports of a Mach-O image in the order in which dyld binds them: bind opcodes (old) or chained fixups (new).

Formats: `mach-o/loader.h` (BIND_OPCODE_*), `mach-o/fixup-chains.h`; order: dyld `MachOLayout.cpp`, forEachBindTarget.
"""

from __future__ import annotations

import re
import zlib
from struct import Struct
from typing import TYPE_CHECKING, Literal, NamedTuple

from tfsetup.loader.bytes import MalformedImage, cstring, text, uleb, unpack_from

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tfsetup.loader.macho import MachO

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


def imports(image: MachO) -> Iterator[Import]:
    """Yield what an image imports in binding order, each (symbol, ordinal, weak) once a table.

    Weak binds of the old format are left out: they never fail.

    Raises:
        MalformedImage: a table is damaged.
    """
    if image.chained_fixups is not None:
        yield from _chained(image.table(image.chained_fixups))
    elif image.dyld_info is not None:
        yield from _opcodes(image.table(image.dyld_info.bind), "regular")
        yield from _opcodes(image.table(image.dyld_info.lazy), "lazy")


_ULEB = rb"[\x80-\xff]{0,9}[\x00-\x7f]"
_STEP = re.compile(
    rb"(?P<ordinal>[\x10-\x1f\x30-\x3f]|[\x20-\x2f]" + _ULEB + rb")"
    rb"|(?P<symbol>[\x40-\x4f][^\x00]*\x00)"
    rb"|(?P<bind>(?:[\x90-\x9f\xb0-\xbf]|[\xa0-\xaf]" + _ULEB + rb"|[\xc0-\xcf]" + _ULEB + _ULEB + rb")"
    # whatever only moves the place or binds the same symbol again
    rb"(?:[\x50-\x5f\x90-\x9f\xb0-\xbf]|[\x60-\x8f\xa0-\xaf]" + _ULEB + rb"|[\xc0-\xcf]" + _ULEB + _ULEB + rb")*+)"
    rb"|(?P<done>[\x00-\x0f])"
    rb"|(?:[\x50-\x5f]|[\x60-\x8f]" + _ULEB + rb"|\xd0" + _ULEB + rb"|\xd1)++",
    re.DOTALL,
)
"""One step of a bind stream. A library binds a symbol at thousands of places; all but the symbol is skipped in C."""

_LAZY_STUB = re.compile(rb"[\x70-\x7f]" + _ULEB + rb"([\x10-\x1f])([\x40-\x4f])([^\x00]*)\x00\x90\x00", re.DOTALL)
"""One lazy stub as linkers write it, in a single step: place, ordinal, symbol, bind, done."""


def _opcodes(data: bytes, stream: Stream) -> Iterator[Import]:
    symbol, ordinal, weak, at = "", 0, False, 0
    seen: set[tuple[str, int, bool]] = set()
    match, stub = _STEP.match, _LAZY_STUB.match
    while at < len(data):
        usual = stub(data, at) if stream == "lazy" else None
        if usual:
            library, setting, name = usual.groups()
            at, ordinal, weak = usual.end(), library[0] & 0x0F, bool(setting[0] & _WEAK_IMPORT)
            yield Import(name.decode("utf-8", "backslashreplace"), ordinal, weak, stream)
            continue
        step = match(data, at)
        if not step:
            raise MalformedImage("a bind opcode is unknown or cut off", offset=at)
        at = step.end()
        kind = step.lastgroup
        if kind == "symbol":
            symbol, weak = text(step["symbol"][1:-1]), bool(step["symbol"][0] & _WEAK_IMPORT)
        elif kind == "ordinal":
            ordinal = _ordinal(step["ordinal"])
        elif kind == "bind":
            if (symbol, ordinal, weak) not in seen:
                seen.add((symbol, ordinal, weak))
                yield Import(symbol, ordinal, weak, stream)
        elif kind == "done" and stream != "lazy":
            return


def _ordinal(opcode: bytes) -> int:
    high, low = opcode[0] & 0xF0, opcode[0] & 0x0F
    if high == 0x20:  # noqa: PLR2004 - BIND_OPCODE_SET_DYLIB_ORDINAL_ULEB
        return uleb(opcode, 1)[0]
    if high == 0x30 and low:  # noqa: PLR2004 - BIND_OPCODE_SET_DYLIB_SPECIAL_IMM
        return low - 16
    return low


_CHAINED_HEADER = Struct("<7I")
_IMPORT32, _IMPORT32_ADDEND, _IMPORT64 = Struct("<I"), Struct("<Ii"), Struct("<2Q")
_NEGATIVE8, _NEGATIVE16 = 0xF0, 0xFFF0


def _chained(data: bytes) -> Iterator[Import]:
    fields = unpack_from(data, _CHAINED_HEADER, 0)
    _version, _starts, imports_at, symbols_at, count, form, symbols_form = fields
    entry = {1: _IMPORT32, 2: _IMPORT32_ADDEND, 3: _IMPORT64}.get(form)
    if entry is None:
        raise MalformedImage("chained fixups, unknown imports format")
    if imports_at + count * entry.size > len(data) or symbols_at > len(data):
        raise MalformedImage("chained fixups, imports extend beyond end of table")
    names = _names(data[symbols_at:], symbols_form)
    for index in range(count):
        raw = entry.unpack_from(data, imports_at + index * entry.size)[0]
        ordinal, weak, name = _import64(raw) if entry is _IMPORT64 else _import32(raw)
        yield Import(text(cstring(names, name)), ordinal, weak, "chained")


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
