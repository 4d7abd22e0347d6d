"""The JSON schema of a matrix file, made from the row types, for editors that complete and check YAML."""

from __future__ import annotations

import dataclasses
import inspect
import json
import types
from collections.abc import Mapping
from typing import Annotated, Literal, Union, get_args, get_origin

from tfsetup.ground.decode import hints_of
from tfsetup.ground.kinds import Kind
from tfsetup.ground.schema import DIALECT, Schema
from tfsetup.matrix.file.rows import MatrixFile

_PLAIN: Mapping[object, str] = {bool: "boolean", int: "integer", str: "string"}


def schema_text() -> str:
    """Return `environments/matrix.schema.json` as it must be."""
    return json.dumps(schema(), indent=2) + "\n"


def schema() -> Schema:
    """Return the schema of a matrix file (JSON Schema, draft 2020-12)."""
    definitions: Schema = {}
    root = _object(MatrixFile, definitions)
    return {
        "$schema": DIALECT,
        "title": "tfsetup distribution matrix",
        **root,
        "$defs": dict(sorted(definitions.items())),
    }


def _of(wanted: object, definitions: Schema) -> Schema:
    if get_origin(wanted) is Annotated:
        inner, mark = get_args(wanted)
        return _text(mark) if isinstance(mark, Kind) else _of(inner, definitions)
    if get_origin(wanted) in {Union, types.UnionType}:
        return _of(next(part for part in get_args(wanted) if part is not type(None)), definitions)
    if get_origin(wanted) is Literal:
        return {"enum": list(get_args(wanted))}
    if get_origin(wanted) is tuple:
        return {"type": "array", "minItems": 1, "items": _of(get_args(wanted)[0], definitions)}
    if get_origin(wanted) is Mapping:
        key, value = get_args(wanted)
        return {"type": "object", "minProperties": 1, "propertyNames": _of(key, definitions),
                "additionalProperties": _of(value, definitions)}  # fmt: skip
    if isinstance(wanted, type) and dataclasses.is_dataclass(wanted):
        name = wanted.__name__
        if name not in definitions:
            definitions[name] = {}
            definitions[name] = _object(wanted, definitions)
        return {"$ref": f"#/$defs/{name}"}
    return {"type": _PLAIN[wanted]}


def _text(kind: Kind) -> Schema:
    return {"type": "string", "pattern": f"^(?:{kind.pattern.removeprefix('(?s)')})$", "description": kind.name}


def _object(wanted: type, definitions: Schema) -> Schema:
    fields = dataclasses.fields(wanted)
    missing = dataclasses.MISSING
    required = [f.name for f in fields if f.default is missing and f.default_factory is missing]
    return {
        "type": "object",
        "description": " ".join((inspect.getdoc(wanted) or "").split()),
        "additionalProperties": False,
        "required": required,
        "properties": {name: _of(hint, definitions) for name, hint in hints_of(wanted).items()},
    }
