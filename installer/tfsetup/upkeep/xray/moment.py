"""A machine's memory as it was, and back to it: what costs a second to load is then asked many questions, not one.

Only what changed is written back. Code that is written over has to be translated again, so what nothing may change
(code, constants) is not looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from unicorn import Uc
    from unicorn.unicorn_py3.unicorn import UcContext

Region = tuple[int, int]
"""Where memory begins, and how many bytes of it may be changed."""

_PIECE: Final = 0x1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """The registers, and the bytes of every region, at one time."""

    registers: UcContext
    memory: tuple[tuple[int, bytes], ...]


def moment(cpu: Uc, regions: Sequence[Region]) -> Moment:
    """Return how these regions are now."""
    memory = tuple((base, bytes(cpu.mem_read(base, size))) for base, size in regions if size)
    return Moment(registers=cpu.context_save(), memory=memory)


def back(cpu: Uc, to: Moment) -> None:
    """Make registers and regions what they were."""
    cpu.context_restore(to.registers)
    for base, was in to.memory:
        now = cpu.mem_read(base, len(was))
        if now != was:
            _write(cpu, base, was, now)


def _write(cpu: Uc, base: int, was: bytes, now: bytearray) -> None:
    for at in range(0, len(was), _PIECE):
        piece = was[at : at + _PIECE]
        if now[at : at + _PIECE] != piece:
            cpu.mem_write(base + at, piece)
