"""Members of a wheel as they are read: through what is kept of them, and heard to be kept. Pure."""

from __future__ import annotations

from collections.abc import Callable

from tfsetup.loader.bytes import Answers, ByteSource, check_range
from tfsetup.loader.digest.making import Copy
from tfsetup.loader.digest.sparse import DamagedCopy, NotKept
from tfsetup.loader.digest.wheel import Native, searched


class Heard:
    """A text that is remembered once it was read from front to back."""

    __slots__ = ("_name", "_source", "_texts", "size")

    def __init__(self, source: ByteSource, name: str, texts: dict[str, bytes]) -> None:
        """Remember `source` in `texts`."""
        self._source, self._name, self._texts, self.size = source, name, texts, source.size

    def read(self, offset: int, length: int) -> bytes:
        """Return `length` bytes from `offset`; see `ByteSource.read`."""
        found = self._source.read(offset, length)
        if offset == 0 and length == self.size:
            self._texts[self._name] = found
        return found


class Kept:
    """A member as its digest knows it, and as the wheel does where that is not enough.

    `text` is its whole content, `copy` that of a native file; `real` opens the member in the wheel; `spoilt` is told of
    a copy that turned out to be damaged, `missed` of what is not in it, and who has it.
    """

    __slots__ = ("_copy", "_damaged", "_missed", "_name", "_real", "_spoilt", "_text", "_whole", "size")

    def __init__(
        self,
        name: str,
        *,
        size: int,
        text: bytes | None = None,
        copy: tuple[Copy, Native] | None = None,
        real: Callable[[], ByteSource],
        spoilt: Callable[[str], None],
        missed: Callable[[str, ByteSource, range], None] = lambda _name, _source, _what: None,
    ) -> None:
        """Show the member of that name, of `size` bytes."""
        self._name, self.size, self._text, self._real, self._spoilt = name, size, text, real, spoilt
        self._copy, self._missed = copy, missed
        self._whole: ByteSource | None = None
        self._damaged = False

    def read(self, offset: int, length: int) -> bytes:
        """Return `length` bytes from `offset`; see `ByteSource.read`."""
        check_range(offset, length, self.size)
        if self._text is not None:
            return self._text[offset : offset + length]
        if self._copy is not None and not self._damaged:
            try:
                return self._copy[0].read(offset, length)
            except NotKept:
                self._missed(self._name, self._file(), range(offset, offset + length))
            except DamagedCopy:
                self._damaged = True
                self._spoilt(self._copy[0].sha256)
        return self._file().read(offset, length)

    def _file(self) -> ByteSource:
        if self._whole is None:
            self._whole = self._real()
        return self._whole

    def answers(self, base: int) -> tuple[Answers, int] | None:
        """See `answers` of the bytes."""
        if self._copy is None:
            return None
        copy, native = self._copy

        def holds(wanted: bytes) -> bool | None:
            return searched(native.names, self._name, wanted)

        return Answers(sha256=copy.sha256, pages=copy.pages, holds=holds), base
