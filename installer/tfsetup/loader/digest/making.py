"""Copies of native files are made: read once from front to back, by whichever thread. (Touches the world.)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

from tfsetup.loader.bytes import ByteSource, MalformedImage, Memory, check_range
from tfsetup.loader.digest.extents import Images, extents, holes, images_of, merged
from tfsetup.loader.digest.sparse import NotKept, SparseCopy, sparse_copy
from tfsetup.loader.digest.store import NATIVE, Store
from tfsetup.loader.digest.wheel import Native, names_in
from tfsetup.loader.dyld.pages import verdicts
from tfsetup.loader.files.inflate import BlockCache, Deflated

_CHUNK: Final = 1 << 20
_AT_ONCE: Final = 8 << 20
"""Files up to this many bytes are inflated once and held while their copy is made."""
_MOST_MORE: Final = 128 << 20
_LARGEST: Final = 128 << 20
"""Of files of so many bytes whoever waits need not wait for the copy as well."""


class Copy(Protocol):
    """A native file as far as its copy tells."""

    @property
    def sha256(self) -> str:
        """That of the file."""

    @property
    def size(self) -> int:
        """Length of the file in bytes."""

    @property
    def pages(self) -> Mapping[int, tuple[bool, bool]]:
        """See `Answers`."""

    def read(self, offset: int, length: int) -> bytes:
        """Return `length` bytes from `offset`; see `SparseCopy.read`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fresh:
    """A file that was just read to its end, while its copy is still to be made."""

    source: ByteSource
    sha256: str
    pages: Mapping[int, tuple[bool, bool]]
    kept: tuple[range, ...]
    """What the copy will have."""

    @property
    def size(self) -> int:
        """Length of the file in bytes."""
        return self.source.size

    def read(self, offset: int, length: int) -> bytes:
        """Return `length` bytes from `offset`; see `ByteSource.read`.

        Raises:
            NotKept: the copy will not have them.
        """
        check_range(offset, length, self.size)
        if length and not any(one.start <= offset and offset + length <= one.stop for one in self.kept):
            raise NotKept
        return self.source.read(offset, length)


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """The copy of a native file, and what a wheel's digest says of the file. `new`: the copy was made just now.

    `left` makes and keeps the copy, and says whether that was new; None: that is done. `source` is the file itself,
    where somebody has just read it.
    """

    copy: Copy
    native: Native
    new: bool = False
    left: Callable[[], bool] | None = None
    source: ByteSource | None = None


def made(name: str, source: ByteSource, store: Store) -> Made:
    """Make the copy of a native file and keep it, unless it is kept already. `name` is the member's.

    Raises:
        MalformedImage: the file cannot be read.
    """
    whole: ByteSource = Memory(source.read(0, source.size)) if source.size <= _AT_ONCE else source
    sha256 = _sha256(source, whole)
    copy, new = _kept(whole, sha256, store)
    names = names_in(whole, name) if whole is not source else None
    return Made(copy=copy, native=Native(sha256=sha256, names=names), new=new)


def read_ahead(name: str, source: ByteSource, store: Store, cache: BlockCache) -> Made:
    """Do the same, but of a very large file leave the making to whoever has time, since it can be read meanwhile.

    That is so on macOS, whose tables are read from front to back: others are asked for names all over their tables.
    `cache` is for that reading.

    Raises:
        MalformedImage: the file cannot be read.
    """
    images = images_of(source) if isinstance(source, Deflated) and source.size >= _LARGEST else Images()
    if not isinstance(source, Deflated) or not images.found:
        return made(name, source, store)
    sha256 = _sha256(source, source)
    native = Native(sha256=sha256)
    copy = store.native(sha256)
    if copy is not None:
        return Made(copy=copy, native=native)
    twin = source.twin(cache)
    fresh = Fresh(source=twin, sha256=sha256, pages=_pages(images), kept=extents(source, images))
    return Made(copy=fresh, native=native, source=twin, left=lambda: _kept(source, sha256, store)[1])


def _kept(whole: ByteSource, sha256: str, store: Store) -> tuple[SparseCopy, bool]:
    """Return the copy of a file, and whether it was made just now: one process at a time makes it."""
    with store.alone(sha256):
        kept = store.native(sha256)
        return kept or _new(whole, sha256, store), kept is None


def widen(sha256: str, source: ByteSource, more: Sequence[range], store: Store) -> None:
    """Keep further ranges of a file in its copy: what was asked for once will be asked for again.

    Of a file that somebody has searched as a whole nothing more is kept.
    """
    with store.alone(sha256):
        copy = store.native(sha256)
        kept = merged([*(range(*one) for one in copy.head.kept), *more], source.size) if copy is not None else ()
        if copy is None or sum(map(len, kept)) > source.size // 2 or sum(map(len, more)) > _MOST_MORE:
            return
        zeros = tuple(range(*one) for one in copy.head.zeros)
        with suppress(MalformedImage):
            data = sparse_copy(source, sha256=sha256, kept=kept, zeros=zeros, pages=copy.pages)
            store.keep(sha256, NATIVE, data)


def _new(whole: ByteSource, sha256: str, store: Store) -> SparseCopy:
    data = copy_of_file(whole, sha256)
    store.keep(sha256, NATIVE, data)
    return SparseCopy(data, store.blocks)


def copy_of_file(source: ByteSource, sha256: str) -> bytes:
    """Return the sparse copy of a native file, with what only the whole of it tells.

    Raises:
        MalformedImage: the file cannot be read.
    """
    images = images_of(source)
    pages = _pages(images)
    zeros = holes(images) if pages else ()
    return sparse_copy(source, sha256=sha256, kept=extents(source, images), zeros=zeros, pages=pages)


def _pages(images: Images) -> dict[int, tuple[bool, bool]]:
    arm = [one for one in images.found if one.architecture.startswith("arm64")]
    try:
        return {one.slice_offset: verdicts(one) for one in arm} if images.whole else {}
    except MalformedImage:
        return {}


def _sha256(source: ByteSource, whole: ByteSource) -> str:
    """Return that of a file: as it was taken while the file was inflated, else of the bytes."""
    known: str | None = getattr(source, "sha256", None)
    if known:
        return known
    digest = hashlib.sha256()
    for at in range(0, whole.size, _CHUNK):
        digest.update(whole.read(at, min(_CHUNK, whole.size - at)))
    return digest.hexdigest()
