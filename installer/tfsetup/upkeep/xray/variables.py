"""Which variables of the environment a plugin reads, and when.

When is seen under the emulator. What stands behind that is found in the code: each call of `getenv`, and the constant
name it is given. Forms of instructions: Arm Architecture Reference Manual, C6.2 (ADR, ADRP, ADD, LDR, BL).
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator, Mapping
from typing import Final

from tfsetup.upkeep.xray.fixups import Bind
from tfsetup.upkeep.xray.images import Image, Placed
from tfsetup.upkeep.xray.machine import Machine

LOADED: Final = "loading"
REGISTERED: Final = "registering"
RUN: Final = "a kernel"
DEVICE: Final = "the device"
FIRST_GRAPH: Final = "the first graph"
EACH_GRAPH: Final = "each graph"
NOT_SEEN: Final = "not seen"
"""The code asks for it behind what was run: with a stream, or a message of its own."""
SET: Final = "set to {value} with the device"

UNKNOWN: Final = "(a name that is no constant)"

_GETENV: Final = "_getenv"
_WORD: Final = 4
_BACK: Final = 5
"""Instructions between where a name is put into its register and the call."""


class Readings:
    """What a plugin in a machine has looked up since it was put there, phase by phase."""

    def __init__(self, machine: Machine) -> None:
        """Start with what it looked up while it was loaded."""
        self.seen: dict[str, str] = {}
        self._machine, self._at = machine, 0
        self.phase(LOADED)

    def phase(self, name: str) -> None:
        """Let all that was looked up since the last phase have been looked up in this one; the first one counts."""
        for variable, image in self._machine.asked[self._at :]:
            if image == 0:
                self.seen.setdefault(variable, name)
        self._at = len(self._machine.asked)

    def graph(self) -> None:
        """Begin or end a graph: what the second one looks up too is looked up at each."""
        asked = {variable for variable, image in self._machine.asked[self._at :] if image == 0}
        self.seen |= dict.fromkeys((name for name in asked if self.seen.get(name) == FIRST_GRAPH), EACH_GRAPH)
        self.phase(FIRST_GRAPH)


def variables(image: Image, seen: Mapping[str, str], sets: Mapping[str, str]) -> dict[str, str]:
    """Return each variable a plugin reads with when it does. `seen`, `sets`: what the emulator saw it read and set."""
    told = {name: SET.format(value=value) for name, value in sets.items()}
    return dict(sorted({**dict.fromkeys(named(image), NOT_SEEN), **seen, **told}.items()))


def named(image: Image) -> frozenset[str]:
    """Return the names that the code of an image asks `getenv` for."""
    slots = {fixup.place for fixup in image.fixups if isinstance(fixup, Bind) and fixup.symbol == _GETENV}
    code = [_Code(segment) for segment in image.segments if not segment.writable]
    stubs = {at for part in code for at in part.stubs(slots)}
    return frozenset(_text(image, at) for part in code for at in part.names(stubs))


def _text(image: Image, at: int | None) -> str:
    for segment in image.segments:
        if at is not None and segment.address <= at < segment.address + len(segment.content):
            start = at - segment.address
            return segment.content[start : segment.content.index(b"\0", start)].decode("utf-8", "replace")
    return UNKNOWN


class _Code:
    """The instructions of a segment."""

    def __init__(self, segment: Placed) -> None:
        self._base, self._words = segment.address, array("I")
        self._words.frombytes(segment.content[: len(segment.content) // _WORD * _WORD])
        if sys.byteorder == "big":
            self._words.byteswap()

    def stubs(self, slots: set[int]) -> Iterator[int]:
        """Yield where code begins that goes on at the address in a slot (`ldr x16, …; br x16`)."""
        for index, word in enumerate(self._words):
            if word & 0xFF00001F == _LDR_X16_LITERAL:
                if self._at(index) + _WORD * _signed(word >> 5, 19) in slots:
                    yield from (self._at(index), self._at(index) - _WORD)  # some begin with a nop
            elif word & 0xFFC003FF == _LDR_X16_X16 and self._in_page(index, word) in slots:
                yield self._at(index - 1)

    def _in_page(self, index: int, word: int) -> int | None:
        """Return the address that an instruction behind an ADRP of the same register reads."""
        if not index or self._words[index - 1] & 0x9F00001F != _ADRP_X16:
            return None
        return self._page(index - 1) + (word >> 10 & 0xFFF) * 8

    def names(self, stubs: set[int]) -> Iterator[int | None]:
        """Yield the address that each call of a stub has in its first register; None: it is not seen."""
        for index, word in enumerate(self._words):
            if word >> 26 == _BL and self._at(index) + _WORD * _signed(word, 26) in stubs:
                yield self._first(index)

    def _first(self, call: int) -> int | None:
        for index in range(call - 1, max(call - _BACK, 0), -1):
            word = self._words[index]
            if word & 0x9F00001F == _ADR_X0:
                return self._at(index) + _distance(word)
            if word & 0xFFC003FF == _ADD_X0_X0 and self._words[index - 1] & 0x9F00001F == _ADRP_X0:
                return self._page(index - 1) + (word >> 10 & 0xFFF)
        return None

    def _at(self, index: int) -> int:
        return self._base + _WORD * index

    def _page(self, index: int) -> int:
        """Return the page that the ADRP at a place names."""
        return (self._at(index) & ~0xFFF) + (_distance(self._words[index]) << 12)


_BL: Final = 0x25
_ADR_X0: Final = 0x10000000
_ADRP_X0: Final = 0x90000000
_ADD_X0_X0: Final = 0x91000000
_ADRP_X16: Final = 0x90000010
_LDR_X16_X16: Final = 0xF9400210
_LDR_X16_LITERAL: Final = 0x58000010


def _signed(value: int, bits: int) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> bits - 1 else value


def _distance(word: int) -> int:
    """Return the 21 bits of an ADR or ADRP."""
    return _signed((word >> 5 & 0x7FFFF) << 2 | word >> 29 & 3, 21)
