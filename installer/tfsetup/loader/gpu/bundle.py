"""AMD's code: which GPUs a bundle of code objects is for. Pure.

Source: LLVM, "Clang Offload Bundler", bundled code object file layout: a magic text, the number of entries, then for
each entry its offset, its size, the length of its identifier and the identifier (`hipv4-amdgcn-amd-amdhsa--gfx1030`).
"""

from __future__ import annotations

import re
from struct import Struct
from typing import TYPE_CHECKING, Final

from tfsetup.loader.bytes import MalformedImage, text, unpack

if TYPE_CHECKING:
    from tfsetup.loader.bytes import ByteSource

MAGIC: Final = b"__CLANG_OFFLOAD_BUNDLE__"
_COUNT: Final = Struct("<Q")
_ENTRY: Final = Struct("<QQQ")
_MOST_ENTRIES: Final = 256
_LONGEST: Final = 256
_GFX: Final = re.compile(r"-(gfx[0-9a-f]{3,5})(?::\S*)?\Z")


def read_bundle(source: ByteSource, offset: int) -> frozenset[str]:
    """Return the names (`gfx1030`) of the GPUs that a bundle at `offset` has code for.

    Raises:
        MalformedImage: there is none, or its table does not lie inside the file.
    """
    if source.read(offset, len(MAGIC)) != MAGIC:
        raise MalformedImage("no bundle of code objects", offset=offset)
    at = offset + len(MAGIC)
    (count,) = unpack(source, _COUNT, at)
    if count > _MOST_ENTRIES:
        raise MalformedImage(f"a bundle of {count} code objects", offset=at)
    at += _COUNT.size
    found: set[str] = set()
    for _ in range(count):
        _, _, length = unpack(source, _ENTRY, at)
        if length > _LONGEST:
            raise MalformedImage(f"an identifier of {length} bytes in a bundle of code objects", offset=at)
        name = _GFX.search(text(source.read(at + _ENTRY.size, length)))
        found |= {name[1]} if name else set()
        at += _ENTRY.size + length
    return frozenset(found)
