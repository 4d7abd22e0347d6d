"""All code for GPUs in a library, in one walk from its beginning to its end. Pure.

Not every fat binary lies in a section of its own: TensorFlow's generated kernels hold theirs as constants, so the whole
file is looked through. What is inside one is passed over. A deflated library is inflated once.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tfsetup.loader.bytes import MalformedImage
from tfsetup.loader.gpu import bundle, fatbin
from tfsetup.loader.gpu.targets import Target

if TYPE_CHECKING:
    from tfsetup.loader.bytes import ByteSource

_STEP: Final = 1 << 22  # bytes looked at together
_OVERLAP: Final = 256  # longer than any mark, so that none is cut in two
_GFX: Final = re.compile(rb"\0((?:gfx[0-9a-f]{3,5}){2,8})\0")
_MARKS: Final = (fatbin.MAGIC, bundle.MAGIC, b"\0gfx")


@dataclass(frozen=True, kw_only=True, slots=True)
class GpuCode:
    """What a library holds: how many fat binaries and bundles of which targets.

    `joined` are literals of several gfx names in a row: where a list in the source lacks a comma, the compiler joins
    its neighbours (`gfx1030gfx1100`), and what is compared with them matches neither. `damaged`: how many looked like a
    fat binary or a bundle and could not be read to their end.
    """

    fatbins: Mapping[frozenset[Target], int] = field(default_factory=dict)
    bundles: Mapping[frozenset[str], int] = field(default_factory=dict)
    joined: frozenset[str] = frozenset()
    damaged: int = 0


def scan(source: ByteSource) -> GpuCode:
    """Return the code for GPUs in a library.

    Raises:
        MalformedImage: the source itself is damaged (a deflated one that ends too early).
    """
    fatbins: Counter[frozenset[Target]] = Counter()
    bundles: Counter[frozenset[str]] = Counter()
    joined: set[str] = set()
    damaged = 0
    for offset, mark in _marks(source):
        try:
            if mark == fatbin.MAGIC:
                fatbins[fatbin.read_fatbin(source, offset)] += 1
            elif mark == bundle.MAGIC:
                bundles[bundle.read_bundle(source, offset)] += 1
            elif found := _GFX.match(source.read(offset, min(_OVERLAP, source.size - offset))):
                joined.add(found[1].decode())
        except MalformedImage:
            damaged += 1
    return GpuCode(fatbins=fatbins, bundles=bundles, joined=frozenset(joined), damaged=damaged)


def _marks(source: ByteSource) -> Iterator[tuple[int, bytes]]:
    """Yield where something begins, and the mark; the inside of a fat binary is passed over."""
    at = inside = 0
    while at < source.size:
        block = source.read(at, min(_STEP + _OVERLAP, source.size - at))
        behind = at + (len(block) if at + len(block) >= source.size else _STEP)
        for place, mark in sorted(_places(block)):
            size = fatbin.container_size(source, at + place) if mark == fatbin.MAGIC else 0
            if inside <= at + place < behind and size is not None:
                yield at + place, mark
                inside = at + place + size
        at = max(behind, inside)


def _places(block: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield every place of a mark: one search a mark is several times faster than a pattern of them all."""
    for mark in _MARKS:
        place = block.find(mark)
        while place >= 0:
            yield place, mark
            place = block.find(mark, place + 1)
