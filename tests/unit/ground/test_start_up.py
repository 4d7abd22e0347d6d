"""The start-up file: its very text, that Python reads it as it was meant, and what was edited."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.ground.start_up import NAME, start_up_text, state, variables_in

ONE = {"TURN_OFF_REMAPPER": "1"}
NAMES = st.from_regex(NAME, fullmatch=True).filter(lambda name: len(name) < 40)
VALUES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)


def test_one_line_a_variable_and_no_other() -> None:
    assert start_up_text(ONE) == 'import os; os.environ.setdefault("TURN_OFF_REMAPPER", "1")\n'
    two = start_up_text({"B": "2", "A": "1"})
    assert two == 'import os; os.environ.setdefault("A", "1")\nimport os; os.environ.setdefault("B", "2")\n'
    assert start_up_text({}) == ""


@pytest.mark.parametrize("there", ["0", "", "2"])
def test_a_value_of_the_user_stays(there: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TURN_OFF_REMAPPER", there)
    exec(start_up_text(ONE), {})  # noqa: S102 - as Python's site module does
    assert os.environ["TURN_OFF_REMAPPER"] == there


@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_python_reads_what_was_meant_whatever_the_value(variables: dict[str, str]) -> None:
    text = start_up_text(variables)
    assert text.isascii()
    assert len(text.splitlines()) == len(variables)
    assert all(line.startswith("import ") for line in text.splitlines())
    seen: dict[str, str] = {}
    for line in text.splitlines():
        exec(line.replace("import os; os.environ", "seen"), {"seen": seen})  # noqa: S102
    assert seen == variables == variables_in(text)
    assert state(text, variables) == "whole"


@pytest.mark.parametrize("wrong", [{"1A": "x"}, {"A-B": "x"}, {'A", "b"); evil("': "x"}, {"A": "a\0b"}, {"": "x"}])
def test_what_cannot_be_a_variable_is_not_written(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="cannot be set as a variable"):
        start_up_text(wrong)


@pytest.mark.parametrize(
    "text",
    [
        "import evil\n",
        'import os; os.environ["A"] = "1"\n',
        'import os; os.environ.setdefault("A", "1"); evil()\n',
        'import os; os.environ.setdefault("A", "\\x")\n',
        "/somewhere/else\n",
    ],
)
def test_a_file_that_is_not_ours_says_nothing(text: str) -> None:
    assert variables_in(text) is None


def test_missing_edited_and_whole_are_three_states() -> None:
    text = start_up_text(ONE)
    assert state(None, ONE) == "missing"
    assert state("", ONE) == "edited"
    assert state(text.replace('"1"', '"0"'), ONE) == "edited"
    assert state(f"# {text}", ONE) == "edited"
    assert state(text, ONE) == "whole"
