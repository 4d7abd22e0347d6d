from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.ground.marked import InvalidTextError, Node, Problem, compose, resolve, unfolded
from tfsetup.ground.text import MOST


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3.10", 3.1),
        ("3", 3),
        ("1_000", 1000),
        ("true", True),
        ("no", False),
        ("On", True),
        ("", None),
        ("~", None),
        ("Null", None),
        ("3.12.4", "3.12.4"),
        (".", "."),
        ("1e3", "1e3"),  # YAML 1.1 wants a dot
        ("1.5e3", 1500.0),
        ("2026-11-22", "2026-11-22"),
        ("9" * 30, "9" * 30),
        (">=2.18", ">=2.18"),
    ],
)
def test_what_a_plain_scalar_means(text: str, value: object) -> None:
    found = resolve(text)
    assert found == value
    assert type(found) is type(value)


def test_nodes_know_their_line_and_column() -> None:
    root = compose("a: 1\nlist:\n  - x\n  - {b: 'quoted 3.10'}\n", "f.yaml")
    (_, one), (_, listing) = root.value
    assert (str(one.where), one.value) == ("f.yaml:1:4", 1)
    inner = listing.value[1].value[0][1]
    assert (str(inner.where), inner.value) == ("f.yaml:4:9", "quoted 3.10")


def test_a_file_too_large_is_not_read() -> None:
    with pytest.raises(InvalidTextError, match="Larger than 1,000,000 bytes"):
        compose("#" * (MOST + 1), "f.yaml")


def test_a_file_with_too_many_values_is_not_read() -> None:
    with pytest.raises(InvalidTextError, match="More than 50,000 values"):
        compose("[" + "1," * 60_000 + "]", "f.yaml")


def test_a_deep_file_stops_early_and_does_not_overflow_the_stack() -> None:
    with pytest.raises(InvalidTextError, match="Nested deeper than 12 levels"):
        compose("[" * 100_000, "f.yaml")


def test_bytes_that_yaml_forbids() -> None:
    with pytest.raises(InvalidTextError) as caught:
        compose("schema: \x07\n", "f.yaml")
    assert caught.value.problems[0].where.file == "f.yaml"


def outcome(text: str) -> Node | Problem:
    try:
        return compose(text, "f.yaml")
    except InvalidTextError as error:
        return error.problems[0]


@given(st.text(max_size=60))
def test_any_text_is_a_node_or_a_problem_with_a_place(text: str) -> None:
    found = outcome(text)
    assert found.where.file == "f.yaml"
    assert found.where.line if isinstance(found, Node) else found.message


def test_content_with_its_aliases_written_out_is_counted_without_writing_them_out() -> None:
    bomb: list[object] = ["ha"]
    for _ in range(60):
        bomb = [bomb] * 10
    with pytest.raises(ValueError, match="aliases stand for more than"):
        unfolded(bomb)
    assert unfolded({"a": [1, 2], "b": {"c": None}}) == 9


def test_content_that_holds_itself_is_refused() -> None:
    circle: list[object] = []
    circle.append(circle)
    with pytest.raises(ValueError, match="aliases"):
        unfolded(circle)
