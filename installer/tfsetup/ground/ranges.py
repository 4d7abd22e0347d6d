"""What an answer to a request for a part of a file may say, and what of it is believed. Pure.

Source: RFC 9110, 14.4 "Content-Range" and 15.3.7 "206 Partial Content". Whatever disagrees with what was asked for,
with itself or with an earlier answer is refused: bytes put in the wrong place would be judged as the file's.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

LARGEST: Final = 4 << 30
"""No file on an index is believed to have more bytes; the largest wheels there have a quarter of it."""

_CONTENT_RANGE: Final = re.compile(r"bytes ([0-9]{1,40})-([0-9]{1,40})/([0-9]{1,40})")


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """The part asked for: from byte `first` to `last`, both included; `first` None: the last `last` bytes."""

    first: int | None
    last: int

    @property
    def header(self) -> str:
        """The value of `Range`."""
        return f"bytes=-{self.last}" if self.first is None else f"bytes={self.first}-{self.last}"

    @property
    def length(self) -> int:
        """The most bytes an answer may have."""
        return self.last if self.first is None else self.last - self.first + 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """What an answer brings: bytes from `first`, `length` of them, of a file of `total` bytes.

    None for both: the whole file comes, and nobody said how long it is.
    """

    first: int = 0
    length: int | None
    total: int | None


def part_of(status: int, headers: Mapping[str, str], span: Span, known: int | None) -> Part:
    """Return what an answer with `status` (200 or 206) brings; `known` is the file's size by an earlier answer.

    Raises:
        ValueError: it is not what was asked for, in words that follow "the answer …".
    """
    if headers.get("Content-Encoding", "identity").lower() not in ("", "identity"):
        raise ValueError("is packed, though the bytes themselves were asked for")
    part = _partial(headers, span, known) if status == 206 else _whole(headers, known)  # noqa: PLR2004
    if part.total is not None and part.total > LARGEST:
        raise ValueError(f"claims a file of {part.total:,} bytes")
    if None not in (part.total, known) and part.total != known:
        raise ValueError(f"says that the file has {part.total:,} bytes, and an earlier one said {known:,}")
    return part


def _whole(headers: Mapping[str, str], known: int | None) -> Part:
    stated = length_of(headers)
    length = known if stated is None else stated
    return Part(length=length, total=length)


def _partial(headers: Mapping[str, str], span: Span, known: int | None) -> Part:
    stated = headers.get("Content-Range")
    if stated is None:
        raise ValueError("is a part that does not say which part it is")
    found = _CONTENT_RANGE.fullmatch(stated.strip())
    if not found:
        raise ValueError(f"is a part with a Content-Range that is none: {stated[:60]!r}")
    first, last, total = (int(number) for number in found.groups())
    if not first <= last < total:
        raise ValueError(f"has a Content-Range that contradicts itself: {stated[:60]!r}")
    size = known if known is not None else total
    wanted = max(0, size - span.last) if span.first is None else span.first
    end = size - 1 if span.first is None else min(span.last, size - 1)
    if total == size and (first, last) != (wanted, end):
        raise ValueError(f"is another part than the one asked for: {stated[:60]!r}, not bytes {wanted}-{end}")
    length = length_of(headers)
    if length is not None and length != last - first + 1:
        raise ValueError(f"has a Content-Length of {length:,} for a part of {last - first + 1:,} bytes")
    return Part(first=first, length=last - first + 1, total=total)


def length_of(headers: Mapping[str, str]) -> int | None:
    """Return the length that an answer states; None when it states none, or one that is no number."""
    stated = headers.get("Content-Length", "").strip()
    return int(stated) if re.fullmatch(r"[0-9]{1,18}", stated) else None


def unpacked(pieces: Iterable[bytes], encoding: str, most: int) -> Iterator[bytes]:
    """Yield a body without its Content-Encoding; a few bytes can stand for gigabytes, so `most` bytes are the end.

    Raises:
        ValueError: the encoding is none that was asked for, the body is damaged, or larger than `most` bytes.
    """
    kind = encoding.strip().lower()
    if kind in ("", "identity"):
        yield from pieces
        return
    if kind not in ("gzip", "x-gzip"):
        raise ValueError(f"is packed in a way nobody asked for: {encoding[:40]!r}")
    machine = zlib.decompressobj(wbits=31)
    left = most
    try:
        for piece in pieces:
            body = machine.decompress(piece, left + 1)
            left -= len(body)
            if left < 0:
                raise ValueError(f"is larger than {most:,} bytes")
            yield body
    except zlib.error as error:
        raise ValueError(f"is packed, and damaged: {error}") from error
    if not machine.eof:
        raise ValueError("is packed, and ends in the middle")
