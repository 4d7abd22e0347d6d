"""Files that a test reads through digests instead of as they are, with a count of what had to be fetched after all.

With `TFSETUP_TESTS_THROUGH_DIGESTS` set, the trees and wheels of all tests are read so; where it names a file, that
is told at the end what was not kept. `TFSETUP_TESTS_PLANTED_HOLE`: of each file only the beginning is kept.
"""

from __future__ import annotations

import atexit
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from tfsetup.loader.bytes import Answers, ByteSource, MalformedImage, Memory
from tfsetup.loader.digest import extents
from tfsetup.loader.digest.contents import DigestedWheel
from tfsetup.loader.digest.making import copy_of_file
from tfsetup.loader.digest.sparse import NotKept, SparseCopy
from tfsetup.loader.digest.store import NATIVE, Store
from tfsetup.loader.files.archive import Archive

ALWAYS = "TFSETUP_TESTS_THROUGH_DIGESTS" in os.environ
HOLES: list[str] = []
"""What was read and not kept: of which file, where, and by which test."""

_TOLD: Final = os.environ.get("TFSETUP_TESTS_THROUGH_DIGESTS", "")
if "/" in _TOLD:
    atexit.register(lambda: Path(_TOLD).write_text("\n".join(HOLES), encoding="utf-8"))


def _nothing(source: ByteSource, images: extents.Images | None) -> Iterator[range]:
    """Return no table of any file: they are forgotten."""
    del source, images
    return iter(())


if "TFSETUP_TESTS_PLANTED_HOLE" in os.environ:
    extents._of = _nothing


def hole(where: str) -> None:
    """Count what was not kept."""
    HOLES.append(f"{os.environ.get('PYTEST_CURRENT_TEST', '')}: {where}")


class Sparse:
    """A file read through its copy; a hole is counted, and answered by the file."""

    def __init__(self, data: bytes, name: str = "") -> None:
        self._whole, self._name, self.size = Memory(data), name, len(data)
        self.copy = SparseCopy(_copied(data))

    def read(self, offset: int, length: int) -> bytes:
        try:
            return self.copy.read(offset, length)
        except NotKept:
            hole(f"{self._name} {offset}+{length} of {self.size}")
            return self._whole.read(offset, length)

    def answers(self, base: int) -> tuple[Answers, int]:
        return Answers(sha256=self.copy.sha256, pages=self.copy.pages, holds=lambda _wanted: None), base


@cache
def _copied(data: bytes) -> bytes:
    return copy_of_file(Memory(data), hashlib.sha256(data).hexdigest())


def through(data: bytes, name: str = "") -> ByteSource:
    """Return a file as tests read it: through its copy where it is native code and all are read so."""
    native = data[:4] in {b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe"} or data[:2] == b"MZ"
    return Sparse(data, name) if ALWAYS and native else Memory(data)


@dataclass(kw_only=True)
class InMemory(Store):
    """A store that writes nothing to this disk."""

    folder: Path | None = None
    files: dict[str, bytes] = field(default_factory=dict)

    @property
    def keeps(self) -> bool:
        return True

    def keep(self, sha256: str, kind: str, data: bytes) -> None:
        self.files[f"{sha256}{kind}"] = data

    def believed(self, name: str) -> Iterator[bytes]:
        yield from [self.files[name]] if name in self.files else []

    def spoilt(self, sha256: str) -> None:
        self.files.pop(f"{sha256}{NATIVE}", None)


_ALL: Final = InMemory()


def digested(archive: Archive, sha256: str, store: Store = _ALL) -> DigestedWheel:
    """Return a wheel of which everything was read before, and of which nothing is at hand any more."""
    first = DigestedWheel(sha256=sha256, store=store, real=lambda: archive, verified=lambda _archive: True)
    for name in archive.members:
        try:
            source = first.open(name)
            source.read(0, source.size)
        except MalformedImage:
            continue
    first.remember()

    def gone() -> Archive:
        hole(f"wheel {sha256}")
        return archive

    return DigestedWheel(sha256=sha256, store=store, real=gone, verified=lambda _archive: False)
