"""What is kept of a wheel: the names in it, its texts as far as they were read, its native files' hashes. Pure."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from tfsetup.loader.bytes import ByteSource, MalformedImage
from tfsetup.loader.digest.sparse import READER, SMALL, DamagedCopy, framed, unframed
from tfsetup.loader.files.archive import Member

MOST_TEXT: Final = 4 << 20
"""Larger members that are no native files are not kept."""

_MAGIC: Final = b"tfsetup wheel digest\n"
_MOST_SEARCHED: Final = 64 << 20
_NAME: Final = re.compile(rb"[A-Za-z0-9_.]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Native:
    """A native file of a wheel: the sha256 by which its copy is kept, and the dotted names of its own package in it.

    `names` None: they were not looked for.
    """

    sha256: str
    names: frozenset[bytes] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class WheelDigest:
    """What is kept of the wheel of that sha256. `texts` are members by name, `natives` those whose copies were made."""

    sha256: str
    members: Mapping[str, Member]
    twice: tuple[str, ...] = ()
    texts: Mapping[str, bytes] = field(default_factory=dict)
    natives: Mapping[str, Native] = field(default_factory=dict)


class _Head(msgspec.Struct, frozen=True, kw_only=True):
    reader: int
    sha256: str
    length: int
    crc: int


class _Body(msgspec.Struct, frozen=True, kw_only=True):
    members: tuple[tuple[str, int, int, int, int, int], ...]
    twice: tuple[str, ...]
    natives: dict[str, tuple[str, tuple[str, ...] | None]]
    texts: tuple[tuple[str, int], ...]


def encode(digest: WheelDigest, level: int = SMALL) -> bytes:
    """Return a digest as bytes."""
    body = _Body(
        members=tuple((m.name, m.method, m.crc, m.compressed, m.size, m.header) for m in digest.members.values()),
        twice=digest.twice,
        natives={
            name: (one.sha256, None if one.names is None else tuple(sorted(each.decode() for each in one.names)))
            for name, one in sorted(digest.natives.items())
        },
        texts=tuple((name, len(text)) for name, text in sorted(digest.texts.items())),
    )
    told = msgspec.json.encode(body)
    texts = b"".join(text for _, text in sorted(digest.texts.items()))
    packed = zlib.compress(len(told).to_bytes(8, "little") + told + texts, level)
    head = msgspec.json.encode(_Head(reader=READER, sha256=digest.sha256, length=len(packed), crc=zlib.crc32(packed)))
    return framed(_MAGIC, head) + packed


def decode(data: bytes) -> WheelDigest:
    """Return the digest that was encoded.

    Raises:
        DamagedCopy: it is none, of another version of the readers, or was changed since.
    """
    raw, at = unframed(data, _MAGIC)
    try:
        head = msgspec.json.decode(raw, type=_Head)
        packed = data[at : at + head.length]
        if head.reader != READER or len(packed) != head.length or zlib.crc32(packed) != head.crc:
            raise DamagedCopy
        whole = zlib.decompress(packed)
        length = int.from_bytes(whole[:8], "little")
        body = msgspec.json.decode(whole[8 : 8 + length], type=_Body)
    except (msgspec.MsgspecError, zlib.error) as error:
        raise DamagedCopy from error
    members = (Member(name=n, method=m, crc=c, compressed=p, size=s, header=h) for n, m, c, p, s, h in body.members)
    texts, place = dict[str, bytes](), 8 + length
    for name, size in body.texts:
        texts[name], place = whole[place : place + size], place + size
    return WheelDigest(
        sha256=head.sha256,
        members={member.name: member for member in members},
        twice=body.twice,
        texts=texts,
        natives={
            name: Native(sha256=sha256, names=None if names is None else frozenset(map(str.encode, names)))
            for name, (sha256, names) in body.natives.items()
        },
    )


def names_in(source: ByteSource, member: str) -> frozenset[bytes] | None:
    """Return the dotted names in a native file that begin with the name of its own top-level package.

    They are the longest runs of what names are made of from `PACKAGE.` on, so that a dotted name of the package occurs
    in the file exactly if it occurs in one of them. None: the file is larger than anybody searches, or in no package.
    """
    top = _top(member)
    if top is None or source.size > _MOST_SEARCHED:
        return None
    try:
        data = source.read(0, source.size)
    except MalformedImage:
        return None
    return frozenset(_runs(data, top + b"."))


def _runs(data: bytes, start: bytes) -> set[bytes]:
    """Return the runs of `start` with what of a name follows; what stands before it does not matter."""
    found, at = set[bytes](), data.find(start)
    while at >= 0:
        match = _NAME.match(data, at)
        end = match.end() if match else at + len(start)
        found.add(data[at:end])
        at = data.find(start, end)
    return found


def searched(names: frozenset[bytes] | None, member: str, wanted: bytes) -> bool | None:
    """Say whether bytes occur in a native file of which `names_in` is known; None: that does not tell."""
    top = _top(member)
    if names is None or top is None or not wanted.startswith(top + b".") or not _NAME.fullmatch(wanted):
        return None
    return any(wanted in name for name in names)


def _top(member: str) -> bytes | None:
    top, slash, _ = member.partition("/")
    return top.encode() if slash and _NAME.fullmatch(top.encode()) and top.isidentifier() else None
