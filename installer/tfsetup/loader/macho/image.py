"""Mach-O headers: universal files, load commands, and what a loader wants to know from them.

Formats: `mach-o/fat.h`, `mach-o/loader.h` of Apple's cctools and dyld. Only 64-bit little-endian images are read in
full; 32-bit ones are recognised by their header, because a loader names their architecture when refusing them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from struct import Struct
from typing import Literal

from tfsetup.loader.bytes import ByteSource, MalformedImage, Slice, text, unpack, unpack_from

DYLIB, BUNDLE, EXECUTE = 6, 8, 2
WEAK_DEFINES = 0x8000
"""Header flag MH_WEAK_DEFINES: this image takes part in weak coalescing."""
BINDS_TO_WEAK = 0x10000
"""Header flag MH_BINDS_TO_WEAK: what this image calls weak may be taken from another one."""

_FAT32, _FAT64 = 0xCAFEBABE, 0xCAFEBABF
_FAT_HEADER = Struct(">2I")
_FAT_ENTRY32, _FAT_ENTRY64 = Struct(">5I"), Struct(">2I2Q2I")
_MAX_SLICES = 32
_MAGIC = Struct("<I")
_MAGIC32, _MAGIC64 = 0xFEEDFACE, 0xFEEDFACF
_HEADER = Struct("<8I")
_COMMAND = Struct("<2I")
_MAX_COMMANDS_SIZE = 16 << 20
MAX_TABLE = 256 << 20
"""Largest table (bytes) that is read: ten times the largest export trie TensorFlow ever shipped."""

_CPU_X86, _CPU_X86_64, _CPU_ARM64 = 7, 0x01000007, 0x0100000C
_SUBTYPE_MASK = 0x00FFFFFF
_ARCHITECTURES = {
    (_CPU_X86_64, 8): "x86_64h",
    (_CPU_X86_64, 3): "x86_64",
    (_CPU_X86, 3): "i386",
    (_CPU_ARM64, 0): "arm64",
    (_CPU_ARM64, 1): "arm64",
    (_CPU_ARM64, 2): "arm64e",
}
_PLATFORM_NAMES = (
    "macOS", "iOS", "tvOS", "watchOS", "bridgeOS", "MacCatalyst", "iOS-sim", "tvOS-sim", "watchOS-sim",
    "driverKit", "visionOS", "visionOS-sim",
)  # fmt: skip
_PLATFORMS = dict(enumerate(_PLATFORM_NAMES, start=1))

Version = tuple[int, int, int]
Link = Literal["normal", "weak", "reexport", "upward"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Dylib:
    """One dependency: the path of the load command as written, and how it is linked."""

    name: str
    link: Link


@dataclass(frozen=True, kw_only=True, slots=True)
class Range:
    """A table in the image: offset and length in bytes, as the load command says them (they may lie)."""

    offset: int
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """A segment's place in memory (`address`, `memory`) and in the file (`offset`, `size`), in bytes.

    `rest` is what its command says behind that, its sections among it: for who runs the image.
    """

    name: str
    address: int
    memory: int
    offset: int
    size: int
    rest: bytes


@dataclass(frozen=True, slots=True)
class DyldInfo:
    """The tables of LC_DYLD_INFO (old format). No loader reads rebases, and weak binds never fail."""

    rebase: Range
    bind: Range
    weak: Range
    lazy: Range
    exports: Range


@dataclass(frozen=True, kw_only=True, slots=True)
class Symtab:
    """LC_SYMTAB: the 16-byte entries and the table of their names."""

    entries: Range
    strings: Range


@dataclass(frozen=True, kw_only=True, slots=True)
class MachO:
    """One image of one architecture. `source` holds the image alone, also when it came out of a universal file.

    `minos` and `sdk` are (major, minor, patch); None when no command says them. `slice_offset` is where the image
    starts in its file. `uuid` is in dyld's spelling. A range is None when its load command is absent.
    """

    source: ByteSource
    slice_offset: int
    architecture: str
    file_type: int
    flags: int
    commands_end: int
    dylibs: tuple[Dylib, ...] = ()
    install_name: str | None = None
    rpaths: tuple[str, ...] = ()
    uuid: str | None = None
    platform: str | None = None
    minos: Version | None = None
    sdk: Version | None = None
    segments: tuple[Segment, ...] = ()
    dyld_info: DyldInfo | None = None
    exports_trie: Range | None = None
    chained_fixups: Range | None = None
    symtab: Symtab | None = None
    signature: Range | None = None

    def table(self, place: Range) -> bytes:
        """Return a table's bytes.

        Raises:
            MalformedImage: it does not lie inside the image, or is larger than `MAX_TABLE`.
        """
        if place.size > MAX_TABLE:
            raise MalformedImage("a table named by a load command is larger than any library's", offset=place.offset)
        return self.source.read(place.offset, place.size)


@dataclass(frozen=True, kw_only=True, slots=True)
class FatSlice:
    """One architecture in a universal file; `source` holds it alone."""

    architecture: str
    offset: int
    source: ByteSource


def slices(source: ByteSource) -> tuple[FatSlice, ...] | None:
    """Return the slices of a universal file in the file's order, None for a file that is not universal.

    Raises:
        MalformedImage: the table of slices is damaged (`slice lies outside of the file` and the like).
    """
    if source.size < _FAT_HEADER.size:
        return None
    magic, count = unpack(source, _FAT_HEADER, 0)
    if magic not in (_FAT32, _FAT64):
        return None
    if count > _MAX_SLICES:
        raise MalformedImage("fat header has too many slices")
    entry = _FAT_ENTRY32 if magic == _FAT32 else _FAT_ENTRY64
    return tuple(_fat_slice(source, entry, _FAT_HEADER.size + index * entry.size) for index in range(count))


def _fat_slice(source: ByteSource, entry: Struct, at: int) -> FatSlice:
    cpu, subtype, offset, size = unpack(source, entry, at)[:4]
    if offset + size > source.size:
        raise MalformedImage("slice extends beyond end of file", offset=at)
    if offset % (0x4000 if cpu == _CPU_ARM64 else 0x1000):
        raise MalformedImage("slice is not page aligned", offset=at)
    image = Slice(source, offset, size)
    if size >= _HEADER.size and (header := unpack(image, _HEADER, 0))[0] == _MAGIC64:
        same = header[1] == cpu and header[2] & _SUBTYPE_MASK == subtype & _SUBTYPE_MASK
        if not same:
            raise MalformedImage("cpu type/subtype in slice does not match fat header", offset=at)
    return FatSlice(architecture=architecture_name(cpu, subtype), offset=offset, source=image)


def is_macho(source: ByteSource) -> bool:
    """Say whether the file starts with a Mach-O magic of either width (little-endian)."""
    return source.size >= _MAGIC.size and unpack(source, _MAGIC, 0)[0] in (_MAGIC32, _MAGIC64)


def architecture_name(cpu: int, subtype: int) -> str:
    """Return dyld's name of an architecture, `unknown` for those it has no name for."""
    return _ARCHITECTURES.get((cpu, subtype & _SUBTYPE_MASK), "unknown")


