"""The level of x86-64 an ELF file was built for, which its GNU program properties name.

Sources: "Linux Extensions to gABI" (`.note.gnu.property`), x86-64 psABI, "Program Property"; which notes count, and
what makes one worthless: glibc sysdeps/x86/dl-prop.h (`_dl_process_property_note`), elf/dl-load.c (segments backwards).
"""

from __future__ import annotations

from struct import Struct

from tfsetup.loader.bytes import unpack_from
from tfsetup.loader.elf.image import Elf, Machine

PT_NOTE = 4
"""On x86 glibc takes the properties from here alone; PT_GNU_PROPERTY is for 64-bit ARM (`_dl_process_gnu_property`)."""

MAX_NOTES = 1 << 16
"""Bytes of one segment of notes that are believed (real ones have some hundred)."""

_NOTE, _PROPERTY, _WORD = Struct("<III"), Struct("<II"), Struct("<I")
_GNU, _PROPERTIES = b"GNU\0", 5
_NEEDED_1, _FEATURES_1, _ISA_1 = 0xB0008000, 0xC0000002, 0xC0008002
_LEVELS = 4


def x86_level_needed(elf: Elf) -> int:
    """Return the level (1 to 4) of x86-64 a file needs; 0: it does not say.

    A mark of a level that nobody has defined yet counts as one above all.

    Raises:
        MalformedImage: the notes do not lie inside the file.
    """
    if elf.header.machine not in (Machine.X86_64, Machine.I386):
        return 0
    for segment in reversed(elf.segments):
        size = min(segment.filesz, MAX_NOTES)
        if segment.type != PT_NOTE or segment.align != elf.header.bits // 8 or not size:
            continue
        found = _of_notes(elf.source.read(segment.offset, size), segment.align)
        if found is not None:
            return min(found.bit_length(), _LEVELS + 1)
    return 0


def _of_notes(data: bytes, align: int) -> int | None:
    """Return the marks of levels in a segment of notes; None: no note of it decides anything."""
    at, marks, seen = 0, 0, False
    while at + _NOTE.size < len(data):
        name, size, kind = unpack_from(data, _NOTE, at)
        start = at + _NOTE.size
        if (kind, data[start : start + name]) == (_PROPERTIES, _GNU):
            found = _of_properties(data[start + name : start + name + size], align)
            if found is None:
                return None
            marks, seen = found[0] or marks, seen or found[1]
        at += -(-(-(-(_NOTE.size + name) // align) * align + size) // align) * align
    return marks if seen else None


def _of_properties(data: bytes, align: int) -> tuple[int, bool] | None:
    """Return the marks in one note, and whether it has any property that counts; None: it is ill-formed."""
    if len(data) < _PROPERTY.size or len(data) % align:
        return None
    at, last, marks, seen = 0, 0, 0, False
    while len(data) - at >= _PROPERTY.size:
        kind, size = unpack_from(data, _PROPERTY, at)
        at += _PROPERTY.size
        if kind < last or at + size > len(data):
            return None
        if kind > _ISA_1:
            break
        if kind in (_NEEDED_1, _FEATURES_1, _ISA_1):
            if size != _WORD.size:
                return None
            value = int(unpack_from(data, _WORD, at)[0])
            marks, seen = value if kind == _ISA_1 else marks, seen or bool(value)
        last, at = kind, at + -(-size // align) * align
    return marks, seen
