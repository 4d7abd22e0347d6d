"""Nodes to types: one document in three notations is one value, and every problem is found with its place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.messages import outcome
from tfsetup.ground.decode import JSON, YAML, Notation, decode, hints_of
from tfsetup.ground.kinds import MINOR, NUMBERS, Like, Minor, Numbers, Text, Variable
from tfsetup.ground.marked import InvalidTextError, Marked, Node, Problem, compose, each, refused
from tfsetup.ground.marked_json import compose_json


@dataclass(frozen=True, kw_only=True, slots=True)
class Inner:
    """A thing in a list."""

    name: Text
    level: Numbers | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """A document with one field of each shape."""

    schema: Literal[1]
    mode: Literal["fast", "slow"] = "fast"
    flag: bool | None = None
    count: int = 0
    python: Minor | None = None
    things: Annotated[tuple[Inner, ...], Like('[{name = "a"}]')] | None = None
    names: tuple[Text, ...] = ()
    where: Annotated[Marked, NUMBERS] | None = None
    free: Mapping[Variable, Text] = field(default_factory=dict)
    either: tuple[Minor, ...] | Annotated[Marked, MINOR] | Inner | None = None


YAML_TEXT = """\
schema: 1
mode: slow
flag: true
count: 3
python: "3.10"
things:
  - {name: a, level: "1.2"}
  - {name: b}
