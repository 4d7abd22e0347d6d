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


def rebases(data: bytes, segments: Sequence[int]) -> Iterator[Rebase]:
    """Yield the rebases of LC_DYLD_INFO. `segments`: the address of each segment.

    Raises:
        MalformedImage: an opcode is unknown or cut off.
    """
    place, at = 0, 0
    while at < len(data):
        opcode, low, at = data[at] & _HIGH, data[at] & _LOW, at + 1
        count, skip = 0, 0
        match opcode:
            case 0x00:
                return
            case 0x10:
                pass  # the type: pointers, the only one there is in 64 bits
            case 0x20:
                offset, at = uleb(data, at)
                place = _segment(segments, low) + offset
            case 0x30:
                offset, at = uleb(data, at)
                place = place + offset & _WORD
            case 0x40:
                place += low * POINTER
            case _:
                count, skip, at = _repeats(opcode, low, data, at)
        for _ in range(count):
            yield Rebase(place, None)
            place = place + POINTER + skip & _WORD


def _repeats(opcode: int, low: int, data: bytes, at: int) -> tuple[int, int, int]:
    """Return how often a rebase is done, what lies between two in bytes, and where the next opcode is."""
    match opcode:
        case 0x50:
            return low, 0, at
        case 0x60:
            count, at = uleb(data, at)
            return count, 0, at
        case 0x70:
            skip, at = uleb(data, at)
            return 1, skip, at
        case 0x80:
            count, at = uleb(data, at)
            skip, at = uleb(data, at)
            return count, skip, at
    raise MalformedImage("a rebase opcode is unknown", offset=at - 1)


class _Binding:
    """What the opcodes of a bind stream have said so far."""

    def __init__(self, data: bytes, segments: Sequence[int], *, weak: bool) -> None:
        self.data, self.segments, self.weak = data, segments, weak
        self.at, self.place, self.addend = 0, 0, 0
        self.symbol = ""

    def uleb(self) -> int:
        value, self.at = uleb(self.data, self.at)
        return value

    def bind(self, skip: int) -> Bind:
        place, self.place = self.place, self.place + POINTER + skip & _WORD
        return Bind(place, self.symbol, self.addend, self.weak)


def binds(data: bytes, segments: Sequence[int], *, weak: bool = False, lazy: bool = False) -> Iterator[Bind]:
    """Yield the binds of one stream of LC_DYLD_INFO; a lazy stream has an end after each of its binds.

    Raises:
        MalformedImage: an opcode is unknown or cut off.
    """
    state = _Binding(data, segments, weak=weak)
    while state.at < len(data):
        opcode, low = data[state.at] & _HIGH, data[state.at] & _LOW
        state.at += 1
        if opcode == 0 and not lazy:
            return
        if opcode >= _DO_BIND:
            yield from _bound(state, opcode, low)
        else:
            _set(state, opcode, low)


_DO_BIND = 0x90


def _set(state: _Binding, opcode: int, low: int) -> None:
    """Obey an opcode that binds nothing yet."""
    match opcode:
        case 0x00 | 0x10 | 0x30 | 0x50:
            pass  # an end in a lazy stream, the ordinal in the opcode, the type
        case 0x20:
            state.uleb()
        case 0x40:
            raw = cstring(state.data, state.at)
            state.symbol, state.at = text(raw), state.at + len(raw) + 1
        case 0x60:
            state.addend, state.at = sleb(state.data, state.at)
        case 0x70:
            state.place = _segment(state.segments, low) + state.uleb()
        case _:
            state.place = state.place + state.uleb() & _WORD


def _bound(state: _Binding, opcode: int, low: int) -> Iterator[Bind]:
    match opcode:
        case 0x90:
            yield state.bind(0)
        case 0xA0:
            yield state.bind(0)
            state.place = state.place + state.uleb() & _WORD
        case 0xB0:
            yield state.bind(low * POINTER)
        case 0xC0:
            count, skip = state.uleb(), state.uleb()
            yield from (state.bind(skip) for _ in range(count))
        case _:
            raise MalformedImage("a bind opcode is unknown", offset=state.at - 1)


def _segment(segments: Sequence[int], index: int) -> int:
    if index >= len(segments):
        raise MalformedImage(f"a fixup lies in segment {index}, and there are {len(segments)}")
    return segments[index]


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
