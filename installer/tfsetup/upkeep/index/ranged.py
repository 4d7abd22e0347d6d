"""A remote file that is read by pieces, and the METADATA of a wheel out of it: three ranges, not half a gigabyte.

What fetches a piece is handed in, so this touches nothing by itself.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import IO, cast

_TAIL = 64 * 1024  # enough for the end of the directory, and in small wheels for all of it
_PIECE = 64 * 1024
_LARGEST = 4 * 1024 * 1024  # no METADATA is larger

Fetch = Callable[[int | None, int], tuple[bytes, int, int]]
"""(start, end) → the bytes, where they really begin, and the file's size; start None asks for the last `end` bytes."""


class RangedFile(io.RawIOBase):
    """A seekable, read-only file over `fetch`; keeps what it has fetched.

    Reading raises ValueError where the file has another size than at first.
    """

    def __init__(self, fetch: Fetch) -> None:
        """Fetch the end of the file, which also tells its size."""
        super().__init__()
        self._fetch = fetch
        body, start, self.size = fetch(None, _TAIL)
        self._pieces: list[tuple[int, bytes]] = [(start, body)]
        self._place = 0

    def seekable(self) -> bool:
        """Return that it is."""
        return True

    def readable(self) -> bool:
        """Return that it is."""
        return True

    def tell(self) -> int:
        """Return the place in bytes."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a place in bytes from the start, from here, or from the end."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self.size}[whence]
        self._place = max(0, base + offset)
        return self._place

    def read(self, size: int | None = -1) -> bytes:
        """Return up to `size` bytes from here."""
        end = self.size if size is None or size < 0 else min(self.size, self._place + size)
        if end <= self._place:
            return b""
        body = self._bytes(self._place, end)
        self._place += len(body)
        return body

    def _bytes(self, start: int, end: int) -> bytes:
        for begin, body in self._pieces:
            if begin <= start and end <= begin + len(body):
                return body[start - begin : end - begin]
        body, begin, size = self._fetch(start, max(end, min(self.size, start + _PIECE)))
        if size != self.size:
            raise ValueError(f"it had {self.size:,} bytes at first, and then {size:,}")
        self._pieces.append((begin, body))
        return body[start - begin : end - begin]


def metadata_of(file: RangedFile, name: str) -> str:
    """Return the METADATA of a wheel.

    Raises:
        ValueError: the file is no wheel, or its METADATA is absurdly large.
        KeyError: it has no METADATA.
    """
    try:
        with zipfile.ZipFile(cast("IO[bytes]", file)) as archive:
            entry = next((i for i in archive.infolist() if _is_metadata(i.filename)), None)
            if entry is None:
                raise KeyError(f"{name} has no METADATA")
            if entry.file_size > _LARGEST:
                raise ValueError(f"its METADATA claims {entry.file_size:,} bytes")
            return archive.read(entry).decode("utf-8", "replace")
    except zipfile.BadZipFile as error:
        raise ValueError(str(error)) from error


def _is_metadata(path: str) -> bool:
    folder, _, leaf = path.partition("/")
    return leaf == "METADATA" and folder.endswith(".dist-info")