def architecture(source: ByteSource) -> str:
    """Return the architecture a thin file's header names; the rest of the file is not looked at."""
    if source.size < _HEADER.size:
        raise MalformedImage("MachO header exceeds file length")
    header = unpack(source, _HEADER, 0)
    return architecture_name(header[1], header[2])


def read_macho(source: ByteSource, slice_offset: int = 0) -> MachO:
    """Read the header and load commands of a 64-bit image.

    Raises:
        MalformedImage: with dyld's own reason where dyld has one (`load commands exceed length of first segment`).
    """
    name = architecture(source)
    magic, _cpu, _subtype, file_type, count, size, flags, _reserved = unpack(source, _HEADER, 0)
    if magic != _MAGIC64:
        raise MalformedImage("not a mach-o file")
    if _HEADER.size + size > source.size or size > _MAX_COMMANDS_SIZE:
        raise MalformedImage("load commands exceed length of first segment", offset=_HEADER.size)
    image = MachO(
        source=source,
        slice_offset=slice_offset,
        architecture=name,
        file_type=file_type,
        flags=flags,
        commands_end=_HEADER.size + size,
    )
    found = _Found(image)
    for kind, command in _commands(source.read(_HEADER.size, size), count):
        if reader := _READERS.get(kind):
            reader(found, command)
    return found.image()


def _commands(commands: bytes, count: int) -> Iterator[tuple[int, bytes]]:
    at = 0
    for _ in range(count):
        kind, size = unpack_from(commands, _COMMAND, at)
        if size < _COMMAND.size or at + size > len(commands):
            raise MalformedImage("a load command does not fit into the load commands", offset=_HEADER.size + at)
        yield kind, commands[at : at + size]
        at += size


