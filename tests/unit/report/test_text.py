"""Text that reaches a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.ground.units import seconds, size
from tfsetup.report.text import aligned, as_html, printable


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain text\twith a tab\nand a line", "plain text\twith a tab\nand a line"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("back\x08space", "back\\x08space"),
        ("C1 \x9b31m", "C1 \\x9b31m"),
        ("right \u202eto left", "right \\x202eto left"),
        ("Größe → ✓", "Größe → ✓"),
    ],
)
def test_what_drives_a_terminal_is_spelt_out(text: str, expected: str) -> None:
    assert printable(text) == expected


@given(st.text())
def test_nothing_printable_is_lost_and_nothing_unprintable_left(text: str) -> None:
    shown = printable(text)
    assert "\x1b" not in shown
    assert "\r" not in shown
    assert len(shown) >= len(text)
    assert printable(shown) == shown


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (1_500_000, "1.5 MB"),
        (274_000_871, "274.0 MB"),
        (3_440_000_000, "3.44 GB"),
    ],
)
def test_sizes_are_those_of_package_indexes(count: int, expected: str) -> None:
    assert size(count) == expected


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        (0.04, "0.0 s"),
        (1.26, "1.3 s"),
        (9.94, "9.9 s"),
        (12.3, "12 s"),
        (59.4, "59 s"),
        (60, "1 min 00 s"),
        (125, "2 min 05 s"),
    ],
)
def test_durations_are_for_people(duration: float, expected: str) -> None:
    assert seconds(duration) == expected


def test_texts_stand_in_one_column() -> None:
    assert list(aligned([("a", "one"), ("longer", "two")], indent=2, width=80)) == [
        "  a       one",
        "  longer  two",
    ]


def test_long_texts_are_folded_under_themselves() -> None:
    lines = list(aligned([("name", "one two three four five six seven eight")], indent=0, width=36))
    assert lines == ["name  one two three four five six", "      seven eight"]


def test_nothing_is_cut_where_it_cannot_be_folded() -> None:
    path = "/a/very/long/path/that/has/no/blank/in/it/at/all/anywhere"
    assert list(aligned([("p", path)], indent=0, width=20)) == [f"p  {path}"]


def test_an_empty_list_is_no_lines() -> None:
    assert list(aligned([], indent=4, width=80)) == []


@given(st.lists(st.tuples(st.text(max_size=8), st.text(max_size=200))), st.integers(20, 200))
def test_every_pair_is_shown_without_control_characters(pairs: list[tuple[str, str]], width: int) -> None:
    lines = list(aligned(pairs, indent=2, width=width))
    assert len(lines) >= len(pairs)
    assert all("\x1b" not in line for line in lines)


def test_what_goes_into_a_page_is_text_there_and_on_a_terminal() -> None:
    assert as_html('<b a="1">\x1b&') == "&lt;b a=&quot;1&quot;&gt;\\x1b&amp;"
    assert (as_html(None), as_html(3)) == ("", "3")
