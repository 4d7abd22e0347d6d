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

from tfsetup.ground.encode import Partial, encode


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts(Partial):
    """What may be unknown."""

    inner: Inner | None = None
    name: str | None = None
    several: tuple[Inner, ...] = ()


def test_a_none_in_a_partial_is_left_out_however_deep() -> None:
    assert encode(Facts()) == {"several": []}
    assert encode(Facts(inner=Inner(), several=(Inner(), Inner(size=0)))) == {"inner": {}, "several": [{}, {"size": 0}]}


def test_a_part_of_a_partial_alone_is_whole() -> None:
    assert encode([Inner(), {"inner": Facts(name="n")}]) == [{"size": None}, {"inner": {"name": "n", "several": []}}]


def test_a_class_is_no_value() -> None:
    with pytest.raises(TypeError, match="type has no form in JSON"):
        encode(Inner)
