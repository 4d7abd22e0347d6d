"""Any typed value of ours becomes JSON by one rule, and its schema describes exactly that."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Literal

import pytest
from msgspec import UNSET, UnsetType

from tfsetup.ground.encode import encode, schema


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, kw_only=True, slots=True)
class Inner:
    """What is inside."""

    size: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Outer:
    """What is outside."""

    path: Path
    verdict: Literal["loads", "fails"]
    table: Mapping[str, str]
    parts: tuple[Inner, ...] = ()
    colour: Colour = Colour.RED
    sometimes: int | UnsetType = UNSET


OUTER = Outer(path=Path("a/b"), verdict="loads", table=MappingProxyType({"k": "v"}), parts=(Inner(),))


def test_fields_are_keys_in_their_order_and_an_unset_one_is_left_out() -> None:
    assert json.dumps(encode(OUTER)) == (
        '{"path": "a/b", "verdict": "loads", "table": {"k": "v"}, "parts": [{"size": null}], "colour": "red"}'
    )


def test_a_key_that_stands_only_sometimes_stands_when_it_is_set() -> None:
    assert encode(Outer(path=Path(), verdict="fails", table={}, sometimes=0))["sometimes"] == 0


def test_a_path_of_another_system_is_a_text_too() -> None:
    assert encode(PurePosixPath("/venv")) == "/venv"


def test_what_has_no_form_in_json_is_said_and_not_guessed() -> None:
    with pytest.raises(TypeError, match="object has no form in JSON"):
        encode({"a": object()})


def test_the_schema_names_required_keys_choices_and_texts() -> None:
    found = schema(Outer, "outer")
    assert found["title"] == "outer"
    assert found["$ref"] == "#/$defs/Outer"
    outer = found["$defs"]["Outer"]
    assert outer["required"] == ["path", "verdict", "table"]
    assert outer["properties"]["path"] == {"type": "string"}
    assert outer["properties"]["verdict"] == {"enum": ["fails", "loads"]}
    assert outer["description"] == "What is outside."


def test_a_plain_type_has_a_schema_without_definitions() -> None:
    assert schema(int, "n") == {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "n",
        "type": "integer",
    }


def test_a_type_without_a_form_has_no_schema() -> None:
    with pytest.raises(TypeError, match="complex"):
        schema(complex, "c")
