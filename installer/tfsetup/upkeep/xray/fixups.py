"""Where the addresses in an image are put right when it is loaded: rebases and binds, each with its place. Pure.

The loader's own reader (`loader/binds.py`) wants to know which names are imported; who really runs an image also needs
the places. Formats: `mach-o/loader.h` (REBASE_OPCODE_*, BIND_OPCODE_*), `mach-o/fixup-chains.h`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from struct import Struct
from typing import NamedTuple

from tfsetup.loader.bytes import MalformedImage, cstring, sleb, text, uleb, unpack_from
from tfsetup.loader.macho.binds import Import

POINTER = 8
"""Bytes of a pointer."""

_HIGH, _LOW = 0xF0, 0x0F
_WORD = (1 << 64) - 1


class Rebase(NamedTuple):
    """A pointer into the image itself, at `place`; `target` is an address in the image (None: what stands there)."""

    place: int
    target: int | None


class Bind(NamedTuple):
    """A pointer to a symbol of some image, at `place`. `weak`: whoever of all images defines it first is meant."""

    place: int
    symbol: str
    addend: int
    weak: bool


class _Stream:
    """How far a stream of opcodes is read (`at`), and the place in memory it speaks of."""

    def __init__(self, data: bytes, segments: Sequence[int]) -> None:
        self.data, self.segments = data, segments
        self.at, self.place = 0, 0

    def opcodes(self) -> Iterator[tuple[int, int]]:
        """Yield opcode and immediate up to the end of the bytes; what belongs to one is read in between."""
        while self.at < len(self.data):
            byte, self.at = self.data[self.at], self.at + 1
            yield byte & _HIGH, byte & _LOW

    def uleb(self) -> int:
        value, self.at = uleb(self.data, self.at)
        return value

    def move(self, by: int) -> None:
        self.place = self.place + by & _WORD

    def enter(self, index: int) -> None:
        if index >= len(self.segments):
            raise MalformedImage(f"a fixup lies in segment {index}, and there are {len(self.segments)}")
        self.place = self.segments[index] + self.uleb()

    def places(self, count: int, skip: int = 0) -> Iterator[int]:
        """Yield so many places, with `skip` bytes between one pointer and the next."""
        for _ in range(count):
            yield self.place
            self.move(POINTER + skip)


def rebases(data: bytes, segments: Sequence[int]) -> Iterator[Rebase]:
    """Yield the rebases of LC_DYLD_INFO. `segments`: the address of each segment.

    Raises:
        MalformedImage: an opcode is unknown or cut off.
    """
    stream = _Stream(data, segments)
    for opcode, low in stream.opcodes():
        match opcode:
            case 0x00:
                return
            case 0x10:
                pass  # the type: pointers, the only one there is in 64 bits
            case 0x20:
                stream.enter(low)
            case 0x30:
                stream.move(stream.uleb())
            case 0x40:
                stream.move(low * POINTER)
            case _:
                yield from (Rebase(place, None) for place in stream.places(*_repeats(stream, opcode, low)))


def _repeats(stream: _Stream, opcode: int, low: int) -> tuple[int, int]:
    """Return how often a rebase is done, and what lies between two in bytes."""
    match opcode:
        case 0x50:
            return low, 0
        case 0x60:
            return stream.uleb(), 0
        case 0x70:
            return 1, stream.uleb()
        case 0x80:
            return stream.uleb(), stream.uleb()
    raise MalformedImage("a rebase opcode is unknown", offset=stream.at - 1)


def binds(data: bytes, segments: Sequence[int], *, weak: bool = False, lazy: bool = False) -> Iterator[Bind]:
    """Yield the binds of one stream of LC_DYLD_INFO; a lazy stream has an end after each of its binds.

    Raises:
        MalformedImage: an opcode is unknown or cut off.
    """
    stream, symbol, addend = _Stream(data, segments), "", 0
    for opcode, low in stream.opcodes():
        match opcode:
            case 0x00 if not lazy:
                return
            case 0x40:
                raw = cstring(data, stream.at)
                symbol, stream.at = text(raw), stream.at + len(raw) + 1
            case 0x60:
                addend, stream.at = sleb(data, stream.at)
            case _:
                yield from (Bind(place, symbol, addend, weak) for place in _bound(stream, opcode, low))


def _bound(stream: _Stream, opcode: int, low: int) -> Iterator[int]:
    """Obey an opcode, and yield the places it binds."""
    match opcode:
        case 0x00 | 0x10 | 0x30 | 0x50:
            pass  # an end in a lazy stream, the ordinal in the opcode, the type
        case 0x20:
            stream.uleb()
        case 0x70:
            stream.enter(low)
        case 0x80:
            stream.move(stream.uleb())
        case 0x90:
            yield from stream.places(1)
        case 0xA0:
            yield from stream.places(1)
            stream.move(stream.uleb())
        case 0xB0:
            yield from stream.places(1, low * POINTER)
        case 0xC0:
            yield from stream.places(stream.uleb(), stream.uleb())
        case _:
            raise MalformedImage("a bind opcode is unknown", offset=stream.at - 1)


_CHAINS = Struct("<7I")
_COUNT = Struct("<I")
_STARTS = Struct("<IHHQIH")
_PAGE = Struct("<H")
_WORD64 = Struct("<Q")
_NO_FIXUP, _MANY_STARTS = 0xFFFF, 0x8000
_ABSOLUTE, _FROM_BASE = 2, 6
_STRIDE = 4
_PLAIN_IMPORTS = 1


def chained(
    table: bytes, imports: Sequence[Import], contents: Sequence[bytes], segments: Sequence[int], base: int
) -> Iterator[Rebase | Bind]:
    """Yield the fixups of LC_DYLD_CHAINED_FIXUPS, which stand in the pointers themselves.

    `imports`: in the order of the table; `contents`: the bytes of each segment, `segments` its address, `base` that of
    the image.

    Raises:
        MalformedImage: a chain leaves its segment, or pointers of a form that only arm64e and kernels have.
    """
    _version, starts_at, _imports, _symbols, _n, form, _compressed = unpack_from(table, _CHAINS, 0)
    if form != _PLAIN_IMPORTS and imports:
        raise MalformedImage("chained fixups, imports with addends")
    (count,) = unpack_from(table, _COUNT, starts_at)
    for index in range(count):
        (offset,) = unpack_from(table, _COUNT, starts_at + _COUNT.size * (index + 1))
        if offset:
            for place, raw, pointer_form in _chain(table, starts_at + offset, contents[index], segments[index]):
                yield _fixup(place, raw, imports, 0 if pointer_form == _ABSOLUTE else base)


def _chain(table: bytes, at: int, content: bytes, address: int) -> Iterator[tuple[int, int, int]]:
    """Yield place, raw pointer and form of each pointer of a segment's chains."""
    _size, page_size, form, _offset, _max, pages = unpack_from(table, _STARTS, at)
    if form not in (_ABSOLUTE, _FROM_BASE):
        raise MalformedImage(f"chained fixups, pointers of form {form}")
    for page in range(pages):
        (start,) = unpack_from(table, _PAGE, at + _STARTS.size + page * _PAGE.size)
        if start == _NO_FIXUP:
            continue
        if start & _MANY_STARTS:
            raise MalformedImage("chained fixups, several chains in a page")
        cursor, step = page * page_size + start, 1
        while step:
            (raw,) = unpack_from(content, _WORD64, cursor)
            yield address + cursor, raw, form
            step = raw >> 51 & 0xFFF
            cursor += step * _STRIDE


def _fixup(place: int, raw: int, imports: Sequence[Import], base: int) -> Rebase | Bind:
    if not raw >> 63:
        target = (raw & (1 << 36) - 1) + base
        return Rebase(place, target | (raw >> 36 & 0xFF) << 56)
    ordinal = raw & 0xFFFFFF
    if ordinal >= len(imports):
        raise MalformedImage(f"chained fixups, import {ordinal} of {len(imports)}")
    found = imports[ordinal]
    return Bind(place, found.symbol, raw >> 24 & 0xFF, found.ordinal == _WEAK_COALESCE)


_WEAK_COALESCE = -3