names: [x]
where: "14.4"
free: {A: one}
either: ["3.11"]
"""
VALUE = File(
    schema=1,
    mode="slow",
    flag=True,
    count=3,
    python="3.10",
    things=(Inner(name="a", level="1.2"), Inner(name="b")),
    names=("x",),
    free={"A": "one"},
    either=("3.11",),
)
JSON_TEXT = json.dumps(
    {
        "schema": 1,
        "mode": "slow",
        "flag": True,
        "count": 3,
        "python": "3.10",
        "things": [{"name": "a", "level": "1.2"}, {"name": "b"}],
        "names": ["x"],
        "where": "14.4",
        "free": {"A": "one"},
        "either": ["3.11"],
    }
)
LIKE = ' A Python version looks like "3.12".'
NOTATIONS = {"yaml": (compose, YAML), "json": (compose_json, JSON)}


@pytest.mark.parametrize(("notation", "text"), [("yaml", YAML_TEXT), ("json", JSON_TEXT)])
def test_one_document_in_three_notations_is_one_value(notation: str, text: str) -> None:
    read, words = NOTATIONS[notation]
    found, marks = decode(read(text, "f"), File, words)
    assert replace(found, where=None) == VALUE
    assert found.where is not None
    assert (found.where.text, found.where.where) == ("14.4", marks["where",])
    assert marks["things", 1, "name"].line == {"yaml": 8, "json": 1}[notation]


def problems(text: str, notation: str = "yaml") -> list[str]:
    read, words = NOTATIONS[notation]
    with pytest.raises(InvalidTextError) as caught:
        decode(read(text, "f"), File, words)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- 1", "f:1:1: a mapping is expected here, not a list"),
        ("mode: slow", "f:1:1: the key `schema` is missing"),
        ("schema: 2", "f:1:9: `2` is not one of 1"),
        ('schema: "1"', "f:1:9: `1` is not one of 1. Write it without quotes."),
        ("schema: true", "f:1:9: `true` is not one of 1"),
        ("schema: 1\nmode: Fast", "f:2:7: `Fast` is not one of fast, slow. Did you mean `fast`?"),
        ("schema: 1\nmode: medium", "f:2:7: `medium` is not one of fast, slow"),
        ("schema: 1\nmode: [slow]", "f:2:7: a list is not one of fast, slow"),
        (
            'schema: 1\nflag: "true"',
            "f:2:7: `true` is not true or false. Write true or false without quotes, or leave the key out.",
        ),
        (
            "schema: 1\ncount: 1.5",
            "f:2:8: `1.5` is not a whole number. Write a whole number without quotes, or leave the key out.",
        ),
        ("schema: 1\npython: 3.10", 'f:2:9: `3.10` is read as the number 3.1, not a Python version. Write "3.10".'),
        ("schema: 1\npython: 3", "f:2:9: `3` is a number in YAML, not a Python version." + LIKE),
        ("schema: 1\npython: yes", "f:2:9: `yes` is true or false in YAML, not a Python version." + LIKE),
        ("schema: 1\npython: {a: 1}", "f:2:9: a Python version is expected here, not a mapping"),
        ("schema: 1\npython:", "f:2:8: an empty value. Give it a value or leave the key out."),
        ("schema: 1\nnames: []", "f:2:8: an empty list. Leave the key out."),
        ("schema: 1\nnames: x", "f:2:8: a list is expected here, not `x`"),
        ("schema: 1\nnames:", "f:2:7: a list is expected here, not nothing"),
        ("schema: 1\nthings: x", 'f:2:9: a list is expected here, not `x`. It looks like [{name = "a"}].'),
        ("schema: 1\nthings: [x]", 'f:2:10: a mapping is expected here, not `x`. It looks like [{name = "a"}].'),
        ("schema: 1\nthings: [{}]", 'f:2:10: the key `name` is missing. It looks like [{name = "a"}].'),
        ("schema: 1\nfree: {}", "f:2:7: an empty mapping. Leave the key out."),
        ("schema: 1\nfree: {A: x, A: y}", "f:2:14: the key `A` stands here a second time. Keep one of the two."),
        ("schema: 1\nschema: 1", "f:2:1: the key `schema` stands here a second time. Keep one of the two."),
        ("schema: 1\nnmaes: [x]", "f:2:1: unknown key `nmaes`. Did you mean `names`?"),
        ("schema: 1\n? [a]\n: 1", f"f:2:3: a list is no key. Known: {', '.join(hints_of(File))}."),
        ("schema: 1\neither: x", "f:2:9: `x`: a Python is written X.Y." + LIKE),
        ("schema: 1\neither: [x]", "f:2:10: `x`: a Python is written X.Y." + LIKE),
        ("schema: 1\neither: {nam: x}", "f:2:9: the key `name` is missing"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(text: str, said: str) -> None:
    assert problems(text)[0] == said


def test_all_problems_are_found_in_the_order_of_the_lines() -> None:
    text = "python: 3.10\nthings:\n  - {nmae: a}\n  - {name: b, level: x}\ncount: x\n"
    assert [problem.split(": ")[0] for problem in problems(text)] == [
        "f:1:1",
        "f:1:9",
        "f:3:5",
        "f:3:6",
        "f:4:22",
        "f:5:8",
    ]


def test_an_empty_list_is_an_answer_where_none_is_another() -> None:
    assert decode(compose("schema: 1\nthings: []", "f"), File)[0].things == ()
    assert decode(compose("schema: 1", "f"), File)[0].things is None


def test_null_is_a_key_left_out_in_json_and_a_mistake_in_yaml() -> None:
    found, _ = decode(compose_json('{"schema": 1, "python": null, "things": null, "flag": null}', "f"), File, JSON)
    assert found == File(schema=1)
    assert problems('{"schema": null}', "json") == ["f:1:12: `null` is not one of 1"]
    assert problems('{"schema": 1, "names": null}', "json") == ["f:1:24: a list is expected here, not `null`"]
    assert problems("schema: 1\nflag: ~") == ["f:2:7: an empty value. Give it a value or leave the key out."]


@pytest.mark.parametrize(
    ("notation", "text", "said"),
    [
        ("json", "[]", "f:1:1: an object is expected here, not a list"),
        ("json", '{"schema": 1, "names": {}}', "f:1:24: a list is expected here, not an object"),
        ("json", '{"schema": 1, "python": 3}', "f:1:25: `3` is a number in JSON, not a Python version." + LIKE),
    ],
)  # fmt: skip
def test_each_notation_has_its_own_words(notation: str, text: str, said: str) -> None:
    assert problems(text, notation) == [said]


def test_what_a_message_repeats_is_short_and_drives_no_terminal() -> None:
    (said,) = problems(json.dumps({"schema": 1, "python": "\x1b[31m" + "x" * 500}), "json")
    assert "\x1b" not in said
    assert len(said) < 200


def test_the_fields_of_a_type_come_in_their_order() -> None:
    assert list(hints_of(Inner)) == ["name", "level"]


scalars = st.none() | st.booleans() | st.integers(-3, 3) | st.floats(allow_nan=False) | st.text(max_size=4)
documents: st.SearchStrategy[Any] = st.recursive(
    scalars | st.sampled_from(["3.12", "fast", "1.2"]),
    lambda one: (
        st.lists(one, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "level", "A", "schema", "é"]), one, max_size=3)
    ),
    max_leaves=8,
)
files = st.dictionaries(st.sampled_from([*hints_of(File), "nmae"]), documents, max_size=5).map(
    lambda found: {"schema": 1} | found
)


@given(files | documents, st.sampled_from([YAML, JSON]))
def test_any_document_is_a_value_or_has_problems_with_places(document: Any, words: Notation) -> None:
    text = json.dumps(document)
    read = compose_json if words is JSON else compose
    root = outcome(lambda: read(text, "f"))
    assert isinstance(root, Node) or words is YAML  # which knows no surrogate pairs
    found = outcome(lambda: decode(root, File, words)) if isinstance(root, Node) else root
    if isinstance(found, InvalidTextError):
        assert all(problem.where.line and problem.where.column and problem.message for problem in found.problems)
    else:
        assert isinstance(found, tuple)
        assert isinstance(found[0], File)


@given(st.text(max_size=60), st.sampled_from(sorted(NOTATIONS)))
def test_any_text_is_a_value_or_has_problems_with_places(text: str, notation: str) -> None:
    read, words = NOTATIONS[notation]
    found = outcome(lambda: decode(read(text, "f"), File, words))
    assert isinstance(found, InvalidTextError | tuple)
    if isinstance(found, InvalidTextError):
        assert all(problem.where.line and problem.where.column for problem in found.problems)


def at(file: str, line: int) -> Problem:
    return Problem(where=replace(compose("a", file).where, line=line), message=f"wrong at {line}")


def test_problems_stand_by_file_and_line_and_the_first_is_the_place() -> None:
    error = InvalidTextError([at("b", 3), at("a", 9), at("b", 1)])
    assert [str(problem.where) for problem in error.problems] == ["b:1:1", "b:3:1", "a:9:1"]
    assert str(error.where) == "b:1:1"
    assert error.message.splitlines()[:2] == ["3 problems:", "  b:1:1: wrong at 1"]


def test_one_problem_is_a_sentence_and_its_hint_comes_first() -> None:
    error = InvalidTextError([at("b", 3)], hint="Start anew.")
    assert (error.message, error.hint) == ("Wrong at 3.", "Start anew.")
    assert refused(at("b", 3).where, "no.", "Better.").message == "No."
    assert InvalidTextError([replace(at("b", 3), hint="Better.")], hint="Start anew.").hint == "Better."


def test_credentials_of_an_address_are_in_no_message() -> None:
    error = InvalidTextError([replace(at("b", 3), message="`https://u:secret@h/`", hint="https://u:secret@h/")])
    assert "secret" not in error.message + error.hint
    assert "secret" not in InvalidTextError([error.problems[0], at("b", 4)]).message


def test_the_problems_of_all_items_are_told_together() -> None:
    def read(line: int) -> int:
        if line % 2:
            raise refused(at("f", line).where, "odd")
        return line

    assert each(read, [2, 4]) == (2, 4)
    with pytest.raises(InvalidTextError, match="2 problems"):
        each(read, [1, 2, 3])
