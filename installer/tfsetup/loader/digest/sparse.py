"""A sparse copy of a file: some of its ranges in compressed blocks, each with its checksum. Pure.

Form: a magic, the length of the head and its CRC-32, the head (JSON), the blocks. The kept ranges stand one behind
the other and are cut into blocks of `BLOCK` bytes. What is not kept is not there: a reading of it raises `NotKept`.
"""

from __future__ import annotations

import zlib
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import accumulate
from struct import Struct
from typing import Final

import msgspec
from msgspec import structs

from tfsetup.ground.ahead import in_order
from tfsetup.loader.bytes import ByteSource, check_range
from tfsetup.loader.files.inflate import BlockCache, joined

READER: Final = 2
"""Of what the readers of the formats ask. Raised with every new question, so that older copies are no copies."""

BLOCK: Final = 1 << 18
_WHOLE_TABLE: Final = 16
_MAGIC: Final = b"tfsetup sparse copy\n"
_FRAME: Final = Struct("<2I")
FAST, SMALL = 1, 6
"""Levels of zlib: for what is kept beside other work, and for what is handed on."""


class NotKept(Exception):  # noqa: N818 - a state of the copy, to which there is an answer: the file itself
    """What was asked for is not in the copy."""


class DamagedCopy(Exception):  # noqa: N818 - as above
    """The bytes are no sparse copy of this version, or were changed since."""


class _Head(msgspec.Struct, frozen=True, kw_only=True):
    reader: int
    size: int
    sha256: str
    kept: tuple[tuple[int, int], ...]
    zeros: tuple[tuple[int, int], ...]
    pages: tuple[tuple[int, bool, bool], ...]
    blocks: tuple[tuple[int, int], ...]
    """Length and CRC-32 of each."""


def sparse_copy(
    source: ByteSource,
    *,
    sha256: str,
    kept: Sequence[range],
    zeros: Sequence[range] = (),
    pages: Mapping[int, tuple[bool, bool]] | None = None,
    level: int = FAST,
) -> bytes:
    """Return the copy of a file, with the answers that are kept with it. `zeros` lie inside of `kept`.

    Raises:
        MalformedImage: a range does not lie inside the file, or the file cannot be read.
    """
    blocks = list(in_order(partial(_packed, level), _blocks(source, kept, zeros)))
    head = _Head(
        reader=READER,
        size=source.size,
        sha256=sha256,
        kept=tuple((one.start, one.stop) for one in kept),
        zeros=tuple((one.start, one.stop) for one in zeros),
        pages=tuple((at, *verdict) for at, verdict in sorted((pages or {}).items())),
        blocks=tuple((len(block), zlib.crc32(block)) for block in blocks),
    )
    return framed(_MAGIC, msgspec.json.encode(head)) + b"".join(blocks)


def _packed(level: int, block: bytes) -> bytes:
    return zlib.compress(block, level)


def packed_small(copy: SparseCopy) -> bytes:
    """Return a copy as small as it gets, for whoever hands it on.

    Raises:
        DamagedCopy: a block was changed since it was written.
    """
    blocks = list(in_order(partial(_packed, SMALL), map(copy.block, range(len(copy.head.blocks)))))
    head = structs.replace(copy.head, blocks=tuple((len(block), zlib.crc32(block)) for block in blocks))
    return framed(_MAGIC, msgspec.json.encode(head)) + b"".join(blocks)


def framed(magic: bytes, head: bytes) -> bytes:
    """Return a head with what tells where it ends and whether it is whole."""
    return magic + _FRAME.pack(len(head), zlib.crc32(head)) + head


def unframed(data: bytes, magic: bytes) -> tuple[bytes, int]:
    """Return the head of a copy, and where its blocks begin.

    Raises:
        DamagedCopy: it is none, or not whole.
    """
    at = len(magic) + _FRAME.size
    if not data.startswith(magic) or len(data) < at:
        raise DamagedCopy
    length, crc = _FRAME.unpack_from(data, len(magic))
    head = data[at : at + length]
    if len(head) < length or zlib.crc32(head) != crc:
        raise DamagedCopy
    return head, at + length


