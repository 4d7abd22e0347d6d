"""The folder in which digests are kept: by hash, bounded, shared by processes. (Touches the world.)."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from tfsetup.ground.files import make_folder, write_whole
from tfsetup.ground.folders import known_cache
from tfsetup.loader.digest.sparse import READER, DamagedCopy, SparseCopy
from tfsetup.loader.digest.wheel import WheelDigest, decode
from tfsetup.loader.files.inflate import BlockCache

LIMIT: Final = 2 << 30
"""Bytes that the folder may hold; what was used longest ago goes first."""

WHEEL, NATIVE = ".wheel", ".sparse"
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_T = TypeVar("_T")


@dataclass(kw_only=True)
class Store:
    """Where digests are read from, and where new ones go. `folder` None: nothing is kept.

    `given` are folders that somebody handed on, whose files are read only; `trusts` says of one of theirs (its name, and
    its bytes) whether it may be believed.
    """

    folder: Path | None
    given: Sequence[Path] = ()
    trusts: Callable[[str, bytes], bool] = lambda _name, _data: False
    blocks: BlockCache = field(default_factory=lambda: BlockCache(40))
    refused: list[str] = field(default_factory=list)
    """Names of handed-on files that were not believed."""

    @property
    def keeps(self) -> bool:
        """Whether what is found out is kept anywhere."""
        return self.folder is not None

    def wheel(self, sha256: str) -> WheelDigest | None:
        """Return what is kept of a wheel."""
        return self._found(sha256, WHEEL, decode)

    def native(self, sha256: str) -> SparseCopy | None:
        """Return the copy of a native file."""
        return self._found(sha256, NATIVE, lambda data: _named(SparseCopy(data, self.blocks), sha256))

    def keep(self, sha256: str, kind: str, data: bytes) -> None:
        """Keep a digest. A cache that cannot be written is no harm."""
        if self.folder is not None and _HASH.fullmatch(sha256):
            with suppress(OSError):
                make_folder(self.folder)
                write_whole(self.folder / f"{sha256}{kind}", data)

    @contextmanager
    def once(self, sha256: str) -> Iterator[bool]:
        """Say whether nobody else is making the copy of a native file just now; while this lasts nobody else will."""
        if self.folder is None:
            yield False
            return
        claim = self.folder / f"{sha256}.making"
        try:
            make_folder(self.folder)
            os.close(os.open(claim, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        except FileExistsError:
            yield _forsaken(claim)
            return
        except OSError:
            yield False
            return
        try:
            yield True
        finally:
            with suppress(OSError):
                claim.unlink()

    def sweep(self, limit: int = LIMIT) -> None:
        """Make room: remove what was used longest ago until no more than `limit` bytes are left."""
        kept = sorted(self._files(), key=lambda one: one[1].st_mtime_ns, reverse=True)
        total = 0
        for path, facts in kept:
            total += facts.st_size
            if total > limit:
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

    def believed(self, name: str) -> Iterator[bytes]:
        """Yield what files of that name hold: our own, then those handed on that somebody vouches for."""
        if self.folder is not None:
            path = self.folder / name
            with suppress(OSError):
                data = path.read_bytes()
                with suppress(OSError):
                    os.utime(path)  # it was used just now
                yield data
        for folder in self.given:
            with suppress(OSError):
                data = (folder / name).read_bytes()
                if self.trusts(name, data):
                    yield data
                else:
                    self.refused.append(name)


def _named(copy: SparseCopy, sha256: str) -> SparseCopy:
    """Return a copy that is the one of its name."""
    if copy.sha256 != sha256:
        raise DamagedCopy
    return copy


_HOURS: Final = 3600


def _forsaken(claim: Path) -> bool:
    """Say whether who claimed a file has been gone for an hour, and take the claim over."""
    import time

    try:
        if time.time() - claim.stat().st_mtime < _HOURS:
            return False
        os.utime(claim)
    except OSError:
        return False
    return True


def own_store(given: Sequence[Path] = (), trusts: Callable[[str, bytes], bool] | None = None) -> Store:
    """Return the store of this user: in the cache folder, by the version of the readers."""
    cache = known_cache(os.environ)
    folder = cache / "digests" / f"v{READER}" if cache is not None else None
    return Store(folder=folder, given=given) if trusts is None else Store(folder=folder, given=given, trusts=trusts)
