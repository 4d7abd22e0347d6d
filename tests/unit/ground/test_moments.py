"""A moment as people write it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.ground.moments import before, in_utc, problem, span, words, written

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-31", "2026-02-01T00:00:00Z"),  # the whole day is before
        ("2026-12-31", "2027-01-01T00:00:00Z"),
        ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"),
        ("2026-01-31t12:00z", "2026-01-31T12:00:00Z"),
        ("2026-01-31 12:00:00+02:00", "2026-01-31T10:00:00Z"),
        ("7 days", "2026-11-20T12:00:00Z"),
        ("7days", "2026-11-20T12:00:00Z"),
        ("1 day", "2026-11-26T12:00:00Z"),
        ("36 hours", "2026-11-26T00:00:00Z"),
        ("2 weeks", "2026-11-13T12:00:00Z"),
        ("P7D", "2026-11-20T12:00:00Z"),
        ("P1W", "2026-11-20T12:00:00Z"),
        ("P1DT12H", "2026-11-26T00:00:00Z"),
    ],
)
def test_what_a_text_means(text: str, moment: str) -> None:
    assert problem(text) == ""
    assert written(before(text, NOW)) == moment


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "neither"),
        ("yesterday", "neither"),
        ("2026-13-01", "neither"),
        ("2026-02-30", "neither"),
        ("26-01-01", "neither"),
        ("-7 days", "neither"),
        ("P", "neither"),
        ("7", "neither"),
        ("9999-12-31", "neither"),
        ("3 months", "no fixed length"),
        ("P1Y", "no fixed length"),
        ("1 year", "no fixed length"),
        ("2026-01-31T12:00:00", "without its zone"),
        ("9999 weeks", "longer ago"),
        ("0 days", "leaves nothing out"),
        ("P0D", "leaves nothing out"),
    ],
)
def test_what_is_no_moment_is_said_with_its_reason(text: str, said: str) -> None:
    assert said in problem(text)


def test_what_is_no_moment_has_none() -> None:
    with pytest.raises(ValueError, match="neither a date"):
        before("soon", NOW)


@pytest.mark.parametrize(
    ("text", "one"),
    [
        ("P1W", "7 days"),
        ("1 week", "7 days"),
        ("P1D", "1 day"),
        ("24 hours", "1 day"),
        ("36 hours", "36 hours"),
        ("PT1H", "1 hour"),
        ("2026-01-31", "2026-01-31"),
        ("2026-01-31T12:00:00+02:00", "2026-01-31T10:00:00Z"),
    ],
)
def test_there_is_one_way_of_writing_it(text: str, one: str) -> None:
    assert words(text) == one
    assert words(one) == one


@given(st.integers(min_value=1, max_value=5000), st.sampled_from(["hour", "day", "week"]))
def test_the_one_way_means_the_same(number: int, unit: str) -> None:
    text = f"{number} {unit}s"
    assert span(words(text)) == span(text)
    assert problem(words(text)) == ""


@given(st.text(max_size=40))
def test_any_text_is_a_moment_or_has_a_reason(text: str) -> None:
    if problem(text) == "":
        assert before(text, NOW).tzinfo is not None
        assert problem(words(text)) == ""


def test_a_moment_without_a_zone_is_one_of_utc() -> None:
    bare = datetime(2026, 1, 31, 12)  # noqa: DTZ001 - what PEP 751 allows in a lock
    assert in_utc(bare) == datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert in_utc(datetime(2026, 1, 31, 12, tzinfo=timezone(timedelta(hours=2)))).hour == 10
