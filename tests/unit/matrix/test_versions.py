from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.matrix.versions import InvalidSpecifier, asked, at_least, in_range, numbers, specifiers


@pytest.mark.parametrize(
    ("wanted", "version", "expected"),
    [
        (">=2.18", "2.18.0rc0", True),  # in the data's ranges a candidate counts as its release
        ("<2.18", "2.18.0rc0", False),
        ("==2.15.0", "2.15.0.post1", False),
        (">=2.15.0", "2.15.0.post1", True),
        ("==2.13.*", "2.13.1", True),
        (">=2.5,<2.11", "2.10.1", True),
        (">=2.5,<2.11", "2.11.0", False),
    ],
)
def test_ranges_of_the_matrix(wanted: str, version: str, expected: bool) -> None:
    assert in_range(wanted, version) is expected


@pytest.mark.parametrize(
    ("wanted", "version", "expected"),
    [
        ("2.19.1", "2.19.1", True),
        ("2.19", "2.19.0", True),
        ("2.19", "2.19.1", False),  # a version asked for is never widened
        ("2.19.*", "2.19.1", True),
        (">=2.18,<2.20", "2.19.1", True),
        ("2.15.0", "2.15.0.post1", False),
        ("2.22.*", "2.22.0rc0", True),  # whether pre-releases are welcome is asked elsewhere
    ],
)
def test_a_users_specifier(wanted: str, version: str, expected: bool) -> None:
    assert asked(wanted, version) is expected


@pytest.mark.parametrize("text", ["", "  ", "latest", ">=", "=2.1", "2..1", ">=2.18 <2.19,"])
def test_what_is_no_specifier(text: str) -> None:
    with pytest.raises(InvalidSpecifier):
        specifiers(text)


@pytest.mark.parametrize(
    ("have", "want", "expected"),
    [
        ("14.5", "14.0", True),
        ("12", "12.1", True),  # as far as it is known
        ("11", "12.1", False),
        ("525.60", "525.60.13", True),
        ("525.59", "525.60.13", False),
        ("26.1", "15.0", True),
        ("2.9", "2.17", False),
        ("ubuntu", "2.17", None),
    ],
)
def test_dotted_numbers(have: str, want: str, expected: bool | None) -> None:
    assert at_least(have, want) is expected


@given(st.lists(st.integers(0, 999), min_size=1, max_size=4), st.lists(st.integers(0, 999), min_size=1, max_size=4))
def test_at_least_agrees_with_tuples_of_one_length(left: list[int], right: list[int]) -> None:
    size = min(len(left), len(right))
    have, want = (".".join(map(str, numbers[:size])) for numbers in (left, right))
    assert at_least(have, want) is (left[:size] >= right[:size])


@given(st.text(max_size=12))
def test_numbers_never_fails(text: str) -> None:
    found = numbers(text)
    assert found is None or all(number >= 0 for number in found)
