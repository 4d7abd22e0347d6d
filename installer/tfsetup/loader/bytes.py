"""Bytes of a file that may lie anywhere, and bounds-checked readings of them.

Everything a reader (`macho`, `elf`, `pe`) knows of a file comes through `ByteSource.read`. Whatever the bytes are, a
reading ends in a value or in `MalformedImage`: never in another exception, never in a loop without end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from struct import Struct
from typing import Any, Protocol

from tfsetup.errors import Code, TfsetupError

MAX_STRING = 1 << 16
"""Longest NUL-terminated string that is believed (C++ names of TensorFlow reach about 4 kB)."""

Fields = tuple[Any, ...]
"""What `struct` reads: numbers, or bytes where the form has an `s`, which no type can say."""

STEP = 256
"""A string in a table that is too large to hold is read in steps of so many bytes."""
_ULEB_BYTES = 10


class MalformedImage(TfsetupError):  # noqa: N818 - the name the field uses; it is a finding more than an error
    """The bytes break a rule of their own format; `reason` says which, `offset` where in the file (None: unknown).

    The loaders turn it into a failure of kind `malformed-image`. Should one escape, it is an invalid file, not a bug.
    """

    def __init__(self, reason: str, *, offset: int | None = None) -> None:
        """Keep the reason bare, so that a loader can wrap its own words around it."""
        super().__init__(Code.INVALID_FILE, reason if offset is None else f"{reason} (at offset {offset})")
        self.reason = reason
        self.offset = offset


class ByteSource(Protocol):
    """A file's bytes by position. `size` is the file's length in bytes."""

    @property
    def size(self) -> int:
        """Length of the file in bytes."""

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly `length` bytes from `offset`.

        Raises:
            MalformedImage: the range does not lie wholly inside the file.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """What is known of a whole file that was read before, so that it need not be read again.

    `sha256` is that of the file. `pages` says of each arm64 image (by its offset in the file) whether the kernel kills
    the process that maps it, and the one that binds it. `holds` says whether bytes occur in it; None: not known.
    """

    sha256: str
    pages: Mapping[int, tuple[bool, bool]]
    holds: Callable[[bytes], bool | None]


def answers(source: ByteSource, base: int = 0) -> tuple[Answers, int] | None:
    """Return what is known of the file that a source is (a part of), and where in it its offset `base` lies."""
    ask: Callable[[int], tuple[Answers, int] | None] | None = getattr(source, "answers", None)
    return ask(base) if ask is not None else None


class Memory:
    """Bytes already in memory as a `ByteSource`."""

    __slots__ = ("_data", "size")

    def __init__(self, data: bytes) -> None:
        """Take the file's whole content."""
        self._data, self.size = data, len(data)

    def read(self, offset: int, length: int) -> bytes:
        """Return `length` bytes from `offset`; see `ByteSource.read`."""
        check_range(offset, length, self.size)
        return self._data[offset : offset + length]


class Slice:
    """A part of another source seen as a file of its own: a slice of a universal file, a stored zip member."""

    __slots__ = ("_base", "_source", "size")

    def __init__(self, source: ByteSource, offset: int, size: int) -> None:
        """Show `size` bytes of `source` from `offset`.

        Raises:
            MalformedImage: the part does not lie wholly inside `source`.
        """
        check_range(offset, size, source.size)
        self._source, self._base, self.size = source, offset, size

    def read(self, offset: int, length: int) -> bytes:
        """Return `length` bytes from `offset` of the part; see `ByteSource.read`."""
        check_range(offset, length, self.size)
        return self._source.read(self._base + offset, length)

    def answers(self, base: int) -> tuple[Answers, int] | None:
        """See `answers`."""
        return answers(self._source, self._base + base)


def check_range(offset: int, length: int, size: int) -> None:
    """Raise `MalformedImage` unless `offset` and `length` (bytes) lie inside a file of `size` bytes."""
    if offset < 0 or length < 0 or offset + length > size:
        raise MalformedImage(f"{length} bytes wanted at offset {offset} of a file of {size} bytes", offset=offset)


def unpack(source: ByteSource, form: Struct, offset: int) -> Fields:
    """Read one `struct` at `offset` of a source."""
    return form.unpack(source.read(offset, form.size))


def unpack_from(data: bytes, form: Struct, offset: int) -> Fields:
    """Read one `struct` at `offset` of bytes in memory; outside of them is `MalformedImage`."""
    check_range(offset, form.size, len(data))
    return form.unpack_from(data, offset)


def uleb(data: bytes, offset: int) -> tuple[int, int]:
    """Read an unsigned LEB128 of at most 64 bits; return the value and the offset behind it."""
    value, behind = uleb_bits(data, offset)
    if value >> 64:
        raise MalformedImage("a LEB128 number is wider than 64 bits", offset=offset)
    return value, behind


def sleb(data: bytes, offset: int) -> tuple[int, int]:
    """Read a signed LEB128 of at most 64 bits; return the value and the offset behind it."""
    raw, behind = uleb_bits(data, offset)
    bits = 7 * (behind - offset)
    return (raw - (1 << bits) if raw >> (bits - 1) & 1 else raw), behind


def uleb_bits(data: bytes, offset: int) -> tuple[int, int]:
    """Read LEB128 payload bits without judging their width: what `sleb` sign-extends."""
    value = 0
    for count in range(_ULEB_BYTES):
        position = offset + count
        if not 0 <= position < len(data):
            break
        value |= (data[position] & 0x7F) << (7 * count)
        if data[position] < 0x80:  # noqa: PLR2004 - the continuation bit of LEB128
            return value, position + 1
    raise MalformedImage("a LEB128 number has no end", offset=offset)


def cstring(data: bytes, offset: int, limit: int = MAX_STRING) -> bytes:
    """Return the bytes from `offset` up to (without) the next NUL, at most `limit` of them."""
    if not 0 <= offset < len(data):
        raise MalformedImage("a string starts outside of its table", offset=offset)
    end = data.find(b"\0", offset, offset + limit + 1)
    if end < 0:
        raise MalformedImage("a string has no end", offset=offset)
    return data[offset:end]


def source_cstring(source: ByteSource, offset: int, limit: int = MAX_STRING) -> bytes:
    """`cstring` straight from a source, reading a little at a time (for tables too large to hold).

    No reading goes further than `STEP` bytes behind the string's end.
    """
    if not 0 <= offset < source.size:
        raise MalformedImage("a string starts outside of the file", offset=offset)
    found = b""
    while len(found) <= limit:
        step = min(STEP, source.size - offset - len(found))
        if step <= 0:
            break
        piece = source.read(offset + len(found), step)
        end = piece.find(b"\0")
        if 0 <= end <= limit - len(found):
            return found + piece[:end]
        if end >= 0:
            break
        found += piece
    raise MalformedImage("a string has no end", offset=offset)


def text(raw: bytes) -> str:
    """Turn a name out of a file into a string, whatever its bytes (not UTF-8: kept visible as escapes)."""
    return raw.decode("utf-8", "backslashreplace")
