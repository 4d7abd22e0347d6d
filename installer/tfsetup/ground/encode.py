"""The one encoder: a typed value → what JSON is made of.

A frozen dataclass becomes an object with its fields as keys, in their order; a field that is `UNSET` is left out, which
is how a key that stands only sometimes is written (`left_out: tuple[str, ...] | UnsetType = UNSET`), and so is a None
in a `Partial`. A key that is a word of Python's has an underscore behind it as a field (`in_`). Paths and other
values that are a text to people become that text. Everything else is msgspec's
(https://jcristharif.com/msgspec).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import PurePath
from typing import Any

Plain = dict[str, "Plain"] | list["Plain"] | str | int | float | bool | None
"""What a JSON document is made of."""


class Partial:
    """A value of which parts may be unknown: in JSON a None in it, however deep, is left out, rather than null."""

    __slots__ = ()


def key_of(field: str) -> str:
    """Return the key that a field has in JSON."""
    return field.removesuffix("_")


def encode(value: object) -> Any:
    """Return `value` as dictionaries, lists, texts, numbers and None.

    Raises:
        TypeError: there is something in it that JSON has no form for, which is a bug.
    """
    return _encode(value, partial=False)


def _encode(value: object, *, partial: bool) -> object:
    import msgspec

    if is_dataclass(value) and not isinstance(value, type):
        partial = partial or isinstance(value, Partial)
        pairs = ((field.name, getattr(value, field.name)) for field in fields(value))
        said = ((name, part) for name, part in pairs if part is not msgspec.UNSET and not (partial and part is None))
        return {key_of(name): _encode(part, partial=partial) for name, part in said}
    if isinstance(value, Mapping):
        return {name: _encode(part, partial=partial) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_encode(part, partial=partial) for part in value]
    return msgspec.to_builtins(value, enc_hook=_other)


def _other(value: object) -> str:
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")
