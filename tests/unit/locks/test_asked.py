"""The one comparison of an ask with what a lock is for: it goes over every field, and drops none."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.locks import origin, package
from tfsetup.errors import UsageError
from tfsetup.locks.asked import MadeFor, asked_otherwise, made_by_others, made_for
from tfsetup.matrix.model import Ask

MADE = MadeFor(backend="venv", tensorflow="2.19.1", accelerator="cpu", python="3.12", pre=False)
# By the fields of Ask: not asked for, what the lock has, and what it has not, with the words of both sides.
NOTHING: Final[dict[str, Any]] = {
    "tensorflow": None, "accelerator": "auto", "python": None, "backend": "auto", "pre": False,
}  # fmt: skip
SAME: Final[dict[str, tuple[Any, ...]]] = {
    "tensorflow": ("2.19.1", "2.19.*", ">=2.18,<2.20"),
    "accelerator": ("cpu",),
    "python": ("3.12",),
    "backend": ("venv",),
    "pre": (False,),
}
OTHER: Final[dict[str, tuple[Any, ...]]] = {
    "tensorflow": ("2.20.0", "<2.19", "==2.19.0"),
    "accelerator": ("cuda", "metal", "rocm"),
    "python": ("3.11", "3.1", "3.13"),
    "backend": ("conda",),
    "pre": (True,),
}
SIDES: Final[dict[str, str]] = {
    "tensorflow": "it locks TensorFlow 2.19.1, and {} was asked for",
    "accelerator": "it is for the accelerator cpu, and {} was asked for",
    "python": "it is for Python 3.12, and {} was asked for",
    "backend": "it is a lock for the backend venv, and {} was asked for",
    "pre": "it was made without pre-releases, and --pre was given",
}
FIELDS: Final = tuple(field.name for field in fields(Ask))


@pytest.mark.parametrize("table", [NOTHING, SAME, OTHER, SIDES])
def test_this_test_knows_every_field_of_an_ask(table: dict[str, Any]) -> None:
    assert tuple(table) == FIELDS


def test_what_is_not_asked_for_is_answered_by_every_lock() -> None:
    assert Ask(**NOTHING) == Ask()
    assert asked_otherwise(MADE, Ask()) == ""
    assert asked_otherwise(MadeFor(backend="conda"), Ask()) == ""


@given(st.data())
def test_an_ask_is_answered_exactly_when_every_field_is(data: st.DataObject) -> None:
    chosen = {
        name: data.draw(st.sampled_from([(NOTHING[name], True), *((value, True) for value in SAME[name]),
                                         *((value, False) for value in OTHER[name])]), label=name)
        for name in FIELDS
    }  # fmt: skip
    said = asked_otherwise(MADE, Ask(**{name: value for name, (value, _) in chosen.items()}))
    wrong = [SIDES[name].format(value) for name, (value, fits) in chosen.items() if not fits]
    assert said == (wrong[0] if wrong else "")


@given(st.sampled_from(FIELDS).flatmap(lambda name: st.tuples(st.just(name), st.sampled_from(OTHER[name]))))
def test_one_field_that_differs_is_enough_and_both_sides_are_named(differs: tuple[str, Any]) -> None:
    name, value = differs
    assert asked_otherwise(MADE, replace(Ask(), **{name: value})) == SIDES[name].format(value)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (Ask(tensorflow="2.19.*"), "it locks no TensorFlow, and 2.19.* was asked for"),
        (Ask(accelerator="cuda"), "it does not say which accelerator it is for, and cuda was asked for"),
        (Ask(accelerator="metal"), "it does not say which accelerator it is for, and metal was asked for"),
        (Ask(pre=True), "it does not say whether it was made with pre-releases, and --pre was given"),
        (Ask(accelerator="cpu"), ""),  # nothing falls back from there
        (Ask(python="3.11"), ""),  # it is built on that Python
    ],
    ids=str,
)
def test_a_lock_that_does_not_say_is_no_answer(said: Ask, words: str) -> None:
    assert asked_otherwise(made_by_others((package("alpha", "1.0"),), frozenset({"tensorflow"})), said) == words


def test_the_lock_of_another_program_says_its_tensorflow() -> None:
    made = made_by_others((package("alpha", "1.0"), package("tensorflow", "2.19.1")), frozenset({"tensorflow"}))
    assert made == MadeFor(backend="venv", tensorflow="2.19.1")
    assert asked_otherwise(made, Ask(tensorflow="2.20.*")) == "it locks TensorFlow 2.19.1, and 2.20.* was asked for"


def test_a_lock_of_ours_says_all_of_it() -> None:
    made = made_for(origin(python="3.11", pre=True), "metal", "2.19.1")
    assert made == MadeFor(backend="venv", tensorflow="2.19.1", accelerator="metal", python="3.11", pre=True)
    assert None not in {getattr(made, field.name) for field in fields(MadeFor)}
    assert asked_otherwise(made, Ask(pre=True)) == ""


@pytest.mark.parametrize("said", [Ask(tensorflow="abc"), Ask(python="three")], ids=str)
def test_an_ask_that_is_none_is_wrong_usage(said: Ask) -> None:
    with pytest.raises(UsageError):
        asked_otherwise(MADE, said)
