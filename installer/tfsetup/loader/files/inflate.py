"""Random access into a deflated file: inflated once from front to back, kept nowhere, re-entered through checkpoints.

A TensorFlow library is 650 MB inside its wheel, and a loader wants a few megabytes of it, at the front and at the end.
While the stream runs, the state of the inflater is copied every few megabytes (about 40 kB each, the method of zlib's
`examples/zran.c`), so going back costs one stride and never the whole stream.
"""

from __future__ import annotations

import itertools
import zlib
from collections import OrderedDict
from collections.abc import Iterable
from copy import copy
from io import BytesIO

from tfsetup.loader.bytes import ByteSource, MalformedImage, check_range
from tfsetup.loader.files.sums import Sums, sums_of

BLOCK = 1 << 20
"""Inflated bytes handled at a time."""

STRIDE = 8
"""Blocks between two checkpoints."""

_FEED = 1 << 16


class BlockCache:
    """The most recently used inflated blocks of all members that share it; `limit` is in blocks."""

    def __init__(self, limit: int = 48) -> None:
        """Keep at most `limit` blocks of `BLOCK` bytes."""
        self._limit = limit
        self._owners = itertools.count()
        self._blocks: OrderedDict[tuple[int, int], bytes] = OrderedDict()

    def new_owner(self) -> int:
        """Return a number for a member, never given twice (the address of an object would be)."""
        return next(self._owners)

    def get(self, owner: int, index: int) -> bytes | None:
        """Return a block if it is still here."""
        block = self._blocks.get((owner, index))
        if block is not None:
            self._blocks.move_to_end((owner, index))
        return block

    def put(self, owner: int, index: int, block: bytes) -> None:
        """Keep a block, dropping the one unused for longest."""
        self._blocks[owner, index] = block
        if len(self._blocks) > self._limit:
            self._blocks.popitem(last=False)


def joined(blocks: Iterable[bytes], start: int, length: int) -> bytes:
    """Return `length` bytes of blocks that follow one another, from `start` of the first one.

    A table of 40 MB is never held twice.
    """
    whole = BytesIO()
    for block in blocks:
        whole.write(memoryview(block)[start : start + length - whole.tell()])
        start = 0
    return whole.getvalue()


class _Stream:
    """An inflater and its place in the compressed bytes; a copy of it is a checkpoint."""

    __slots__ = ("_inflater", "_position", "_source")

    def __init__(self, source: ByteSource, inflater: zlib._Decompress, position: int) -> None:
        self._source, self._inflater, self._position = source, inflater, position

    def copy(self) -> _Stream:
        return _Stream(self._source, self._inflater.copy(), self._position)

    def take(self, length: int) -> bytes:
        """Return the next `length` inflated bytes."""
        pieces: list[bytes] = []
        while length:
            piece = self._inflater.decompress(self._input(), length)
            if not piece and not self._has_input():
                raise MalformedImage("its compressed data ends too early")
            pieces.append(piece)
            length -= len(piece)
        return b"".join(pieces)

    def _has_input(self) -> bool:
        if self._inflater.eof:
            return False
        return bool(self._inflater.unconsumed_tail) or self._position < self._source.size

    def _input(self) -> bytes:
        if self._inflater.unconsumed_tail:
            return self._inflater.unconsumed_tail
        length = min(_FEED, self._source.size - self._position)
        data = self._source.read(self._position, length)
        self._position += length
        return data


class Deflated:
    """A raw deflate stream as a `ByteSource`; `size` is the inflated length, `crc` the CRC-32 the archive promises.

    The CRC is compared as soon as the stream has been read to its end. `hashing`: the sha256 is taken on the way.
    """

    def __init__(
        self, source: ByteSource, *, size: int, crc: int, cache: BlockCache | None = None, hashing: bool = False
    ) -> None:
        """Read `source` (the compressed bytes and nothing else) on demand."""
        self.size, self._crc = size, crc
        self._cache = cache or BlockCache()
        self._owner = self._cache.new_owner()
        self._front = _Stream(source, zlib.decompressobj(-zlib.MAX_WBITS), 0)
        self._next = 0
        self._checkpoints: dict[int, _Stream] = {}
        # Where going back has come to: a table is read from front to back.
        self._back: tuple[int, _Stream | None] = (0, None)
        self._hashing = hashing
        self._sums: Sums | None = None

    @property
    def sha256(self) -> str | None:
        """That of the inflated file, which is read to its end for it; None: it was not asked for at the beginning.

        Raises:
            MalformedImage: the stream is damaged.
        """
        if not self._hashing:
            return None
        if self._next * BLOCK < self.size:
            self.read(self.size - 1, 1)
        return (self._sums or Sums(hashing=True)).sha256()

    def twin(self, cache: BlockCache) -> Deflated:
        """Return the same file for another thread; this one is read to its end first.

        Raises:
            MalformedImage: the stream is damaged.
        """
        if self._next * BLOCK < self.size:
            self.read(self.size - 1, 1)
        other = copy(self)
        other._cache, other._owner, other._back = cache, cache.new_owner(), (0, None)  # noqa: SLF001 - it is one itself
        return other

    def read(self, offset: int, length: int) -> bytes:
        """Return `length` inflated bytes from `offset`; see `ByteSource.read`."""
        check_range(offset, length, self.size)
        if not length:
            return b""
        first, last = offset // BLOCK, (offset + length - 1) // BLOCK
        if first == last:
            start = offset - first * BLOCK
            return self._block(first)[start : start + length]
        blocks = map(self._block, range(first, last + 1))
        return joined(blocks, offset - first * BLOCK, length)

    def _block(self, index: int) -> bytes:
        block = self._cache.get(self._owner, index)
        if block is not None:
            return block
        try:
            return self._again(index) if index < self._next else self._forward(index)
        except zlib.error as error:
            raise MalformedImage(f"its compressed data is damaged ({error})") from error

    def _forward(self, index: int) -> bytes:
        if self._sums is None:
            self._sums = sums_of(self.size, hashing=self._hashing)
        block = b""
        while self._next <= index:
            if self._next % STRIDE == 0:
                self._checkpoints[self._next] = self._front.copy()
            block = self._front.take(self._length(self._next))
            self._sums.add(block)
            self._cache.put(self._owner, self._next, block)
            self._next += 1
        if self._next * BLOCK >= self.size and self._sums.crc() != self._crc:
            raise MalformedImage("its bytes do not match the checksum in the archive")
        return block

    def _again(self, index: int) -> bytes:
        start, stream = self._back
        if stream is None or not index - index % STRIDE <= start <= index:
            start = index - index % STRIDE
            stream = self._checkpoints[start].copy()
        self._back = (0, None)  # a stream that fails half-way is none to go on with
        block = b""
        for at in range(start, index + 1):
            block = stream.take(self._length(at))
            self._cache.put(self._owner, at, block)
        self._back = (index + 1, stream)
        return block

    def _length(self, index: int) -> int:
        return min(BLOCK, self.size - index * BLOCK)
