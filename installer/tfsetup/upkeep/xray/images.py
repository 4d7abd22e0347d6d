"""An image as it lies in memory: segments, what is put right in them, exports, initializers. Read by our own reader."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from struct import Struct

from tfsetup.loader.bytes import ByteSource, MalformedImage, cstring, text, unpack_from
from tfsetup.loader.macho.binds import imports
from tfsetup.loader.macho.image import MachO, load_commands, read_macho, slices
from tfsetup.upkeep.xray.fixups import Bind, Rebase, binds, chained, rebases

_SEGMENT = Struct("<2I16s4Q4I")
_SECTION = Struct("<16s16s2Q8I")
_DYLD_INFO = Struct("<12I")
_NLIST = Struct("<IBBHQ")
_N_STAB, _N_PRIVATE, _N_TYPE, _N_EXT, _N_SECT = 0xE0, 0x10, 0x0E, 0x01, 0x0E
_SEGMENT_COMMAND, _DYLD_INFO_COMMANDS = 0x19, (0x22, 0x80000022)
POINTERS, OFFSETS = 9, 0x16
"""Section types S_MOD_INIT_FUNC_POINTERS and S_INIT_FUNC_OFFSETS."""

_MOST = 1 << 30
"""Bytes an image may take in memory: twice the largest there is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Placed:
    """A segment: where it lies and its bytes, filled up with zeros to its size in memory."""

    name: str
    address: int
    content: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """A part of a segment; `kind` is the type in its flags."""

    kind: int
    address: int
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Image:
    """One image of one architecture, at the addresses it was linked for.

    `fixups` stand in the order in which they are done; `exports` are addresses by name.
    """

    architecture: str
    segments: tuple[Placed, ...]
    sections: tuple[Section, ...]
    fixups: tuple[Rebase | Bind, ...]
    exports: Mapping[str, int]

    @property
    def base(self) -> int:
        """The first address of the image."""
        return min(segment.address for segment in self.segments)

    @property
    def end(self) -> int:
        """The first address behind the image."""
        return max(segment.address + len(segment.content) for segment in self.segments)

    @property
    def imports(self) -> frozenset[str]:
        """The names it binds."""
        return frozenset(fixup.symbol for fixup in self.fixups if isinstance(fixup, Bind))


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
    return Image(
        architecture=architecture, segments=segments, sections=sections, fixups=fixups, exports=_exports(image)
    )


def _mapped(image: MachO) -> tuple[tuple[Placed, ...], tuple[Section, ...]]:
    segments, sections = [], []
    for kind, command in load_commands(image):
        if kind != _SEGMENT_COMMAND:
            continue
        fields = unpack_from(command, _SEGMENT, 0)
        _kind, _size, name, address, memory, offset, size, _most, _now, count, _flags = fields
        if size > memory or memory > _MOST:
            raise MalformedImage("a segment is larger in the file than in memory, or larger than any library's")
        content = image.source.read(offset, size).ljust(memory, b"\0")
        segments.append(Placed(name=text(name.rstrip(b"\0")), address=address, content=content))
        sections += [_section(command, index) for index in range(count)]
    return tuple(segments), tuple(sections)


def _section(command: bytes, index: int) -> Section:
    _name, _segment, address, size, _at, _align, _relocations, _n, flags, *_ = unpack_from(
        command, _SECTION, _SEGMENT.size + index * _SECTION.size
    )
    return Section(kind=flags & 0xFF, address=address, size=size)


def _fixups(image: MachO, segments: tuple[Placed, ...]) -> Iterator[Rebase | Bind]:
    addresses = [segment.address for segment in segments]
    if image.chained_fixups is not None:
        wanted, contents = list(imports(image)), [segment.content for segment in segments]
        yield from chained(image.table(image.chained_fixups), wanted, contents, addresses, min(addresses))
        return
    tables = _dyld_info(image)
    yield from rebases(tables[0], addresses)
    yield from binds(tables[1], addresses)
    yield from binds(tables[3], addresses, lazy=True)
    yield from binds(tables[2], addresses, weak=True)


def _dyld_info(image: MachO) -> list[bytes]:
    """Return the tables of LC_DYLD_INFO: rebases, binds, weak binds, lazy binds."""
    for kind, command in load_commands(image):
        if kind in _DYLD_INFO_COMMANDS:
            fields = unpack_from(command, _DYLD_INFO, 0)
            return [image.source.read(*fields[at : at + 2]) for at in (2, 4, 6, 8)]
    return [b"", b"", b"", b""]


def _exports(image: MachO) -> dict[str, int]:
    """Return the addresses of what the image defines for others, by its symbol table, which has all its trie has."""
    table = image.symtab
    if table is None:
        return {}
    names, found = image.table(table.strings), {}
    for name, kind, _section_index, _description, value in _NLIST.iter_unpack(image.table(table.entries)):
        if not kind & (_N_STAB | _N_PRIVATE) and kind & _N_EXT and kind & _N_TYPE == _N_SECT:
            found[text(cstring(names, name))] = value
    return found


def initializer_sections(image: Image) -> tuple[Section, ...]:
    """Return the sections that name functions to be called when the image is loaded."""
    return tuple(section for section in image.sections if section.kind in (POINTERS, OFFSETS))
