"""Thread-local data that needs a place at a fixed distance, of which a process keeps some free for opened libraries.

Source: glibc elf/dl-reloc.c (`_dl_try_allocate_static_tls`), elf/dl-tls.c (`TLS_STATIC_SURPLUS`).
"""

from __future__ import annotations

from collections.abc import Iterable

from tfsetup.loader.elf.image import PT_TLS
from tfsetup.loader.glibc.map import Map
from tfsetup.loader.model import LoadFailure, NotCovered

SURPLUS, OPTIONAL, ROUNDED = 1664, 512, 64
"""Bytes: what is kept free, what of it libraries with TLS descriptors may take though they need not (since 2.32), and
what rounding may add.
"""


def static_tls_wanted(entry: Map) -> int:
    """Return how many bytes of the fixed places an object needs; 0: none."""
    segment = entry.elf.segment(PT_TLS) if entry.elf is not None else None
    if segment is None or entry.relocations is None or not entry.relocations.uses_static_tls:
        return 0
    align = max(segment.align, 1)
    return -(-segment.memsz // align) * align


def judge_static_tls(entry: Map, taken: int, maps: Iterable[Map]) -> LoadFailure | NotCovered | None:
    """Say whether `taken` bytes, with those of an object that is being relocated, can be had; None: they can.

    Args:
        entry: the object.
        taken: bytes that libraries have asked for so far, this one included.
        maps: all objects of the process.
    """
    left = SURPLUS - taken
    if left < -ROUNDED:
        text = f"{entry.name}: cannot allocate memory in static TLS block"
        return LoadFailure(kind="os-too-old", image=entry.path, message=text)
    if left >= 0 and (left >= OPTIONAL or not _have_descriptors(maps)):
        return None
    reason = f"whether {taken} bytes of static thread-local storage are still free"
    return NotCovered(reason=reason, image=entry.path, matters=True)


def _have_descriptors(maps: Iterable[Map]) -> bool:
    """Whether anything mapped may take a place that it does not need (`TRY_STATIC_TLS`)."""
    tables = (entry.relocations for entry in maps if entry.elf is not None and entry.elf.segment(PT_TLS))
    return any(table is not None and table.uses_tls_descriptors for table in tables)
