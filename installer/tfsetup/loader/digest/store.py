"""The folder in which digests are kept: by hash, bounded, shared by processes. (Touches the world.)."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from tfsetup.ground.files import make_folder
from tfsetup.ground.folders import known_cache
from tfsetup.loader.digest.claims import claimed
from tfsetup.loader.digest.sparse import READER, DamagedCopy, SparseCopy
from tfsetup.loader.digest.wheel import WheelDigest, decode
from tfsetup.loader.files.inflate import BlockCache

LIMIT: Final = 2_000_000_000
"""Bytes that the folder may hold; what was used longest ago goes first."""

WHEEL, NATIVE = ".wheel", ".sparse"
_DRAFT, _CLAIM = ".draft", ".making"
_HOUR: Final = 3600
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_T = TypeVar("_T")
_Known = TypeVar("_Known", SparseCopy, WheelDigest)


@dataclass(kw_only=True)
class Store:
    """Where digests are read from, and where new ones go. `folder` None: nothing is kept.

    `given` are folders that somebody handed on, whose files are read only; `trusts` says of one of theirs (its name,
    and its bytes) whether it may be believed.
    """

    folder: Path | None
    given: Sequence[Path] = ()
    trusts: Callable[[str, bytes], bool] = lambda _name, _data: False
    blocks: BlockCache = field(default_factory=lambda: BlockCache(160))
    refused: list[str] = field(default_factory=list)
    """Names of handed-on files that were not believed."""
    _spoilt: set[str] = field(default_factory=set)

    @property
    def keeps(self) -> bool:
        """Whether what is found out is kept anywhere."""
        return self.folder is not None

    def wheel(self, sha256: str) -> WheelDigest | None:
        """Return what is kept of a wheel."""
        return self._found(sha256, WHEEL, lambda data: _named(decode(data), sha256))

    def native(self, sha256: str) -> SparseCopy | None:
        """Return the copy of a native file."""
        return self._found(sha256, NATIVE, lambda data: _named(SparseCopy(data, self.blocks), sha256))

    def keep(self, sha256: str, kind: str, data: bytes) -> None:
        """Keep a digest. A cache that cannot be written is no harm.

        Nothing is synced: what a power cut leaves of it fails its checksum.
        """
        if self.folder is not None and _HASH.fullmatch(sha256):
            with suppress(OSError):
                self.put(f"{sha256}{kind}", data)

    def put(self, name: str, data: bytes) -> None:
        """Write a digest under its name.

        Raises:
            OSError: the folder cannot be written.
        """
        if self.folder is None:
            return
        draft = self.folder / f"{name}.{os.getpid()}-{threading.get_ident()}{_DRAFT}"
        make_folder(self.folder)
        try:
            draft.write_bytes(data)
            draft.replace(self.folder / name)
        except OSError:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            raise
        self._spoilt.discard(name)

    def spoilt(self, sha256: str) -> None:
        """Forget the copy of a native file, in which damage was found: it will be made anew."""
        self._spoilt.add(f"{sha256}{NATIVE}")
        if self.folder is not None:
            with suppress(OSError):
                (self.folder / f"{sha256}{NATIVE}").unlink()

    def alone(self, sha256: str) -> AbstractContextManager[None]:
        """Keep others from making the copy of a native file while this lasts; who makes it now is waited for."""
        return nullcontext() if self.folder is None else claimed(self.folder / f"{sha256}{_CLAIM}")

    def sweep(self, limit: int = LIMIT) -> None:
        """Remove what was used longest ago until no more than `limit` bytes are left, and the drafts of the dead."""
        left, now = limit, time.time()
        for path, facts in sorted(self._files(), key=lambda one: one[1].st_mtime_ns, reverse=True):
            left -= facts.st_size
            if left < 0 or (path.name.endswith((_DRAFT, _CLAIM)) and now - facts.st_mtime > _HOUR):
                with suppress(OSError):
                    path.unlink()

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        if self.folder is None:
            return
        with suppress(OSError):
            for path in self.folder.iterdir():
                with suppress(OSError):
                    yield path, path.stat()

    def _found(self, sha256: str, kind: str, read: Callable[[bytes], _T]) -> _T | None:
        if not _HASH.fullmatch(sha256):
            return None
        for data in self.believed(f"{sha256}{kind}"):
            with suppress(DamagedCopy):
                return read(data)
        return None

    def untouched(self, name: str) -> bytes | None:
        """Return a digest as somebody handed it on, where there is none of our own."""
        if self.folder is not None and (self.folder / name).exists():
            return None
        return next(self.believed(name), None)

    def believed(self, name: str) -> Iterator[bytes]:
        """Yield what files of that name hold: our own, then those handed on that somebody vouches for."""
        if self.folder is not None and name not in self._spoilt:
            path = self.folder / name
            with suppress(OSError):
                data = path.read_bytes()
                with suppress(OSError):
                    os.utime(path)  # it was used just now
                yield data
        for folder in self.given if name not in self._spoilt else ():
            with suppress(OSError):
                data = (folder / name).read_bytes()
                if self.trusts(name, data):
                    yield data
                else:
                    self.refused.append(name)


def _named(found: _Known, sha256: str) -> _Known:
    """Return a digest that is the one of its name."""
    if found.sha256 != sha256:
        raise DamagedCopy
    return found


def own_store(given: Sequence[Path] = (), trusts: Callable[[str, bytes], bool] | None = None) -> Store:
    """Return the store of this user: in the cache folder, by the version of the readers."""
    cache = known_cache(os.environ)
    folder = cache / "digests" / f"v{READER}" if cache is not None else None
    return Store(folder=folder, given=given) if trusts is None else Store(folder=folder, given=given, trusts=trusts)
