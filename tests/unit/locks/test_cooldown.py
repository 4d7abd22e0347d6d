"""How young a file may be: what is asked for, what is counted, what uv is told, and what it passed over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from support.locks import origin, package
from support.matrix import shipped
from tfsetup.errors import BuildError, Code, NetworkError, TfsetupError, UsageError, Where
from tfsetup.locks.cooldown import (
    ANY,
    Cooldown,
    asked,
    document,
    explained,
    held,
    old_enough,
    plain,
    recorded,
    sentence,
    too_new,
)
from tfsetup.locks.explain import explain_uv
from tfsetup.locks.model import LockedPackage

NOW = datetime(2026, 11, 27, 12, 30, 15, 999, tzinfo=UTC)
LATER = datetime(2026, 12, 24, tzinfo=UTC)
WEEK = plain("7 days", {"keras": "2026-01-31", "numpy": ANY, "six": "1 day"})


def uploaded(name: str, *days: int | None) -> LockedPackage:
    """A package with a wheel for each day of November 2026 (None: it is not said)."""
    found = package(name, "1.0", *(f"cp3{n}-none-any" for n in range(len(days))))
    times = [None if day is None else datetime(2026, 11, day, tzinfo=UTC) for day in days]
    return replace(found, wheels=tuple(replace(w, uploaded=t) for w, t in zip(found.wheels, times, strict=True)))


# ----------------------------------------------------------------------------------------------------------- asked for


def test_nothing_is_said_where_no_option_is_given() -> None:
    assert asked(None, ()) is None


def test_the_options_say_it_in_one_way() -> None:
    assert asked("P1W", ["Keras=2026-01-31", "ruamel.yaml=false"]) == Cooldown(
        newer="7 days", packages={"keras": "2026-01-31", "ruamel-yaml": ANY}
    )


def test_none_ends_it() -> None:
    ended = asked("none", ())
    assert ended is not None
    assert not ended


@pytest.mark.parametrize(
    ("newer", "packages", "said"),
    [
        ("soon", (), "--exclude-newer soon: neither a date"),
        ("3 months", (), "no fixed length"),
        ("7 days", ("keras",), "--exclude-newer-package keras: neither a date"),
        ("7 days", ("=7 days",), "a normalized distribution name is expected"),
        ("none", ("keras=7 days",), "nothing to make an exception of"),
    ],
)
def test_what_cannot_be_meant_is_refused(newer: str, packages: tuple[str, ...], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        asked(newer, packages)


# ------------------------------------------------------------------------------------------------------------- counted


def test_spans_count_back_from_now_in_whole_seconds() -> None:
    counted = WEEK.counted(NOW)
    assert counted.since == "2026-11-27T12:30:15Z"
    assert counted.limit() == datetime(2026, 11, 20, 12, 30, 15, tzinfo=UTC)
    assert counted.limit("six") == datetime(2026, 11, 26, 12, 30, 15, tzinfo=UTC)
    assert counted.limit("keras") == datetime(2026, 2, 1, tzinfo=UTC)
    assert counted.limit("numpy") is None
    assert counted.limit("pandas") == counted.limit()


def test_the_same_spans_stay_where_they_were_counted() -> None:
    was = WEEK.counted(NOW)
    assert WEEK.counted(LATER, was) == was
    assert replace(WEEK, newer="8 days").counted(LATER, was).since == "2026-12-24T00:00:00Z"
    assert WEEK.counted(LATER).since == "2026-12-24T00:00:00Z"


def test_a_date_needs_no_clock() -> None:
    assert plain("2026-01-31", {}).counted(None) == Cooldown(newer="2026-01-31")


def test_a_span_that_was_not_counted_has_no_moment() -> None:
    with pytest.raises(ValueError, match="not counted yet"):
        WEEK.limit()


def test_uv_is_told_moments_and_never_a_day_of_this_machine_s_zone() -> None:
    assert WEEK.counted(NOW).arguments() == [
        *("--exclude-newer", "2026-11-20T12:30:15Z"),
        *("--exclude-newer-package", "keras=2026-02-01T00:00:00Z"),
        *("--exclude-newer-package", "numpy=false"),
        *("--exclude-newer-package", "six=2026-11-26T12:30:15Z"),
    ]
    assert Cooldown().arguments() == []


def test_a_note_keeps_it() -> None:
    counted = WEEK.counted(NOW)
    note = origin(
        exclude_newer=counted.newer, exclude_newer_package=counted.packages, exclude_newer_since=counted.since
    )
    assert recorded(note) == counted
    assert recorded(origin()) == Cooldown()


def test_it_is_said_in_words() -> None:
    assert sentence(document(WEEK.counted(NOW))) == (
        "only files from before 2026-11-20T12:30:15Z (7 days), keras from before 2026-02-01T00:00:00Z, "
        "numpy of any age, six from before 2026-11-26T12:30:15Z"
    )


# --------------------------------------------------------------------------------------------------- releases chosen


def test_releases_that_are_too_new_are_not_chosen() -> None:
    matrix = shipped()
    name, limit = "tensorflow", "2024-01-01"
    old = old_enough(matrix, plain(limit, {}))
    kept = old.index.releases(name)
    assert kept == tuple(v for v in matrix.index.releases(name) if matrix.index.distributions[name][v].date <= limit)
    assert 0 < len(kept) < len(matrix.index.releases(name))
    assert old_enough(matrix, Cooldown()) is matrix


def test_an_exception_holds_for_releases_too() -> None:
    matrix = shipped()
    old = old_enough(matrix, plain("2020-01-01", {"tensorflow": ANY}))
    assert old.index.releases("tensorflow") == matrix.index.releases("tensorflow")
    assert old.index.releases("tensorflow-cpu") == ()


def test_a_release_that_is_asked_for_and_too_new_is_named_with_its_day() -> None:
    matrix, cooldown = shipped(), plain("2020-01-01", {})
    newest = matrix.index.releases("tensorflow")[0]
    day = matrix.index.distributions["tensorflow"][newest].date
    said = too_new(f"tensorflow[and-cuda]=={newest}", matrix, cooldown)
    assert said.startswith(f"tensorflow {newest} was uploaded on {day}, and only files from before 2020-01-02T00:00")
    assert too_new(f"tensorflow=={newest}", matrix, plain("2020-01-01", {"tensorflow": ANY})) == ""
    assert too_new("pandas==1.0", matrix, cooldown) == ""


# ---------------------------------------------------------------------------------------------------- what uv answered


def test_files_that_came_later_are_left_out() -> None:
    cooldown = plain("2026-11-10", {})
    (one,) = held([uploaded("alpha", 10, 11)], cooldown)
    assert [wheel.uploaded for wheel in one.wheels] == [datetime(2026, 11, 10, tzinfo=UTC)]


def test_an_index_that_does_not_say_when_is_never_passed_over() -> None:
    with pytest.raises(NetworkError) as raised:
        held([uploaded("alpha", 1), uploaded("beta", 1, None), uploaded("gamma", None)], plain("2026-11-10", {}))
    assert "alpha" not in raised.value.message
    assert "beta 1.0, from https://files.example" in raised.value.message
    assert "gamma 1.0" in raised.value.message
    assert "{beta: false, gamma: false}" in (raised.value.hint or "")


def test_an_exception_or_no_cooldown_asks_for_no_time() -> None:
    found = [uploaded("beta", None)]
    assert held(found, plain("2026-11-10", {"beta": ANY})) == tuple(found)
    assert held(found, None) == tuple(found)
    assert held(found, Cooldown()) == tuple(found)


def test_what_uv_let_through_is_refused() -> None:
    with pytest.raises(NetworkError, match=r"the index gave alpha 1.0, which is newer"):
        held([uploaded("alpha", 20)], plain("2026-11-10", {}))


TOO_NEW = """\
error: No solution found when resolving dependencies
  cause: Because there is no version of numpy==1.26.0 and you require numpy==1.26.0, we can conclude that your
