"""The table of contents of a wheel (a zip file), read from its end, and its members as byte sources.

Format: PKWARE APPNOTE 4.3 (end record 4.3.16, zip64 4.3.14 and 4.3.15, central header 4.3.12, local header 4.3.7).
"""

from __future__ import annotations

import stat
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from struct import Struct
from typing import Protocol

from tfsetup.loader.bytes import ByteSource, MalformedImage, Slice, unpack, unpack_from
from tfsetup.loader.files.inflate import BlockCache, Deflated
from tfsetup.loader.files.names import leads_out

_END = Struct("<4s4H2LH")
_END_SIGNATURE = b"PK\5\6"
_END_SEARCH = (1 << 16) + _END.size
_LOCATOR64 = Struct("<4sLQL")
_LOCATOR64_SIGNATURE = b"PK\6\7"
_END64 = Struct("<4sQ2H2L4Q")
_END64_SIGNATURE = b"PK\6\6"
_CENTRAL = Struct("<4s6H3L5H2L")
_CENTRAL_FIELDS = (0, 4, 7, 8, 9)
"""Signature, method, CRC, compressed and full size among the fields of the central header."""
_ATTRIBUTES = 15
"""The external attributes among the fields of the central header: the Unix mode in the upper half."""
_CENTRAL_SIGNATURE = b"PK\1\2"
_LOCAL = Struct("<4s5H3L2H")
_LOCAL_SIGNATURE = b"PK\3\4"
_ZIP64_EXTRA = 1
_TYPICAL_EXTRA = 32
_EXTRA = Struct("<2H")
_OVERFLOW32 = 0xFFFFFFFF
_MAX_DIRECTORY = 64 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """One file of an archive: sizes in bytes, `header` the position of its local header."""

    name: str
    method: int
    crc: int
    compressed: int
    size: int
    header: int


class Contents(Protocol):
    """What is in a wheel, wherever it is kept; see `Archive`."""

    @property
    def members(self) -> Mapping[str, Member]:
        """The files in it."""

    @property
    def twice(self) -> tuple[str, ...]:
        """The names that stand in it more than once."""

    def open(self, name: str) -> ByteSource:
        """Return a member's content; see `Archive.open`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Archive:
    """A zip file: where its bytes come from and what is in it (folders left out, the last of two equal names wins).

    `twice` are the names that stand in it more than once.
    `expect`, if given, is told of each range (offset and length in bytes) that is about to be read from front to back.
    `hashing`: the sha256 of a member that is read to its end will be asked for.
    `whole`: all of the file is here, or comes as soon as a large part of it is asked for.
    """

    source: ByteSource
    members: dict[str, Member]
    cache: BlockCache
    expect: Callable[[int, int], None] | None = None
    twice: tuple[str, ...] = ()
    hashing: bool = False
    whole: bool = True
    fetch: Callable[[], object] = lambda: None
    """Fetches all of it, where it lies elsewhere."""

    def open(self, name: str) -> ByteSource:
        """Return a member's content.

        Raises:
            MalformedImage: its local header is damaged, or it is compressed in a way wheels do not use.
            KeyError: there is no such member.
        """
        member = self.members[name]
        if self.expect:
            self.expect(member.header, _LOCAL.size + len(name.encode()) + _TYPICAL_EXTRA + member.compressed)
        signature, *_, name_length, extra_length = unpack(self.source, _LOCAL, member.header)
        if signature != _LOCAL_SIGNATURE:
            raise MalformedImage("its header in the archive is damaged", offset=member.header)
        raw = Slice(self.source, member.header + _LOCAL.size + name_length + extra_length, member.compressed)
        match member.method:
            case 0 if member.compressed == member.size:
                return raw
            case 8:
                return Deflated(raw, size=member.size, crc=member.crc, cache=self.cache, hashing=self.hashing)
            case _:
                raise MalformedImage(f"it is compressed by method {member.method}, which wheels do not use")


def read_archive(source: ByteSource, cache: BlockCache | None = None) -> Archive:
    """Read the table of contents.

    Raises:
        MalformedImage: this is not a zip file, or its directory is damaged.
    """
    offset, length = _directory(source)
    if length > _MAX_DIRECTORY:
        raise MalformedImage("the archive's directory is larger than any wheel's")
    found = [m for m in _members(source.read(offset, length)) if not m.name.endswith("/")]
    members = {m.name: m for m in found}
    twice: tuple[str, ...] = ()
    if len(members) < len(found):
        twice = tuple(name for name, count in Counter(m.name for m in found).items() if count > 1)
    return Archive(source=source, members=members, cache=cache or BlockCache(), twice=twice)


def _directory(source: ByteSource) -> tuple[int, int]:
    """Return offset and length of the central directory."""
    length = min(_END_SEARCH, source.size)
    tail_at = source.size - length
    tail = source.read(tail_at, length)
    at = tail.rfind(_END_SIGNATURE)
    if at < 0:
        raise MalformedImage("not a zip archive")
    *_, size, offset, _comment = unpack_from(tail, _END, at)
    locator_at = tail_at + at - _LOCATOR64.size
    if _OVERFLOW32 in (size, offset) and locator_at >= 0:
        signature, _disk, end64_at, _disks = unpack(source, _LOCATOR64, locator_at)
        if signature == _LOCATOR64_SIGNATURE:
            return _directory64(source, end64_at)
    return offset, size


def _directory64(source: ByteSource, at: int) -> tuple[int, int]:
    signature, *_, size, offset = unpack(source, _END64, at)
    if signature != _END64_SIGNATURE:
        raise MalformedImage("the archive's zip64 end record is damaged", offset=at)
    return offset, size


def _members(directory: bytes) -> Iterator[Member]:
    at = 0
    while at < len(directory):
        fields = unpack_from(directory, _CENTRAL, at)
        signature, method, crc, compressed, size = (fields[i] for i in _CENTRAL_FIELDS)
        name_length, extra_length, comment_length = fields[10:13]
        header = fields[16]
        if signature != _CENTRAL_SIGNATURE:
            raise MalformedImage("the archive's directory is damaged", offset=at)
        name_at = at + _CENTRAL.size
        extra_at = name_at + name_length
        extra = directory[extra_at : extra_at + extra_length]
        size, compressed, header = _zip64(extra, size, compressed, header)
        name = directory[name_at:extra_at].decode("utf-8", "backslashreplace")
        _refuse_hostile(name, fields[_ATTRIBUTES] >> 16)
        yield Member(name=name, method=method, crc=crc, compressed=compressed, size=size, header=header)
        at = extra_at + extra_length + comment_length


def _refuse_hostile(name: str, mode: int) -> None:
    """Refuse what has no place in a wheel: a link (its mode is a Unix file's), and a path that leads out of it."""
    if stat.S_ISLNK(mode):
        raise MalformedImage(f"it holds a link, {name!r}")
    if leads_out(name):
        raise MalformedImage(f"it holds a path that leads out of it, {name!r}")


def _zip64(extra: bytes, *values: int) -> tuple[int, ...]:
    """Replace the 32-bit values that overflowed by those of the zip64 extra field, in the order APPNOTE 4.5.3 gives."""
    if _OVERFLOW32 not in values:
        return values
    at = 0
    while at + _EXTRA.size <= len(extra):
        tag, length = _EXTRA.unpack_from(extra, at)
        at += _EXTRA.size
        if tag == _ZIP64_EXTRA:
            wide = iter(Struct(f"<{len(extra[at : at + length]) // 8}Q").unpack_from(extra, at))
            return tuple(next(wide, value) if value == _OVERFLOW32 else value for value in values)
        at += length
    return values
