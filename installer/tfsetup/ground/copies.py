"""Values that are slow to read, kept as JSON beside the text they were read from, so that nobody need wait. Pure.

The first line of a copy names what it was made from and what it holds, the second is the value. Where either is another
now, the copy is not used: it can be late or damaged, but never wrong.
"""

from __future__ import annotations

import dataclasses
import hashlib
from typing import TypeVar

import msgspec

T = TypeVar("T")


def copy_of(value: object, made_of: str) -> str:
    """Return the text of a copy of `value`, a frozen dataclass, which was read from the text `made_of`."""
    import json

    held = json.dumps(_plain(value), separators=(",", ":"))
    return f"{_head(made_of, held)}\n{held}\n"


def from_copy(copy: str, made_of: str, wanted: type[T]) -> T | None:
    """Return the value of a copy; None when it was not made from `made_of`, or is damaged."""
    head, _, held = copy.partition("\n")
    if head != _head(made_of, held.removesuffix("\n")):
        return None
    try:
        return msgspec.json.decode(held, type=wanted)
    except msgspec.MsgspecError:
        return None


def _head(made_of: str, held: str) -> str:
    hashes = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in (("of", made_of), ("is", held))}
    return msgspec.json.encode(hashes).decode()


def _plain(value: object) -> object:
    """Return a dataclass as a mapping of what differs from its defaults."""
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if not dataclasses.is_dataclass(value):
        return value
    fields = dataclasses.fields(value)
    return {f.name: _plain(found) for f in fields if (found := getattr(value, f.name)) not in ({}, f.default)}
