"""JSON as nodes: what Python's own reader takes is taken, with the place of everything, and what it refuses is not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from support.messages import outcome
from tfsetup.errors import InvalidFileError
from tfsetup.ground.marked import InvalidTextError, Node
from tfsetup.ground.marked_json import compose_json
from tfsetup.ground.text import Lines

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


def plain(node: Node) -> Any:
    """Return what a node says, without places."""
    if node.kind == "sequence":
        return [plain(item) for item in node.value]
    return {key.text: plain(value) for key, value in node.value} if node.kind == "mapping" else node.value


def nodes(node: Node) -> list[Node]:
    """Return a node with all that are in it."""
    if node.kind == "scalar":
        return [node]
    inner = node.value if node.kind == "sequence" else [one for pair in node.value for one in pair]
    return [node] + [each for one in inner for each in nodes(one)]


def refusal(text: str) -> str:
    with pytest.raises(InvalidTextError) as caught:
        compose_json(text, "f")
    return f"{caught.value.where}: {caught.value.message}"


@given(values, st.sampled_from([None, 0, 2, "\t"]), st.booleans())
def test_it_reads_what_the_standard_reader_reads(value: Any, indent: int | str | None, escaped: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=escaped)
    assert plain(compose_json(text, "f")) == value


@given(values, st.sampled_from([None, 2]))
def test_every_value_stands_where_its_place_says(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    lines = text.splitlines()
    for node in nodes(compose_json(text, "f")):
        assert node.where.line
        assert node.where.column
        first = {"sequence": "[", "mapping": "{"}.get(node.kind) or json.dumps(node.value)[0]
        assert lines[node.where.line - 1][node.where.column - 1] == first


@example("10000000000000000001")  # a float would lose its last digit
@given(st.text(alphabet='{}[]",:0123456789.eE+-truefalsn \n\t\\u/', max_size=40))
def test_text_that_is_no_json_is_refused_by_both_readers(text: str) -> None:
    try:
        expected = json.loads(text)
    except ValueError:
        assert refusal(text).startswith("f:")
        return
    found = outcome(lambda: compose_json(text, "f"))
    if isinstance(found, InvalidFileError):
        assert "surrogate" in found.message or "Nested" in found.message
    elif '"' not in text:  # a key that stands twice is a node twice
        assert plain(compose_json(text, "f")) == expected


@given(st.text(max_size=60))
def test_any_text_is_a_node_or_a_problem_with_a_place(text: str) -> None:
    found = outcome(lambda: compose_json(text, "f"))
    if isinstance(found, InvalidFileError):
        assert found.where
        assert (found.where.line, found.where.column) >= (1, 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "f:1:1: Not valid JSON: the file ends too early."),
        ('{"a": 1', "f:1:8: Not valid JSON: the file ends too early."),
        ('"abc', "f:1:5: Not valid JSON: the file ends too early."),
        ("[1,\n]", "f:2:1: Not valid JSON: there is a comma before the closing bracket."),
        ('{"a": 1,}', "f:1:9: Not valid JSON: there is a comma before the closing bracket."),
        ("{'a': 1}", "f:1:2: Not valid JSON: a key in double quotes is expected here."),
        ("{1: 1}", "f:1:2: Not valid JSON: a key in double quotes is expected here."),
        ('{"a" 1}', 'f:1:6: Not valid JSON: ":" is expected here.'),
        ('{"a": 1 "b": 2}', 'f:1:9: Not valid JSON: "," or "}" is expected here.'),
        ("[1 2]", 'f:1:4: Not valid JSON: "," or "]" is expected here.'),
        ("1\n2", "f:2:1: Not valid JSON: there is more after the end of the JSON value."),
        ("[NaN]", "f:1:2: Not valid JSON: a JSON value is expected here."),
        ("[01]", "f:1:2: Not valid JSON: a JSON value is expected here."),
        ("# no", "f:1:1: Not valid JSON: a JSON value is expected here."),
        ('["a\nb"]', "f:1:4: Not valid JSON: a text must not have a control character."),
        (r'["\x41"]', "f:1:3: Not valid JSON: JSON does not know this escape."),
        (r'["\ud800"]', "f:1:2: Not valid JSON: the text has half of a surrogate pair, which is no character."),
        ("[" * 100_000, "f:1:14: Nested deeper than 12 levels."),
        ("[" + "1," * 60_000 + "1]", "f:1:100000: More than 50,000 values."),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, said: str) -> None:
    assert refusal(text) == said


def test_what_a_yaml_parser_would_refuse_is_json() -> None:
    text = '\t{"\\ud83d\\ude00\\/": "\x7f\ufffe", "' + "k" * 2000 + '":\t1e5}'
    assert plain(compose_json(text, "f")) == json.loads(text)


def test_numbers_keep_their_spelling_and_long_ones_are_no_text() -> None:
    root = compose_json("[3.10, 3, -0, 1e5, 1E400, " + "9" * 5000 + "]", "f")
    assert [node.text for node in root.value][:4] == ["3.10", "3", "-0", "1e5"]
    assert [type(node.value) for node in root.value] == [float, int, int, float, float, float]


def test_a_key_that_stands_twice_is_there_twice_for_the_decoder_to_tell() -> None:
    root = compose_json('{"a": 1, "a": 2}', "f")
    assert [(key.text, str(key.where), value.value) for key, value in root.value] == [
        ("a", "f:1:2", 1),
        ("a", "f:1:10", 2),
    ]


def test_a_large_document_takes_no_time_to_place() -> None:
    text = json.dumps([{"a": n} for n in range(12_000)], indent=1)
    last = nodes(compose_json(text, "f"))[-1]
    assert last.where == Lines(text, "f").where(text.rindex("11999"))