class _Found:
    """What the load commands have said so far."""

    def __init__(self, image: MachO) -> None:
        self._image = image
        self.dylibs: list[Dylib] = []
        self.rpaths: list[str] = []
        self.segments: list[Segment] = []
        self.values: dict[str, object] = {}

    def image(self) -> MachO:
        lists = {"dylibs": tuple(self.dylibs), "rpaths": tuple(self.rpaths), "segments": tuple(self.segments)}
        return replace(self._image, **lists, **self.values)  # type: ignore[arg-type] # keys are the fields below


_STRING_AT = Struct("<I")
_DYLIB_INFO = Struct("<10I")
_SEGMENT = Struct("<16s4Q")
_BUILD = Struct("<3I")
_MIN = Struct("<2I")
_DATA = Struct("<2I")
_SYMTAB = Struct("<4I")
_NLIST = 16


def _range(offset: int, size: int) -> Range:
    return Range(offset=offset, size=size)


def _string(command: bytes) -> str:
    (offset,) = unpack_from(command, _STRING_AT, _COMMAND.size)
    end = command.find(b"\0", offset)
    return text(command[offset : end if end >= 0 else len(command)])


def _dylib(link: Link) -> Callable[[_Found, bytes], None]:
    def read(found: _Found, command: bytes) -> None:
        found.dylibs.append(Dylib(name=_string(command), link=link))

    return read


def _id(found: _Found, command: bytes) -> None:
    found.values["install_name"] = _string(command)


def _rpath(found: _Found, command: bytes) -> None:
    found.rpaths.append(_string(command))


def _segment(found: _Found, command: bytes) -> None:
    name, address, memory, offset, size = unpack_from(command, _SEGMENT, _COMMAND.size)
    shown, rest = text(name.rstrip(b"\0")), command[_COMMAND.size + _SEGMENT.size :]
    found.segments.append(Segment(name=shown, address=address, memory=memory, offset=offset, size=size, rest=rest))


def _uuid(found: _Found, command: bytes) -> None:
    raw = command[_COMMAND.size : _COMMAND.size + 16].hex().upper()
    found.values["uuid"] = "-".join((raw[:8], raw[8:12], raw[12:16], raw[16:20], raw[20:]))


def _version(packed: int) -> Version:
    return packed >> 16, packed >> 8 & 0xFF, packed & 0xFF


def _build(found: _Found, command: bytes) -> None:
    platform, minos, sdk = unpack_from(command, _BUILD, _COMMAND.size)
    name = _PLATFORMS.get(platform, "unknown")
    if found.values.get("platform") == "macOS":
        return  # a zippered library names two platforms; one that fits is enough
    found.values.update(platform=name, minos=_version(minos), sdk=_version(sdk))


def _version_min(platform: str) -> Callable[[_Found, bytes], None]:
    def read(found: _Found, command: bytes) -> None:
        minos, sdk = unpack_from(command, _MIN, _COMMAND.size)
        found.values.update(platform=platform, minos=_version(minos), sdk=_version(sdk))

    return read


def _data(field: str) -> Callable[[_Found, bytes], None]:
    def read(found: _Found, command: bytes) -> None:
        found.values[field] = _range(*unpack_from(command, _DATA, _COMMAND.size))

    return read


def _dyld_info(found: _Found, command: bytes) -> None:
    fields = unpack_from(command, _DYLIB_INFO, _COMMAND.size)
    found.values["dyld_info"] = DyldInfo(*(_range(*fields[at : at + 2]) for at in range(0, len(fields), 2)))


def _symtab(found: _Found, command: bytes) -> None:
    offset, count, strings, size = unpack_from(command, _SYMTAB, _COMMAND.size)
    found.values["symtab"] = Symtab(entries=_range(offset, count * _NLIST), strings=_range(strings, size))


_READERS: Mapping[int, Callable[[_Found, bytes], None]] = {
    0x02: _symtab,
    0x0C: _dylib("normal"),
    0x0D: _id,
    0x19: _segment,
    0x1B: _uuid,
    0x1D: _data("signature"),
    0x22: _dyld_info,
    0x80000022: _dyld_info,
    0x24: _version_min("macOS"),
    0x25: _version_min("iOS"),
    0x2F: _version_min("tvOS"),
    0x30: _version_min("watchOS"),
    0x32: _build,
    0x80000018: _dylib("weak"),
    0x8000001C: _rpath,
    0x8000001F: _dylib("reexport"),
    0x80000023: _dylib("upward"),
    0x80000033: _data("exports_trie"),
    0x80000034: _data("chained_fixups"),
}
