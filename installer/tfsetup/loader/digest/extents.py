"""Which bytes of a native file a loader can ever ask for: headers, and the tables of names, imports and versions. Pure.

The ranges are those of the tables, not of one reading: which symbols are looked up depends on the question. Where a
table has no length of its own (versions, imports of a PE file) the reader itself walks it and is watched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from tfsetup.loader.bytes import STEP, ByteSource, MalformedImage
from tfsetup.loader.elf.image import MAGIC as ELF
from tfsetup.loader.elf.image import Elf, Tag
from tfsetup.loader.elf.properties import PT_NOTE, x86_level_needed
from tfsetup.loader.elf.relocations import Relocations
from tfsetup.loader.elf.symbols import Symbols
from tfsetup.loader.elf.versions import read_versions
from tfsetup.loader.macho.image import MachO, Range, is_macho, read_macho, slices
from tfsetup.loader.macho.signature import slots
from tfsetup.loader.pe.image import Pe

HEAD: Final = 4096
"""Bytes of a file's beginning that are kept of every file: what it is."""

MOST_WEAK: Final = 4 << 20
"""Larger tables of weak binds are not kept before somebody asks: who coalesces what is asked of few libraries, and the
table of a TensorFlow would be half of its digest."""

_PAGE: Final = 4096


@dataclass(frozen=True, kw_only=True, slots=True)
class Images:
    """The Mach-O images of a file, as far as they could be read; `whole`: all of them."""

    found: tuple[MachO, ...] = ()
    whole: bool = True


def images_of(source: ByteSource) -> Images:
    """Return the Mach-O images of a file; one of another format has none."""
    found = list[MachO]()
    try:
        found.extend(images_in(source))
    except MalformedImage:
        return Images(found=tuple(found), whole=False)
    return Images(found=tuple(found))


def extents(source: ByteSource, images: Images | None = None) -> tuple[range, ...]:
    """Return the ranges of offsets that a loader can ask for, in order, none touching the next.

    Of a damaged file they are those that could be read; the rest is read from the file itself. `images` are those of
    the file, if somebody has read them already.
    """
    found = [range(min(HEAD, source.size))]
    with suppress(MalformedImage):
        found += _of(source, images)
    return merged(found, source.size)


def merged(found: Iterable[range], size: int) -> tuple[range, ...]:
    """Return ranges in order, widened to whole pages, joined where they meet, and cut at the end of the file."""
    joined: list[range] = []
    for each in sorted((one for one in found if one), key=lambda one: one.start):
        start, stop = each.start // _PAGE * _PAGE, min(-(-each.stop // _PAGE) * _PAGE, size)
        if joined and start <= joined[-1].stop:
            joined[-1] = range(joined[-1].start, max(stop, joined[-1].stop))
        elif start < stop:
            joined.append(range(start, stop))
    return tuple(joined)


def holes(images: Images) -> tuple[range, ...]:
    """Return the ranges that may be shown as zeros, in order: hashes of pages, in whose place a verdict is kept."""
    found: list[range] = []
    for image in images.found:
        with suppress(MalformedImage):
            found += [_place(image, each) for each in slots(image)]
    return tuple(sorted((one for one in found if one), key=lambda one: one.start))


def _of(source: ByteSource, images: Images | None) -> Iterator[range]:
    magic = source.read(0, min(4, source.size))
    if magic == ELF:
        yield from _of_elf(source)
    elif magic.startswith(b"MZ"):
        yield from _of_pe(source)
    else:
        for image in (images or images_of(source)).found:
            yield from (_place(image, each) for each in _of_macho(image))


def images_in(source: ByteSource) -> Iterator[MachO]:
    """Yield the Mach-O images of a file, universal or thin.

    Raises:
        MalformedImage: the table of slices, or the load commands of an image, are damaged.
    """
    fat = slices(source)
    if fat is not None:
        for each in fat:
            if is_macho(each.source):
                yield read_macho(each.source, each.offset)
    elif is_macho(source):
        yield read_macho(source)


def _place(image: MachO, each: Range) -> range:
    start = image.slice_offset + each.offset
    return range(start, start + each.size)


def _of_macho(image: MachO) -> Iterator[Range]:
    """Yield the tables that dyld reads; the symbol table where there is no trie."""
    yield Range(offset=0, size=image.commands_end)
    tries = [image.exports_trie] if image.exports_trie is not None else []
    if image.dyld_info is not None:
        info = image.dyld_info
        yield from (info.bind, info.lazy)
        if info.weak.size <= MOST_WEAK:
            yield info.weak
        tries += [info.exports] if info.exports.size else []
    yield from tries
    if image.symtab is not None and not tries:
        yield from (image.symtab.entries, image.symtab.strings)
    if image.chained_fixups is not None:
        yield image.chained_fixups
    if image.signature is not None:
        yield image.signature


class _Watched:
    """A source that remembers where it was read."""

    def __init__(self, source: ByteSource) -> None:
        self._source, self.size = source, source.size
        self.ranges: list[range] = []

    def read(self, offset: int, length: int) -> bytes:
        found = self._source.read(offset, length)
        last = self.ranges[-1] if self.ranges else None
        if last is not None and last.start <= offset <= last.stop:
            self.ranges[-1] = range(last.start, max(last.stop, offset + length))
        else:
            self.ranges.append(range(offset, offset + length))
        return found


def _of_elf(source: ByteSource) -> Iterator[range]:
    watched = _Watched(source)
    elf = Elf(watched)
    with suppress(MalformedImage):
        read_versions(elf)
        x86_level_needed(elf)
    yield from watched.ranges
    yield from (range(one.offset, one.offset + one.filesz) for one in elf.segments if one.type == PT_NOTE)
    with suppress(MalformedImage):
        yield from _strings(elf)
    with suppress(MalformedImage):
        yield from _relocations(elf)
    with suppress(MalformedImage):
        yield from _symbols(elf)


def _strings(elf: Elf) -> Iterator[range]:
    start, size = elf.offset_of(elf.tags[Tag.STRTAB]) if Tag.STRTAB in elf.tags else 0, elf.tags.get(Tag.STRSZ, 0)
    yield range(start, start + size + STEP if size else start)


def _relocations(elf: Elf) -> Iterator[range]:
    yield from (range(start, stop) for start, stop in Relocations(Symbols(elf)).places())


def _symbols(elf: Elf) -> Iterator[range]:
    for start, stop in Symbols(elf).places(Relocations(Symbols(elf)).last):
        yield range(start, stop)


def _of_pe(source: ByteSource) -> Iterator[range]:
    watched = _Watched(source)
    image = Pe(watched)
    with suppress(MalformedImage):
        _ = image.imports
    with suppress(MalformedImage):
        yield from (range(start, stop + STEP) for start, stop in image.export_places())
    yield from watched.ranges
