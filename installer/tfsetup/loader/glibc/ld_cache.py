"""Reading of `/etc/ld.so.cache`, the list ldconfig makes of the system's libraries.

Source of the layout: glibc sysdeps/generic/dl-cache.h (`struct cache_file_new`, `file_entry_new`, the extension
section); which entry is taken: elf/dl-cache.c (`search_cache`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from struct import Struct

from tfsetup.ground.platforms import Arch
from tfsetup.loader.bytes import ByteSource, MalformedImage, cstring, text, unpack_from
from tfsetup.loader.elf.image import MAX_NAME

MAX_LIBRARIES = 1 << 16
MAX_SIZE = 64 << 20
"""Bytes of a cache file that is believed; real ones have some hundred kilobytes."""

_MAGIC = b"glibc-ld.so.cache1.1"
_OLD_MAGIC = b"ld.so-1.7.0"
_HEADER = Struct("<20sIIB3xI12x")
_ENTRY = Struct("<iIIIQ")
_OLD_HEADER, _OLD_ENTRY = Struct("<11sxI"), 12
_EXTENSION_HEADER, _SECTION = Struct("<II"), Struct("<4I")
_EXTENSION_MAGIC, _HWCAPS = 0xEAA42174, 1
_BY_NAME = 1 << 62
"""`DL_CACHE_HWCAP_EXTENSION`: the entry belongs to a `glibc-hwcaps` subdirectory, whose number is in the low half."""

FLAGS: Mapping[Arch, int] = {
    "x86_64": 0x0303,
    "aarch64": 0x0A03,
    "arm64": 0x0A03,
    "i686": 0x0003,
    "armv7l": 0x0903,
    "armv6l": 0x0903,
}
"""The flags of an entry that fits (`_dl_cache_check_flags`)."""


def read_cache(source: ByteSource, arch: Arch, hwcaps: Sequence[str] = ()) -> dict[str, str]:
    """Return the path the loader would take from the cache for each soname.

    Args:
        source: the file.
        arch: the process's architecture.
        hwcaps: names of the `glibc-hwcaps` subdirectories this CPU uses, best first.

    Raises:
        MalformedImage: not a cache of the format in use since glibc 2.2, or a damaged one.
    """
    if source.size > MAX_SIZE:
        raise MalformedImage(f"a cache of {source.size} bytes")
    data = source.read(0, source.size)
    base = _new_part(data)
    names = _subdirectories(data, base)
    best: dict[str, tuple[int, str]] = {}
    for name, path, hwcap in _entries(data, base, FLAGS[arch]):
        rank = _rank(hwcap, names, hwcaps)
        if rank is not None and (name not in best or rank < best[name][0]):
            best[name] = (rank, path)
    return {name: path for name, (_, path) in best.items()}


def _new_part(data: bytes) -> int:
    """Return where the new format starts: at once, or behind the old one, which it may follow in the same file."""
    if data.startswith(_MAGIC):
        return 0
    if data.startswith(_OLD_MAGIC):
        count: int = unpack_from(data, _OLD_HEADER, 0)[1]
        behind = -(-(_OLD_HEADER.size + count * _OLD_ENTRY) // 8) * 8
        if data[behind : behind + len(_MAGIC)] == _MAGIC:
            return behind
    raise MalformedImage("not a cache of ldconfig")


def _entries(data: bytes, base: int, flags: int) -> Iterator[tuple[str, str, int]]:
    _, count, *_ = unpack_from(data, _HEADER, base)
    if count > MAX_LIBRARIES:
        raise MalformedImage(f"a cache of {count} libraries")
    for number in range(count):
        have, key, value, _, hwcap = unpack_from(data, _ENTRY, base + _HEADER.size + number * _ENTRY.size)
        if have == flags:
            name, path = (text(cstring(data, base + at, MAX_NAME)) for at in (key, value))
            yield name, path, hwcap


def _rank(hwcap: int, names: Sequence[str], wanted: Sequence[str]) -> int | None:
    """Order entries of one name: best subdirectory first, the plain one last; None: not for this CPU."""
    if not hwcap & _BY_NAME:
        return len(wanted) if not hwcap else None
    number = hwcap & 0xFFFFFFFF
    if number < len(names) and names[number] in wanted:
        return wanted.index(names[number])
    return None


def _subdirectories(data: bytes, base: int) -> Sequence[str]:
    """Return the names of `glibc-hwcaps` subdirectories, in the order in which entries refer to them."""
    extension = unpack_from(data, _HEADER, base)[4]
    if not extension:
        return ()
    magic, count = unpack_from(data, _EXTENSION_HEADER, base + extension)
    if magic != _EXTENSION_MAGIC:
        return ()
    for number in range(count):
        at = base + extension + _EXTENSION_HEADER.size + number * _SECTION.size
        tag, _, offset, size = unpack_from(data, _SECTION, at)
        if tag == _HWCAPS:
            words = Struct(f"<{min(size // 4, len(data))}I")
            return [text(cstring(data, base + word)) for word in unpack_from(data, words, base + offset)]
    return ()
