"""NVIDIA's fat binaries: which targets one holds, from its headers and from the first lines of its PTX. Pure.

The layout is not published by NVIDIA as text. Sources: `fatbinary_section.h` of the CUDA toolkit (the magic number) and
what `cuobjdump --list-elf --list-ptx` says of the same files; the fields below were compared with it on TensorFlow's
libraries. A container is a header and entries one after the other, each a header, then its image filled up with zeros.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from struct import Struct
from typing import TYPE_CHECKING, Final, Literal

from tfsetup.loader.bytes import MalformedImage, unpack
from tfsetup.loader.gpu.lz4 import prefix
from tfsetup.loader.gpu.targets import Target

if TYPE_CHECKING:
    from tfsetup.loader.bytes import ByteSource

MAGIC: Final = 0xBA55ED50.to_bytes(4, "little")

HEADER: Final = Struct("<4sHHQ")
"""Magic, version, bytes of the header, bytes of all entries."""

ENTRY: Final = Struct("<HHIQIIHHIIIQQQ")
"""Kind, version, bytes of this header, of the filled-up image, of the packed image; …; architecture; …; flags; …."""

_VERSION, _KIND_PTX, _KIND_ELF = 1, 1, 2
_ARCHITECTURE, _FLAGS = 8, 11
_LZ4, _ZSTD = 0x2000, 0x8000
_LARGEST_HEADER: Final = 4096
_MOST_ENTRIES: Final = 4096
_HEAD: Final = 1 << 10  # bytes of PTX; `.version` and `.target` follow the generator's comment
_TARGET: Final = re.compile(rb"^\.target\s+sm_([0-9]{1,3})([0-9])([af]?)\b", re.MULTILINE)
_ISA: Final = re.compile(rb"^\.version\s+([0-9]{1,3})\.([0-9]{1,3})", re.MULTILINE)
_SUFFIX: Final[dict[bytes, Literal["", "a", "f"]]] = {b"": "", b"a": "a", b"f": "f"}


def container_size(source: ByteSource, offset: int) -> int | None:
    """Return how many bytes a fat binary at `offset` has; None when what stands there is none.

    The magic number alone also stands in the code that looks for it.
    """
    if offset + HEADER.size > source.size:
        return None
    magic, version, header, size = unpack(source, HEADER, offset)
    fits = 0 < size <= source.size - offset - HEADER.size
    return HEADER.size + size if (magic, version, header) == (MAGIC, _VERSION, HEADER.size) and fits else None


def read_fatbin(source: ByteSource, offset: int) -> frozenset[Target]:
    """Return the targets of the fat binary at `offset`.

    Raises:
        MalformedImage: there is none, or its entries do not lie inside it.
    """
    size = container_size(source, offset)
    if size is None:
        raise MalformedImage("no fat binary", offset=offset)
    return frozenset(_targets(source, offset + HEADER.size, offset + size))


def _targets(source: ByteSource, at: int, end: int) -> Iterator[Target]:
    for _ in range(_MOST_ENTRIES):
        if at + ENTRY.size > end:
            return
        fields = unpack(source, ENTRY, at)
        kind, _, header, size, packed = fields[:5]
        if not ENTRY.size <= header <= _LARGEST_HEADER or at + header + size > end:
            raise MalformedImage("an entry of a fat binary does not lie inside it", offset=at)
        if kind == _KIND_ELF:
            yield Target(kind="sm", capability=divmod(fields[_ARCHITECTURE], 10))
        elif kind == _KIND_PTX:
            image = source.read(at + header, min(size, packed or size, _HEAD))
            yield _ptx(image, fields[_ARCHITECTURE], fields[_FLAGS])
        at += header + size
    raise MalformedImage("a fat binary has no end", offset=at)


def _ptx(image: bytes, architecture: int, flags: int) -> Target:
    """Return the target of PTX: the header does not say whether it is for one GPU only, its own first lines do."""
    text = b"" if flags & _ZSTD else prefix(image, _HEAD) if flags & _LZ4 else image
    found, isa = _TARGET.search(text), _ISA.search(text)
    if found is None:
        return Target(kind="compute", capability=divmod(architecture, 10), suffix="?")
    return Target(
        kind="compute",
        capability=(int(found[1]), int(found[2])),
        suffix=_SUFFIX[found[3]],
        isa=(int(isa[1]), int(isa[2])) if isa else None,
    )
