from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from tfsetup.ground import pep440
from tfsetup.ground.versions import (
    NotAVersionError,
    asked,
    at_least,
    check_specifier,
    in_range,
    is_prerelease,
    is_version,
    minor,
    numbers,
    pair,
    version,
)


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
    with pytest.raises(NotAVersionError):
        check_specifier(text)


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


# ------------------------------------------------------------------------- our PEP 440 against packaging's

PLAIN = st.builds(
    "".join,
    st.tuples(
        st.lists(st.integers(0, 12), min_size=1, max_size=4).map(lambda parts: ".".join(map(str, parts))),
        st.sampled_from(["", "", "", "a1", "b2", "rc0", "rc1"]),
        st.sampled_from(["", "", "", ".post1", ".post2"]),
        st.sampled_from(["", "", "", ".dev0", ".dev3"]),
    ),
)
ODD = st.sampled_from(["2.13.0-rc0", "1!2.0", "2.0+cpu", "v2.1", "2.0.post", "2.1.0.RC1", "2.0-1"])
OPERATORS = st.sampled_from(["==", "!=", ">=", "<=", ">", "<", "~="])


@given(PLAIN, PLAIN)
def test_versions_sort_as_packaging_sorts_them(left: str, right: str) -> None:
    assert (version(left) < version(right)) is (Version(left) < Version(right))
    assert (version(left) == version(right)) is (Version(left) == Version(right))
    assert is_prerelease(left) is Version(left).is_prerelease
    assert is_version(left)


@given(OPERATORS, st.one_of(PLAIN, ODD), st.booleans(), st.one_of(PLAIN, ODD))
def test_a_specifier_holds_as_packaging_says(operator: str, wanted: str, prefix: bool, text: str) -> None:
    specifier = f"{operator}{wanted}{'.*' if prefix else ''}"
    try:
        expected = SpecifierSet(specifier).contains(text, prereleases=True)
    except ValueError:
        with pytest.raises(NotAVersionError):
            check_specifier(specifier)
    else:
        check_specifier(specifier)
        assert asked(specifier, text) is expected


@given(st.lists(st.builds("{}{}".format, OPERATORS, PLAIN), min_size=2, max_size=4), PLAIN)
def test_several_comparisons_all_hold(parts: list[str], text: str) -> None:
    specifier = ", ".join(parts)
    found = pep440.clauses(specifier)
    plain = pep440.parse(text)
    assert plain is not None
    if found is not None:
        assert pep440.contains(found, plain) is SpecifierSet(specifier).contains(text, prereleases=True)


@given(st.text(alphabet="0123456789.abrcdevpost*!+-=<>~, ", max_size=16))
def test_any_text_is_a_specifier_for_both_or_for_neither(text: str) -> None:
    found = pep440.clauses(text)
    if found is not None:
        SpecifierSet(text)


@pytest.mark.parametrize("text", ["", "latest", "2..1", "2.1x"])
def test_what_is_no_version(text: str) -> None:
    assert not is_version(text)
    with pytest.raises(NotAVersionError):
        version(text)


def test_odd_spellings_sort_where_they_belong() -> None:
    assert version("2.13.0-rc0") == version("2.13.0rc0")
    assert version("v2.1") == version("2.1")
    assert in_range(">=2.13", "2.13.0-rc0")
    assert asked("==2.0", "2.0+cpu")


@pytest.mark.parametrize(
    ("text", "second", "found"),
    [
        ("14.4.1", None, (14, 4)),
        ("14", None, None),
        ("14", 0, (14, 0)),
        ("2.x", None, None),
        ("2.x", 0, (2, 0)),
        ("11 (22H2)", 0, (11, 0)),
        ("550.54.14", None, (550, 54)),
        ("ubuntu 24.04", 0, None),
        ("", 0, None),
        ("9" * 5000, 0, None),
        ("\u0661.\u0662", 0, None),
    ],
)
def test_the_first_two_numbers(text: str, second: int | None, found: tuple[int, int] | None) -> None:
    assert pair(text, second) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [("3.12.4", "3.12"), ("3.12", "3.12"), ("3", "3"), ("3.13.0rc1", "3.13"), ("3.14t", "3.14t"), ("", ""), (None, "")],
)
def test_the_minor_of_a_python(text: str | None, found: str) -> None:
    assert minor(text) == found


@given(st.text(max_size=30))
def test_any_text_has_numbers_or_none(text: str) -> None:
    found = numbers(text)
    assert found is None or all(part >= 0 for part in found)
    assert pair(text) == (found[:2] if found and len(found) > 1 else None)