requirements are unsatisfiable.

hint: `numpy` was filtered by `exclude-newer` to only include packages uploaded before 2023-09-16T19:00:00Z. The \
requested version, v1.26.0, was published at 2023-09-16T19:58:18.591Z. Consider using `exclude-newer-package` to \
override the cutoff for this package.
"""
UNDATED = """\
warning: `six-1.17.0-py2.py3-none-any.whl` is missing an upload date, but user provided: 2020-01-02T00:00:00Z
error: No solution found when resolving dependencies
  cause: Because there are no versions of six and you require six, we can conclude that your requirements are
unsatisfiable.

hint: `six` was filtered by `exclude-newer` to only include packages uploaded before 2020-01-02T00:00:00Z. The latest \
version satisfying the requirement is v1.17.0. Consider using `exclude-newer-package` to override the cutoff.
"""


def test_a_pin_that_is_too_new_is_named_with_its_time_and_the_cheapest_change() -> None:
    where = Where(file="team.yaml", line=3, column=16)
    error = explained(explain_uv(TOO_NEW, "Locking"), plain("2023-09-15", {}), where)
    assert error.code is Code.ANSWER_IS_NO
    assert error.message == (
        "numpy 1.26.0 is asked for, which was uploaded at 2023-09-16T19:58:18Z, and only files from before "
        "2023-09-16T19:00:00Z may be taken (exclude-newer)."
    )
    assert "`exclude-newer-package: {numpy: false}`" in (error.hint or "")
    assert error.where == where


def test_other_failures_stay_what_they_are() -> None:
    plainly = BuildError("Locking: The disk is full.")
    assert explained(plainly, plain("2023-09-15", {}), None) is plainly
    unsolvable = explain_uv(TOO_NEW, "Locking")
    assert explained(unsolvable, None, None) is unsolvable


def test_an_index_without_times_is_the_cause_and_not_the_requirements() -> None:
    error: TfsetupError = explain_uv(UNDATED, "Locking")
    assert error.code is Code.NETWORK
    assert "does not say when its files were uploaded" in error.message
    assert "PEP 700" in (error.hint or "")
