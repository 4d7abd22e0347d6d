"""Copies of native files are made: read once from front to back, by whichever thread. (Touches the world.)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from tfsetup.loader.bytes import ByteSource, MalformedImage, Memory
from tfsetup.loader.digest.extents import Images, extents, holes, images_of
from tfsetup.loader.digest.sparse import SparseCopy, sparse_copy
from tfsetup.loader.digest.store import NATIVE, Store
from tfsetup.loader.digest.wheel import Native, names_in
from tfsetup.loader.dyld.pages import verdicts

_CHUNK: Final = 1 << 20
_AT_ONCE: Final = 8 << 20
"""Files up to this many bytes are inflated once and held while their copy is made."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """The copy of a native file, and what a wheel's digest says of the file. `new`: the copy was made just now."""

    copy: SparseCopy
    native: Native
    new: bool


def made(name: str, source: ByteSource, store: Store) -> Made:
    """Make the copy of a native file and keep it, unless it is kept already. `name` is the member's.

    Raises:
        MalformedImage: the file cannot be read.
    """
    whole: ByteSource = Memory(source.read(0, source.size)) if source.size <= _AT_ONCE else source
    sha256 = _sha256(source, whole)
    with store.alone(sha256):
        kept = store.native(sha256)
        copy = kept or _new(whole, sha256, store)
    names = names_in(whole, name) if whole is not source else None
    return Made(copy=copy, native=Native(sha256=sha256, names=names), new=kept is None)


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
