"""The beginning of an LZ4 block, as NVIDIA's `fatbinary` packs PTX. Pure.

Source: lz4/doc/lz4_Block_format.md. Only a prefix is ever wanted, so nothing is inflated beyond it; whatever the bytes
are, it ends in a value or in `MalformedImage`.
"""

from __future__ import annotations

from tfsetup.loader.bytes import MalformedImage

_MATCH_AT_LEAST = 4
_LONG = 15
_MORE = 255


def prefix(packed: bytes, most: int) -> bytes:
    """Return at most the first `most` bytes of what a block (or the beginning of one) unpacks to.

    Raises:
        MalformedImage: a match points before the beginning.
    """
    made, at = bytearray(), 0
    while at < len(packed) and len(made) < most:
        token, at = packed[at], at + 1
        literals, at = _length(packed, at, token >> 4)
        made += packed[at : at + literals]
        at += literals
        if at + 2 > len(packed):
            break  # the last sequence has no match
        distance, at = int.from_bytes(packed[at : at + 2], "little"), at + 2
        length, at = _length(packed, at, token & _LONG)
        if not 0 < distance <= len(made):
            raise MalformedImage("its packed PTX points before its own beginning")
        _copy(made, distance, min(length + _MATCH_AT_LEAST, most))
    return bytes(made[:most])


def _length(packed: bytes, at: int, nibble: int) -> tuple[int, int]:
    """Return a length that continues in the bytes that follow while they are 255, and the place behind it."""
    if nibble < _LONG:
        return nibble, at
    while at < len(packed):
        nibble, at = nibble + packed[at], at + 1
        if packed[at - 1] != _MORE:
            break
    return nibble, at


def _copy(made: bytearray, distance: int, length: int) -> None:
    """Repeat what was made `distance` bytes ago; a match may overlap itself."""
    pattern = bytes(made[-distance:])
    made += (pattern * (length // distance + 1))[:length]
