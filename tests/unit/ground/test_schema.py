"""A schema describes exactly what is written: what may be missing, what a value may be, what a field means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from jsonschema import Draft202012Validator
from msgspec import UNSET, UnsetType

from tfsetup.ground.encode import Partial, encode
from tfsetup.ground.schema import schema, schemas


@dataclass(frozen=True, kw_only=True, slots=True)
class Inner:
    """What is inside."""

    size: int | None = None
    """In bytes;
    None: not known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outer:
    """What is outside."""

    path: Path
    """Where it is."""
    verdict: Literal["loads", "fails"]
    table: Mapping[str, Inner]
    parts: tuple[Inner, ...] = ()
    sometimes: int | UnsetType = UNSET


@dataclass(frozen=True, kw_only=True, slots=True)
class More(Outer):
    """One that has more."""

    more: str
    """What is more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts(Partial):
    """What may be unknown."""

    inner: Inner | None = None


def refuses(type_: Any, document: object) -> bool:
    return not Draft202012Validator(schema(type_, "t")).is_valid(document)


def test_it_names_choices_and_texts() -> None:
    found = schema(Outer, "outer")
    assert (found["title"], found["$ref"]) == ("outer", "#/$defs/Outer")
    outer = found["$defs"]["Outer"]
    assert outer["description"] == "What is outside."
    assert outer["properties"]["path"] == {"type": "string", "description": "Where it is."}
    assert outer["properties"]["verdict"] == {"enum": ["fails", "loads"]}


def test_what_is_always_written_is_required_whatever_its_default() -> None:
    assert schema(Outer, "outer")["$defs"]["Outer"]["required"] == ["path", "verdict", "table", "parts"]
    assert schema(Facts, "facts")["$defs"]["Inner"].get("required", []) == []
    assert schema(Inner, "inner")["$defs"]["Inner"]["required"] == ["size"]


def test_a_field_means_what_stands_below_it_also_in_a_class_that_inherits_it() -> None:
    found = schema(More, "more")["$defs"]
    assert found["More"]["properties"]["path"]["description"] == "Where it is."
    assert found["More"]["properties"]["more"]["description"] == "What is more."
    assert found["Inner"]["properties"]["size"]["description"] == "In bytes; None: not known."
    assert "description" not in found["More"]["properties"]["table"]


def test_what_is_encoded_is_valid_and_what_differs_is_not() -> None:
    document = encode(Outer(path=Path("a"), verdict="loads", table={"k": Inner()}, parts=(Inner(size=1),)))
    assert not refuses(Outer, document)
    assert refuses(Outer, {**document, "verdict": "perhaps"})
    assert refuses(Outer, {**document, "parts": [{}]})
    assert not refuses(Facts, encode(Facts(inner=Inner())))


def test_a_class_without_source_is_described_without_its_fields() -> None:
    made = type("Made", (), {"__annotations__": {"a": int}, "__module__": __name__})
    found = schema(dataclass(made), "made")["$defs"]["Made"]
    assert found["properties"] == {"a": {"type": "integer"}}


def test_several_types_share_their_definitions() -> None:
    (first, second), definitions = schemas([Outer, Inner])
    assert (first, second) == ({"$ref": "#/$defs/Outer"}, {"$ref": "#/$defs/Inner"})
    assert set(definitions) == {"Outer", "Inner"}


def test_a_plain_type_has_a_schema_without_definitions() -> None:
    assert schema(int, "n") == {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "n",
        "type": "integer",
    }


def test_an_object_of_python_may_be_any_value() -> None:
    found = schema(dict[str, object], "t")
    assert found["additionalProperties"] == {"description": "Any value."}
    Draft202012Validator(found).validate({"a": [1, None]})


def test_a_type_without_a_form_has_no_schema() -> None:
    with pytest.raises(TypeError, match="complex"):
        schema(complex, "c")
