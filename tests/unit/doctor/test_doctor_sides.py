"""On which side of a range a version lies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.doctor.sides import side


@pytest.mark.parametrize(
    ("wanted", "found", "answer"),
    [
        ("<2.12,>=2.11", "2.15.0", {"side": "above", "bound": "2.12"}),
        ("<2.12,>=2.11", "2.9.1", {"side": "below", "needed": "2.11"}),
        (">=2.9", "2.8.4", {"side": "below", "needed": "2.9"}),
        ("~=2.13.0", "2.15.0", {"side": "above", "bound": "2.13.0"}),
        ("~=2.13.0", "2.12.1", {"side": "below", "needed": "2.13.0"}),
        ("==2.10.*", "2.11.0", {"side": "above", "bound": "2.10"}),
        ("<2.12", "2.11.0", {}),
        ("!=2.11.0", "2.11.0", {}),
        ("", "2.11.0", {}),
        ("no range", "2.11.0", {}),
        ("<2", "no version", {}),
    ],
)
def test_the_side(wanted: str, found: str, answer: dict[str, str]) -> None:
    assert side({"range": wanted, "found": found}) == answer


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_text_is_taken(wanted: str, found: str) -> None:
    assert side({"range": wanted, "found": found}).keys() <= {"side", "bound", "needed"}


def test_nothing_captured_says_nothing() -> None:
    assert side({}) == {}
