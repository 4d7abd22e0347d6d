"""Holding a JSON document of a command to its schema, to the key: ours are open to later versions, outputs are not."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator

from tfsetup.report.schemas import ANSWERS, schema_of


@lru_cache
def _validator(name: str) -> Draft202012Validator:
    schema = schema_of(name)
    Draft202012Validator.check_schema(schema)
    definitions = {
        each: {**given, "additionalProperties": False} if "properties" in given else given
        for each, given in schema["$defs"].items()
    }
    return Draft202012Validator({**schema, "$defs": definitions})


def problems(name: str, document: Any) -> list[str]:
    """Return where a document differs from the schema of a command; of one without a schema nothing is known."""
    if name not in ANSWERS:
        return []
    return [f"{error.json_path}: {error.message}" for error in _validator(name).iter_errors(document)]
