"""Wheels opened through their digests: on this disk, or on an index. (Touches the world.)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tfsetup.errors import NetworkError
from tfsetup.loader.bytes import ByteSource, MalformedImage
from tfsetup.loader.digest.contents import DigestedWheel
from tfsetup.loader.files.archive import Archive
from tfsetup.loader.files.sources import open_wheel

if TYPE_CHECKING:
    from tfsetup.ground.ahead import Ahead
    from tfsetup.ground.http import Http
    from tfsetup.loader.digest.contents import Counted
    from tfsetup.loader.digest.making import Made
    from tfsetup.loader.digest.store import Store
    from tfsetup.loader.files.inflate import BlockCache
    from tfsetup.loader.files.listing import Wanted
    from tfsetup.loader.files.remote import Traffic

_CHUNK: Final = 1 << 20
_AT_ONCE: Final = 8
_BLOCKS: Final = 8
"""Inflated blocks of wheels that are kept: each member is read once, and then through its copy."""


def local_wheel(
    path: Path, store: Store, cache: BlockCache, counted: Counted, ahead: Ahead[Made] | None = None
) -> DigestedWheel:
    """Open a wheel on this disk; `ahead` begins to make what its digest needs.

    Raises:
        MalformedImage: it is not a zip archive, or a damaged one.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    wheel = DigestedWheel(
        sha256=sha256,
        store=store,
        real=lambda: replace(open_wheel(path, cache), hashing=True),
        verified=lambda _archive: True,
        counted=counted,
        ahead=ahead,
    )
    _ = wheel.members  # a file that is no wheel is refused here
    if holds_modules(path.name):
        wheel.begin()
    return wheel


@dataclass(kw_only=True)
class Opener:
    """Opens wheels on an index; what is fetched is counted in `traffic`, what is not in `counted`.

    `session` is asked for when there is something to fetch.
    """

    store: Store
    counted: Counted
    traffic: Traffic
    session: Callable[[], Http]
    ahead: Ahead[Made] | None = None

    def open_all(self, wanted: Sequence[Wanted]) -> list[tuple[str, DigestedWheel]]:
        """Open wheels, several at a time; return (file name, contents) in the order given.

        Of those that have a digest nothing is fetched until something is read that it does not have.

        Raises:
            NetworkError: a server does not answer, or what it sends is no wheel.
            UsageError: an address, or one it leads on to, is plain http on another machine.
            InvalidFileError: the certificates that a variable names cannot be used.
        """
        from tfsetup.ground.exchange import at_once
        from tfsetup.loader.files.inflate import BlockCache

        cache = BlockCache(_BLOCKS)

        def open_one(each: Wanted) -> tuple[str, DigestedWheel]:
            wheel = DigestedWheel(
                sha256=each.sha256,
                store=self.store,
                real=partial(self._fetched, each, cache),
                verified=lambda archive: _is_whole(archive.source, each.sha256),
                counted=self.counted,
                ahead=self.ahead,
                seen=seen_as(each.sha256, each.url or ""),
            )
            _ = wheel.members
            if holds_modules(each.filename):
                wheel.begin()
            return each.filename, wheel

        # The largest first: most is to be done of it.
        ordered = sorted(enumerate(wanted), key=lambda one: -(one[1].size or 0))
        opened = at_once(lambda one: open_one(one[1]), ordered, threads=_AT_ONCE)
        return [wheel for _, wheel in sorted(zip((at for at, _ in ordered), opened, strict=True), key=itemgetter(0))]

    def _fetched(self, wanted: Wanted, cache: BlockCache) -> Archive:
        from tfsetup.loader.files.remote import RemoteFile, open_remote

        try:
            return replace(open_remote(RemoteFile(wanted.url or "", self.session(), self.traffic), cache), hashing=True)
        except MalformedImage as error:
            raise NetworkError(f"What the index sent as {wanted.filename} is no wheel: {error}.") from error


def holds_modules(filename: str) -> bool:
    """Say whether a wheel is for one ABI of Python: what is in others is read only if something needs it."""
    return filename.split("-")[-2:-1] != ["none"]


def seen_as(sha256: str, url: str) -> str:
    """Return the name of what was seen of a wheel that an address has, and of which an index says that sha256.

    Nobody has compared the two, so that it holds for this address alone.
    """
    return hashlib.sha256(f"{sha256} {url}".encode()).hexdigest()


def _is_whole(source: ByteSource, sha256: str) -> bool | None:
    """Say whether a file is the one that is meant; None: so little of it was fetched that the rest is not worth it."""
    from tfsetup.loader.files.remote import RemoteFile

    if not isinstance(source, RemoteFile) or not source.complete():
        return None
    digest = hashlib.sha256()
    for at in range(0, source.size, _CHUNK):
        digest.update(source.read(at, min(_CHUNK, source.size - at)))
    return digest.hexdigest() == sha256
