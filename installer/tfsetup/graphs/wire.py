"""Protobuf's wire format, as far as graphs need it: bounds-checked, without classes made from `.proto` files. Pure.

Whatever the bytes are, a reading ends in values or in `MalformedMessage`. Groups (wire types 3 and 4) are refused: no
message of TensorFlow's has any. Source: protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from tfsetup.errors import Code, TfsetupError

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""Wire types."""

_FIXED: Final = {FIXED64: 8, FIXED32: 4}
_MOST_VARINT: Final = 10  # bytes of a number of 64 bits
_MORE, _SEVEN = 0x80, 0x7F
_WORD: Final = (1 << 64) - 1


class MalformedMessage(TfsetupError):  # noqa: N818 - a finding more than an error, as `MalformedImage` is
    """The bytes are no message of this form; whoever knows the file makes an `InvalidFileError` of it."""

    def __init__(self, reason: str) -> None:
        """Keep the reason bare."""
        super().__init__(Code.INVALID_FILE, reason)


class Field(NamedTuple):
    """One field of a message: its number, and a number (`VARINT`) or bytes (everything else)."""

    number: int
    value: int | memoryview


def fields(data: memoryview) -> Iterator[Field]:
    """Yield the fields of a message in the order of the bytes.

    Raises:
        MalformedMessage: a field is cut off, has no number, or is of a wire type that graphs do not use.
    """
    at, end = 0, len(data)
    while at < end:
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        if not number:
            raise MalformedMessage("a field has the number 0")
        if kind == VARINT:
            value, at = _varint(data, at)
            yield Field(number, value)
            continue
        size = _FIXED.get(kind)
        if kind == BYTES:
            size, at = _varint(data, at)
        if size is None:
            raise MalformedMessage(f"a field is of wire type {kind}")
        if at + size > end:
            raise MalformedMessage("a field is cut off")
        yield Field(number, data[at : at + size])
        at += size


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    """Return a number and the place behind it."""
    if at < len(data) and data[at] <= _SEVEN:  # most numbers are of one byte
        return data[at], at + 1
    value = 0
    for place in range(at, min(at + _MOST_VARINT, len(data))):
        byte = data[place]
        value |= (byte & _SEVEN) << 7 * (place - at)
        if not byte & _MORE:
            return value & _WORD, place + 1
    raise MalformedMessage("a number is cut off, or longer than 64 bits")


def messages(data: memoryview, number: int) -> Iterator[memoryview]:
    """Yield the bytes of each field of this number: nested messages, or texts."""
    for field in fields(data):
        if field.number == number and isinstance(field.value, memoryview):
            yield field.value


def message(data: memoryview, number: int) -> memoryview:
    """Return the last field of this number, which is the one that counts; empty where there is none."""
    last = memoryview(b"")
    for found in messages(data, number):
        last = found
    return last


def text(data: memoryview, number: int) -> str:
    """Return a text field of a message; empty where there is none."""
    return as_text(message(data, number))


def as_text(raw: memoryview) -> str:
    """Return bytes as text.

    Raises:
        MalformedMessage: they are not UTF-8, as every text of a message is.
    """
    try:
        return str(raw, "utf-8")
    except UnicodeDecodeError as error:
        raise MalformedMessage("a text is not UTF-8") from error


def numbers(data: memoryview, number: int) -> Iterator[int]:
    """Yield the numbers of a repeated field, packed or not."""
    for field in fields(data):
        if field.number != number:
            continue
        if isinstance(field.value, int):
            yield field.value
        else:
            yield from _packed(field.value)


def _packed(raw: memoryview) -> Iterator[int]:
    at = 0
    while at < len(raw):
        value, at = _varint(raw, at)
        yield value
