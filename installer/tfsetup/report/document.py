"""How documents are made of the values of the rooms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")


def document(type_: type[T], *sources: object, **more: object) -> T:
    """Return a `type_` whose fields are the `sources`' of the same name, of the first that has it; `more` goes before.

    Raises:
        TypeError: a field that must be given is nowhere.
    """
    found = dict(more)
    for field in fields(type_):
        of_it = [getattr(source, field.name) for source in sources if hasattr(source, field.name)]
        found |= {field.name: of_it[0]} if of_it and field.name not in found else {}
    made: Callable[..., T] = type_
    return made(**found)
