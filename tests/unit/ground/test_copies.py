"""A copy is the value, or it is not used: whatever is late, damaged or of another shape is no copy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.examples import examples
from tfsetup.ground.copies import copy_of, from_copy


@dataclass(frozen=True, kw_only=True, slots=True)
class Leaf:
    name: str
    size: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Tree:
    leaves: tuple[Leaf, ...] = ()
    test: bool | str | tuple[str, ...] = "none"
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    root: Leaf | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Bush:
    leaves: int


TREE = Tree(
    leaves=(Leaf(name="a"), Leaf(name="\u00e4", size=2)), test=("x", "y"), names={"a": ("b",)}, root=Leaf(name="r")
)
COPY = copy_of(TREE, "made of this")


@pytest.mark.parametrize("tree", [TREE, Tree(), Tree(test=True), Tree(test="")])
def test_a_copy_is_the_value(tree: Tree) -> None:
    assert from_copy(copy_of(tree, "text"), "text", Tree) == tree


def test_it_holds_what_differs_from_the_defaults_on_its_second_line() -> None:
    head, held = COPY.splitlines()
    assert set(json.loads(head)) == {"of", "is"}
    assert json.loads(held) == {
        "leaves": [{"name": "a"}, {"name": "\u00e4", "size": 2}],
        "test": ["x", "y"],
        "names": {"a": ["b"]},
        "root": {"name": "r"},
    }


def test_of_another_text_it_is_late() -> None:
    assert from_copy(COPY, "made of that", Tree) is None


def test_of_another_shape_it_is_no_copy() -> None:
    assert from_copy(COPY, "made of this", Bush) is None


@pytest.mark.parametrize(
    "copy", ["", "\n", "{", "{}", "{}\n{}\n", COPY.splitlines()[0], COPY.splitlines()[1], COPY * 2]
)
def test_what_is_no_copy_is_none(copy: str) -> None:
    assert from_copy(copy, "made of this", Tree) is None


@examples(1)
@given(st.integers(0, len(COPY) - 2), st.characters(codec="ascii"))
def test_any_other_character_is_noticed(at: int, character: str) -> None:
    damaged = COPY[:at] + character + COPY[at + 1 :]
    assert from_copy(damaged, "made of this", Tree) == (TREE if damaged == COPY else None)
