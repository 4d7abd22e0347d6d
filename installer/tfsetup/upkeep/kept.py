"""What maintainers keep beside the matrix, read and written: evidence as JSON with a schema, plans as YAML. Pure."""

from __future__ import annotations

import json
from typing import Protocol, TypeVar

import msgspec

from tfsetup.errors import InvalidFileError, Where


class Numbered(Protocol):
    """Evidence says which schema it has."""

    @property
    def schema(self) -> int:
        """Its number."""


E = TypeVar("E", bound=Numbered)
P = TypeVar("P")


def render(evidence: object) -> str:
    """Return the text of a file of evidence: the same evidence is the same text."""
    return json.dumps(msgspec.to_builtins(evidence), indent=1, ensure_ascii=False) + "\n"


def read(text: str, kind: type[E], schema: int, *, file: str, what: str, hint: str) -> E:
    """Read a file of evidence; `what` it is evidence of stands in the message.

    Raises:
        InvalidFileError: it is no such file, or of another schema.
    """
    try:
        found = msgspec.json.decode(text.encode(), type=kind)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise InvalidFileError(f"This is no evidence of {what}: {error}", where=Where(file=file), hint=hint) from error
    if found.schema != schema:
        message = f"This evidence has schema {found.schema}, and this tfsetup reads {schema}."
        raise InvalidFileError(message, where=Where(file=file), hint=hint)
    return found


def read_plan(text: str, kind: type[P], *, file: str, what: str) -> P:
    """Read a plan; `what` it is a plan of stands in the message.

    Raises:
        InvalidFileError: it is no YAML, or has other fields.
    """
    import yaml

    try:
        return msgspec.convert(yaml.safe_load(text), kind)
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        hint = "Compare it with the one that is shipped."
        raise InvalidFileError(f"This is no plan of {what}: {error}", where=Where(file=file), hint=hint) from error
