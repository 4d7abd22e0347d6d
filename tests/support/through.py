"""Files that a test reads through digests instead of as they are, with a count of what had to be fetched after all.

With `TFSETUP_TESTS_THROUGH_DIGESTS` set, the trees and wheels of all tests are read so.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

from tfsetup.loader.bytes import Answers, ByteSource, MalformedImage, Memory
from tfsetup.loader.digest.contents import DigestedWheel, copy_of_file
from tfsetup.loader.digest.sparse import NotKept, SparseCopy
from tfsetup.loader.digest.store import Store
from tfsetup.loader.files.archive import Archive

ALWAYS = "TFSETUP_TESTS_THROUGH_DIGESTS" in os.environ
HOLES: list[str] = []
"""What was read and not kept: of which file, and where."""


class Sparse:
    """A file read through its copy; a hole is counted, and answered by the file."""

    def __init__(self, data: bytes, name: str = "") -> None:
        self._whole, self._name, self.size = Memory(data), name, len(data)
        self.copy = SparseCopy(_copied(data))

    def read(self, offset: int, length: int) -> bytes:
        try:
            return self.copy.read(offset, length)
        except NotKept:
            HOLES.append(f"{self._name} {offset}+{length} of {self.size}")
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


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="digests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def digested(archive: Archive, sha256: str, folder: Path | None = None) -> DigestedWheel:
    """Return a wheel of which everything was read before, and of which nothing is at hand any more."""
    store = Store(folder=folder or _folder())
    first = DigestedWheel(sha256=sha256, store=store, real=lambda: archive, verified=lambda _archive: True)
    for name in archive.members:
        try:
            source = first.open(name)
            source.read(0, source.size)
        except MalformedImage:
            continue
    first.remember()

    def gone() -> Archive:
        HOLES.append(sha256)
        return archive

    return DigestedWheel(sha256=sha256, store=store, real=gone, verified=lambda _archive: False)
