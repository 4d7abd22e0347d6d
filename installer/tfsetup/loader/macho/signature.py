"""The code signature of a Mach-O image: is there one, and do the page hashes agree with the bytes?

Format: `kern/cs_blobs.h` of XNU (superblob, CodeDirectory; big-endian). Signers are not judged, only hashes:
an ad hoc signature is enough for a library, and a page with a wrong hash gets the process killed when it is touched.
Of a program, its signature says too what its process is held to (`restraints`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from struct import Struct

from tfsetup.loader.bytes import MalformedImage, unpack_from
from tfsetup.loader.macho.image import MachO, Range

_SUPERBLOB, _CODE_DIRECTORY = 0xFADE0CC0, 0xFADE0C02
_BLOB = Struct(">3I")
_INDEX = Struct(">2I")
_DIRECTORY = Struct(">9I4BI")
_MAX_BLOBS = 64
_ALTERNATE_SLOTS = range(0x1000, 0x1005)
_DIGESTS = {1: ("sha1", 20), 2: ("sha256", 32), 3: ("sha256", 20), 4: ("sha384", 48)}
_MAX_PAGE_BITS = 20
_AT_ONCE, _LARGE = 64, 1 << 16
"""So many pages are read in one go; pages above so many bytes piece by piece."""

_HASHES: dict[str, Callable[[bytes | memoryview], hashlib._Hash]] = {
    "sha1": partial(hashlib.sha1, usedforsecurity=False),
    "sha256": hashlib.sha256,
    "sha384": hashlib.sha384,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeDirectory:
    """The page hashes of an image: `page_size` and `limit` (how much of the image is covered) in bytes."""

    digest: str
    hashes: bytes
    hash_size: int
    page_size: int
    limit: int

    def wrong_pages(self, image: MachO, pages: range) -> list[int]:
        """Return those of `pages` (numbers from 0, in sequence) whose bytes lack the hash that the signature promises.

        Raises:
            MalformedImage: a page does not lie inside the image.
        """
        wrong: list[int] = []
        for start in range(pages.start, pages.stop, _AT_ONCE):
            part = range(start, min(start + _AT_ONCE, pages.stop))
            digests = self._digests(image, part)
            if b"".join(digests) != self._promised(part):
                wrong += [page for page, digest in zip(part, digests, strict=True) if digest != self._promised((page,))]
        return wrong

    def pages(self, place: Range) -> range:
        """Return the numbers of the covered pages that hold a part of a range."""
        behind = (place.offset + place.size + self.page_size - 1) // self.page_size
        return range(place.offset // self.page_size, min(behind, len(self.hashes) // self.hash_size))

    def _digests(self, image: MachO, pages: range) -> list[bytes]:
        step, begin, size = self.page_size, pages.start * self.page_size, self.hash_size
        if step > _LARGE:
            return [self._digest(image, page) for page in pages]
        data = memoryview(image.source.read(begin, max(min(pages.stop * step, self.limit) - begin, 0)))
        digest = _HASHES[self.digest]
        return [digest(data[at : at + step]).digest()[:size] for at in range(0, len(pages) * step, step)]

    def _digest(self, image: MachO, page: int) -> bytes:
        """Hash one page a piece at a time: a signature may take the whole file for a single page."""
        digest, behind = _HASHES[self.digest](b""), min((page + 1) * self.page_size, self.limit)
        for at in range(page * self.page_size, behind, _LARGE):
            digest.update(image.source.read(at, min(_LARGE, behind - at)))
        return digest.digest()[: self.hash_size]

    def _promised(self, pages: Sequence[int]) -> bytes:
        return self.hashes[pages[0] * self.hash_size : (pages[-1] + 1) * self.hash_size]


def read_code_directory(image: MachO) -> CodeDirectory | None:
    """Read the strongest code directory, None when the image has no signature.

    Raises:
        MalformedImage: there is a signature command, and what it points at is no signature.
    """
    if image.signature is None:
        return None
    blob = image.table(image.signature)
    found = [
        _code_directory(blob, offset)
        for kind, offset in _parts(blob, image.signature)
        if kind == 0 or kind in _ALTERNATE_SLOTS
    ]
    if not found:
        raise MalformedImage("the code signature has no code directory", offset=image.signature.offset)
    return max(found, key=lambda directory: directory.hash_size)


def slots(image: MachO) -> list[Range]:
    """Return where in an image the promised hashes of its pages lie, of every code directory.

    Raises:
        MalformedImage: what the signature command points at is no signature.
    """
    if image.signature is None:
        return []
    blob, found = image.table(image.signature), list[Range]()
    for kind, offset in _parts(blob, image.signature):
        if kind == 0 or kind in _ALTERNATE_SLOTS:
            directory = _code_directory(blob, offset)
            start = image.signature.offset + offset + unpack_from(blob, _DIRECTORY, offset)[4]
            found.append(Range(offset=start, size=len(directory.hashes)))
    return found


def _parts(blob: bytes, place: Range) -> list[tuple[int, int]]:
    """Return the parts of a signature: of each its kind and where in `blob` it starts."""
    magic, _length, count = unpack_from(blob, _BLOB, 0)
    if magic != _SUPERBLOB or count > _MAX_BLOBS:
        raise MalformedImage("the code signature is damaged", offset=place.offset)
    found = (unpack_from(blob, _INDEX, _BLOB.size + index * _INDEX.size) for index in range(count))
    return [(kind, offset) for kind, offset in found]


@dataclass(frozen=True, kw_only=True, slots=True)
class Restraints:
    """What the process of a program is held to, unless an entitlement lifts it.

    `variables`: DYLD variables are dropped. `libraries`: libraries that others signed are refused.
    """

    variables: bool = False
    libraries: bool = False


_RESTRICT, _REQUIRE_VALIDATION, _RUNTIME = 0x800, 0x2000, 0x10000  # CS_RESTRICT, CS_REQUIRE_LV, CS_RUNTIME
_ENTITLEMENTS, _ENTITLEMENTS_SLOT = 0xFADE7171, 5
_KEY = b"<key>com.apple.security.cs.%b</key>"
_TRUE = re.compile(rb"\s*<true\s*/>")


def restraints(image: MachO) -> Restraints:
    """Read what a program's signature asks of the kernel: the hardened runtime, and what it makes exceptions for.

    Entitlements: developer.apple.com/documentation/security/hardened-runtime.

    Raises:
        MalformedImage: there is a signature command, and what it points at is no signature.
    """
    if image.signature is None:
        return Restraints()
    blob = image.table(image.signature)
    flags, granted = 0, b""
    for kind, offset in _parts(blob, image.signature):
        if kind == 0:
            flags = unpack_from(blob, _DIRECTORY, offset)[3]
        elif kind == _ENTITLEMENTS_SLOT:
            granted = _entitlements(blob, offset)
    return Restraints(
        variables=bool(flags & (_RUNTIME | _RESTRICT)) and not _grants(granted, b"allow-dyld-environment-variables"),
        libraries=bool(flags & (_RUNTIME | _REQUIRE_VALIDATION))
        and not _grants(granted, b"disable-library-validation"),
    )


def _entitlements(blob: bytes, at: int) -> bytes:
    magic, length = unpack_from(blob, _INDEX, at)
    return blob[at + _INDEX.size : at + length] if magic == _ENTITLEMENTS else b""


def _grants(entitlements: bytes, name: bytes) -> bool:
    _before, key, behind = entitlements.partition(_KEY % name)
    return bool(key) and _TRUE.match(behind) is not None


def _code_directory(blob: bytes, at: int) -> CodeDirectory:
    fields = unpack_from(blob, _DIRECTORY, at)
    magic, _length, _version, _flags, hashes_at, _identifier, _special, count, limit = fields[:9]
    size, kind, _platform, page_bits = fields[9:13]
    known = _DIGESTS.get(kind)
    if magic != _CODE_DIRECTORY or known is None or known[1] != size or page_bits > _MAX_PAGE_BITS:
        raise MalformedImage("the code directory of the signature is damaged", offset=at)
    start, page = at + hashes_at, (1 << page_bits) if page_bits else max(limit, 1)
    if start + count * size > len(blob) or (count - 1) * page >= limit > 0 or count * page < limit:
        raise MalformedImage("the code directory of the signature does not fit its image", offset=at)
    hashes = blob[start : start + count * size]
    return CodeDirectory(digest=known[0], hashes=hashes, hash_size=size, page_size=page, limit=limit)
