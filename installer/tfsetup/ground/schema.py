"""JSON schemas (2020-12) of what `encode` makes of our types, with the line that stands below each field.

The shape is msgspec's (https://jcristharif.com/msgspec). What a field means is read from the source, where it stands
below the field; and as everything is written but what is `UNSET`, or None in a `Partial`, those alone may be missing.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from itertools import pairwise
from pathlib import PurePath
from typing import Any, get_args, get_type_hints

import msgspec

from tfsetup.ground.encode import Partial, key_of

Schema = dict[str, Any]  # JSON within JSON, as msgspec gives it
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema(type_: object, name: str) -> Schema:
    """Return the JSON schema of one type; `name` is its title.

    Raises:
        TypeError: there is a type in it that JSON has no form for, which is a bug.
    """
    (found,), definitions = schemas([type_])
    document = {"$schema": DIALECT, "title": name, **found}
    return document | ({"$defs": definitions} if definitions else {})


def schemas(types: Sequence[object]) -> tuple[list[Schema], Schema]:
    """Return the schema of each type, and the definitions that they refer to.

    Raises:
        TypeError: there is a type in them that JSON has no form for, which is a bug.
    """
    found, definitions = msgspec.json.schema_components(types, schema_hook=_other)
    classes: dict[type, bool] = {}
    for type_ in types:
        _gather(type_, classes, partial=False)
    for class_, lenient in classes.items():
        definition = definitions[class_.__name__]
        meanings, hints = _meanings(class_), get_type_hints(class_)
        definition["properties"] = {
            key_of(name): {key: part for key, part in given.items() if key != "default"}
            | ({"description": meanings[name]} if name in meanings else {})
            for name, given in definition["properties"].items()
        }
        if not lenient:
            order = (key_of(name) for name, hint in hints.items() if msgspec.UnsetType not in get_args(hint))
            definition["required"] = list(order)
    return list(found), definitions


def _gather(type_: object, classes: dict[type, bool], *, partial: bool) -> None:
    """Add every dataclass in a type, however deep, and whether a `Partial` holds it."""
    if isinstance(type_, type) and is_dataclass(type_):
        partial = partial or issubclass(type_, Partial)
        if classes.get(type_) in {True, partial}:
            return
        classes[type_] = partial
        for hint in get_type_hints(type_).values():
            _gather(hint, classes, partial=partial)
    for part in get_args(type_):
        _gather(part, classes, partial=partial)


def _meanings(class_: type) -> Mapping[str, str]:
    """Return what stands below each field of a dataclass; empty where the source is not at hand."""
    found: dict[str, str] = {}
    for base in reversed(class_.__mro__):
        if is_dataclass(base):
            found |= _below_fields(base)
    return found


def _below_fields(class_: type) -> dict[str, str]:
    try:
        source = textwrap.dedent(inspect.getsource(class_))
    except (OSError, TypeError):
        return {}
    (definition,) = ast.parse(source).body
    found: dict[str, str] = {}
    for field, below in pairwise(getattr(definition, "body", ())):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = " ".join(text.split())
    return found


def _other(type_: type) -> Schema:
    if type_ is object:
        return {"description": "Any value."}
    if issubclass(type_, PurePath):
        return {"type": "string"}
    raise NotImplementedError(f"{type_} has no JSON schema")
