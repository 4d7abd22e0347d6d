"""A wheel on an index, read through HTTP range requests. (Touches the world.)."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from dataclasses import replace

from tfsetup.errors import NetworkError
from tfsetup.ground.exchange import at_once
from tfsetup.ground.http import Http
from tfsetup.ground.settings import index_choice
from tfsetup.loader.bytes import MalformedImage
from tfsetup.loader.files.archive import Archive, read_archive
from tfsetup.loader.files.inflate import BlockCache
from tfsetup.loader.files.names import is_native
from tfsetup.loader.files.pieces import CHUNK, MOSTLY, TAIL, Pieces, Traffic

__all__ = ["CHUNK", "TAIL", "RemoteFile", "Traffic", "open_all", "open_remote"]

WHOLE = 16 << 20
"""Files up to this many bytes are fetched as a whole: in a small wheel most of it is what is wanted."""

LARGEST = 768 << 20
"""Larger wheels are fetched as they are read."""

_AT_ONCE = 8


class RemoteFile:
    """A file at an address as a `ByteSource`; when nobody has it any more, nothing more of it is fetched."""

    def __init__(self, url: str, session: Http, traffic: Traffic | None = None) -> None:
        """Ask for the end of the file, which also tells its size.

        Raises:
            NetworkError: the server does not answer, or not with what was asked for.
        """
        self._pieces = Pieces(url, session, traffic or Traffic())
        self.size, self.traffic = self._pieces.size, self._pieces.traffic
        # Threads hold the pieces, never this object.
        weakref.finalize(self, self._pieces.give_up)
        self.read, self.expect = self._pieces.read, self._pieces.expect
        self.fetch_whole, self.fetch_beside = self._pieces.fetch_whole, self._pieces.fetch_beside
        self.complete = self._pieces.complete


def open_remote(file: RemoteFile, cache: BlockCache) -> Archive:
    """Read the table of contents of a wheel at an address; a small one is fetched as a whole.

    Raises:
        MalformedImage: it is no wheel.
        NetworkError: the server does not answer, or not with what was asked for.
    """
    if file.size <= WHOLE:
        file.fetch_whole()
    archive = read_archive(file, cache)
    native = sum(member.compressed for name, member in archive.members.items() if is_native(name))
    beside = native >= file.size * MOSTLY and WHOLE < file.size <= LARGEST

    def expect(offset: int, length: int) -> None:
        file.expect(offset, length)
        if length > CHUNK and beside:
            file.fetch_beside()

    return replace(archive, expect=expect, whole=beside or file.size <= WHOLE, fetch=file.fetch_whole)


def open_all(addresses: Mapping[str, str], traffic: Traffic | None = None) -> list[tuple[str, Archive]]:
    """Open wheels at their addresses, several at a time; return (file name, archive) in the order given.

    Raises:
        NetworkError: a server does not answer, or what it sends is no wheel.
        UsageError: an address, or one it leads on to, is plain http on another machine.
        InvalidFileError: the certificates that a variable names cannot be used.
    """
    if not addresses:
        return []
    counted, cache, session = traffic or Traffic(), BlockCache(), Http(choice=index_choice())

    def open_one(item: tuple[str, str]) -> tuple[str, Archive]:
        name, url = item
        try:
            return name, open_remote(RemoteFile(url, session, counted), cache)
        except MalformedImage as error:
            raise NetworkError(f"What the index sent as {name} is no wheel: {error}.") from error

    return at_once(open_one, list(addresses.items()), threads=_AT_ONCE)