def _blocks(source: ByteSource, kept: Sequence[range], zeros: Sequence[range]) -> Iterator[bytes]:
    waiting = bytearray()
    for each in kept:
        for at in range(each.start, each.stop, BLOCK):
            waiting += _blanked(source.read(at, min(BLOCK, each.stop - at)), at, zeros)
            while len(waiting) >= BLOCK:
                yield bytes(waiting[:BLOCK])
                del waiting[:BLOCK]
    if waiting:
        yield bytes(waiting)


def _blanked(data: bytes, at: int, zeros: Sequence[range]) -> bytes:
    """Return bytes from offset `at` of a file with zeros where a hole lies."""
    if not any(hole.start < at + len(data) and at < hole.stop for hole in zeros):
        return data
    found = bytearray(data)
    for hole in zeros:
        start, stop = max(hole.start - at, 0), min(hole.stop - at, len(found))
        if start < stop:
            found[start:stop] = bytes(stop - start)
    return bytes(found)


class SparseCopy:
    """A file as its copy knows it: a `ByteSource` that raises `NotKept` for the rest."""

    def __init__(self, data: bytes, cache: BlockCache | None = None) -> None:
        """Read the head of a copy; the blocks are inflated when they are asked for, and kept in `cache`.

        Raises:
            DamagedCopy: it is none, or of another version of the readers.
        """
        head, self._first = unframed(data, _MAGIC)
        try:
            self.head = msgspec.json.decode(head, type=_Head)
        except msgspec.MsgspecError as error:
            raise DamagedCopy from error
        if self.head.reader != READER:
            raise DamagedCopy
        self._data, self._cache = data, cache or BlockCache()
        self._owner = self._cache.new_owner()
        self.size, self.sha256 = self.head.size, self.head.sha256
        self._starts = [start for start, _ in self.head.kept]
        self._stops = [stop for _, stop in self.head.kept]
        places = accumulate((stop - start for start, stop in self.head.kept), initial=0)
        self._shifts = [place - start for place, start in zip(places, self._starts, strict=False)]
        self._hot = -1, b""
        if len(data) != self._first + sum(length for length, _ in self.head.blocks):
            raise DamagedCopy
        self._offsets = [self._first, *accumulate((length for length, _ in self.head.blocks), initial=self._first)][1:]

    @property
    def pages(self) -> Mapping[int, tuple[bool, bool]]:
        """See `Answers`."""
        return {at: (mapping, binding) for at, mapping, binding in self.head.pages}

    def read(self, offset: int, length: int) -> bytes:
        """Return `length` bytes from `offset`; see `ByteSource.read`.

        Raises:
            NotKept: the range is not kept as a whole.
            DamagedCopy: its block was changed since it was written.
        """
        which = bisect_right(self._starts, offset) - 1
        if which < 0 or not 0 <= length <= self._stops[which] - offset:
            check_range(offset, length, self.size)
            if not length:
                return b""
            raise NotKept
        at = offset + self._shifts[which]
        first, start = at // BLOCK, at % BLOCK
        if start + length <= BLOCK:  # nearly all of them, a hundred thousand a question
            hot = self._hot
            found = (hot[1] if hot[0] == first else self._block(first))[start : start + length]
        else:
            last = (at + length - 1) // BLOCK
            # A table as a whole is read once: its blocks would only push others out.
            take = self.block if last - first > _WHOLE_TABLE else self._block
            found = joined(map(take, range(first, last + 1)), start, length)
        if len(found) < length:
            raise DamagedCopy
        return found

    def _block(self, index: int) -> bytes:
        found = self._cache.get(self._owner, index)
        if found is None:
            found = self.block(index)
            self._cache.put(self._owner, index, found)
        self._hot = index, found
        return found

    def block(self, index: int) -> bytes:
        """Return a block of the kept bytes, inflated.

        Raises:
            DamagedCopy: there is none, or it was changed since it was written.
        """
        if index >= len(self.head.blocks):
            raise DamagedCopy
        length, crc = self.head.blocks[index]
        packed = self._data[self._offsets[index] : self._offsets[index] + length]
        if len(packed) != length or zlib.crc32(packed) != crc:
            raise DamagedCopy
        try:
            return zlib.decompress(packed)
        except zlib.error as error:
            raise DamagedCopy from error
