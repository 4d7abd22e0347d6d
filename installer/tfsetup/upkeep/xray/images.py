"""An image as it lies in memory: segments, what is put right in them, exports, initializers. Read by our own reader."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from struct import Struct

from tfsetup.loader.bytes import ByteSource, MalformedImage, text, unpack_from
from tfsetup.loader.macho.binds import imports
from tfsetup.loader.macho.exports import defined
from tfsetup.loader.macho.image import MachO, read_macho, slices
from tfsetup.upkeep.xray.fixups import Bind, Rebase, binds, chained, rebases

_KEPT = Struct("<4xII4x")
"""What stands behind a segment's places: its protection when it is loaded, and how many sections it has."""
_WRITABLE = 2
"""VM_PROT_WRITE, see `mach/vm_prot.h`."""
_SECTION = Struct("<32x2Q16xI12x")
POINTERS, OFFSETS = 9, 0x16
"""Section types S_MOD_INIT_FUNC_POINTERS and S_INIT_FUNC_OFFSETS."""

_MOST = 1 << 30
"""Bytes an image may take in memory: twice the largest there is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Placed:
    """A segment: where it lies and its bytes, filled up with zeros to its size in memory; whether code may write."""

    address: int
    content: bytes
    writable: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """A part of a segment; `kind` is the type in its flags."""

    kind: int
    address: int
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Image:
    """One image, at the addresses it was linked for.

    `fixups` stand in the order in which they are done; `exports` are addresses by name.
    """

    segments: tuple[Placed, ...]
    sections: tuple[Section, ...]
    fixups: tuple[Rebase | Bind, ...]
    exports: Mapping[str, int]

    @property
    def base(self) -> int:
        """The first address of the image."""
        return min((segment.address for segment in self.segments), default=0)

    @property
    def end(self) -> int:
        """The first address behind the image."""
        return max((segment.address + len(segment.content) for segment in self.segments), default=0)

    @property
    def imports(self) -> frozenset[str]:
        """The names it binds."""
        return frozenset(fixup.symbol for fixup in self.fixups if isinstance(fixup, Bind))


NOTHING = Image(segments=(), sections=(), fixups=(), exports={})
"""No image, in the place of one."""


def read_image(source: ByteSource, architecture: str) -> Image:
    """Read the image of an architecture out of a file, universal or not.

    Raises:
        MalformedImage: the file has none, it is damaged, or holds what only other systems have.
    """
    fat = slices(source)
    parts = [part.source for part in fat if part.architecture == architecture] if fat else [source]
    if not parts:
        raise MalformedImage(f"there is no image for {architecture} in it")
    image = read_macho(parts[0])
    if image.architecture != architecture:
        raise MalformedImage(f"it is an image for {image.architecture}, not for {architecture}")
    segments, sections = _mapped(image)
    fixups = tuple(_fixups(image, segments))
    exports = {text(name): value for name, _description, value in defined(image)}  # the table has all a trie has
    return Image(segments=segments, sections=sections, fixups=fixups, exports=exports)


def _mapped(image: MachO) -> tuple[tuple[Placed, ...], tuple[Section, ...]]:
    segments, sections = [], []
    for segment in image.segments:
        if segment.size > segment.memory or segment.memory > _MOST:
            raise MalformedImage("a segment is larger in the file than in memory, or larger than any library's")
        content = image.source.read(segment.offset, segment.size).ljust(segment.memory, b"\0")
        protection, count = unpack_from(segment.rest, _KEPT, 0)
        segments.append(Placed(address=segment.address, content=content, writable=bool(protection & _WRITABLE)))
        for index in range(count):
            address, size, flags = unpack_from(segment.rest, _SECTION, _KEPT.size + index * _SECTION.size)
            sections.append(Section(kind=flags & 0xFF, address=address, size=size))
    return tuple(segments), tuple(sections)


def _fixups(image: MachO, segments: tuple[Placed, ...]) -> Iterator[Rebase | Bind]:
    addresses = [segment.address for segment in segments]
    if image.chained_fixups is not None:
        wanted, contents = list(imports(image)), [segment.content for segment in segments]
        yield from chained(image.table(image.chained_fixups), wanted, contents, addresses, min(addresses))
    elif image.dyld_info is not None:
        yield from rebases(image.table(image.dyld_info.rebase), addresses)
        yield from binds(image.table(image.dyld_info.bind), addresses)
        yield from binds(image.table(image.dyld_info.lazy), addresses, lazy=True)
        yield from binds(image.table(image.dyld_info.weak), addresses, weak=True)


def initializer_sections(image: Image) -> tuple[Section, ...]:
    """Return the sections that name functions to be called when the image is loaded."""
    return tuple(section for section in image.sections if section.kind in (POINTERS, OFFSETS))
