"""Fresh or stale, and what changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from support.locks import package
from support.matrix import shipped
from tfsetup.locks.cooldown import Cooldown, plain
from tfsetup.locks.model import Lock, Origin
from tfsetup.locks.order import Order
from tfsetup.locks.venv.fresh import changes, recorded_order
from tfsetup.locks.venv.targets import targets_for
from tfsetup.locks.venv.write import write_lock
from tfsetup.matrix.choose.reference import Levels
from tfsetup.matrix.file.rows import Matrix
from tfsetup.matrix.model import Ask

ROW = "macos-arm64-metal"


def lock_of(order: Order, matrix: Matrix | None = None) -> Lock:
    """A lock as `tfsetup lock` writes it for an order, with the row's own distributions as its packages."""
    matrix = matrix or shipped()
    row = next(row for row in matrix.rows if row.id == ROW)
    target = targets_for(row, order, matrix, locked={})[0]
    pins = [requirement.partition("==") for requirement in target.selection.requirements]
    return write_lock([package(name, version) for name, _, version in pins], target.origin, "pylock")


def order(**changes: Any) -> Order:
    ask = Ask(tensorflow=changes.pop("tensorflow", None), pre=changes.pop("pre", False))
    return Order(ask=ask, **changes)


def changed(**fields: Any) -> Matrix:
    rows = tuple(replace(row, **fields) if row.id == ROW else row for row in shipped().rows)
    return replace(shipped(), rows=rows)


PLAIN = lock_of(order())


def test_what_was_just_written_is_fresh() -> None:
    assert changes(PLAIN, order(), None, shipped()) == ()


def test_it_is_fresh_by_its_own_note() -> None:
    asked = lock_of(order(tensorflow=">=2.18", pythons=("3.11",), team=("pandas>=2",)))
    assert asked.origin is not None
    recorded = recorded_order(asked.origin)
    assert recorded.pythons == ("3.11",)
    assert changes(asked, recorded, "3.11", shipped()) == ()


def test_a_newer_release_makes_no_lock_stale() -> None:
    older = lock_of(order(tensorflow="2.18.*"))
    assert older.origin is not None
    unasked = replace(older, origin=replace(older.origin, tensorflow=None))
    assert changes(unasked, order(), None, shipped()) == ()


@pytest.mark.parametrize(
    ("now", "python", "expected"),
    [
        (order(tensorflow="2.18.*"), None, ("TensorFlow 2.18.* is asked for, and 2.19.1 is locked",)),
        (order(tensorflow=">=2.18"), None, ("TensorFlow asked for: the newest → >=2.18",)),
        (order(pre=True), None, ("pre-releases: not allowed → allowed",)),
        (order(), "3.11", ("Python: 3.12 → 3.11",)),
        (order(), "3.13", ("the row macos-arm64-metal no longer takes tensorflow 2.19.1 for what is asked",)),
        (order(levels=Levels(macos="15.0")), None, ("macOS: 14.0 → 15.0",)),
        (order(team=("pandas>=2", "scipy")), None, ("the team's requirements: +pandas>=2, +scipy",)),
    ],
)
def test_another_ask_makes_it_stale_and_says_how(now: Order, python: str | None, expected: tuple[str, ...]) -> None:
    assert changes(PLAIN, now, python, shipped()) == expected


def test_another_row_makes_it_stale_and_says_which_fields() -> None:
    assert changes(PLAIN, order(), None, changed(versions=">=2.14")) == (
        "the row macos-arm64-metal in the matrix: versions",
    )
    assert changes(PLAIN, order(), None, changed(python="3.11")) == (
        "Python: 3.12 → 3.11",
        "the row macos-arm64-metal in the matrix: python",
    )


def test_another_plugin_makes_it_stale() -> None:
    row = next(row for row in shipped().rows if row.id == ROW)
    assert row.plugin is not None
    pairs = tuple(replace(pair, plugin="1.1.0") for pair in row.plugin.pairs)
    found = changes(PLAIN, order(pythons=("3.11",)), "3.11", changed(plugin=replace(row.plugin, pairs=pairs)))
    assert "the row's requirements: -tensorflow-metal==1.2.0, +tensorflow-metal==1.1.0" in found


def test_words_in_the_matrix_make_nothing_stale() -> None:
    assert changes(PLAIN, order(), None, changed(title="Another title", source="another source")) == ()


def test_a_row_that_is_gone() -> None:
    rest = tuple(row for row in shipped().rows if row.id != ROW)
    assert changes(PLAIN, order(), None, replace(shipped(), rows=rest)) == (
        "the matrix has no row macos-arm64-metal any more",
    )


def test_a_row_about_another_distribution() -> None:
    found = changes(PLAIN, order(), None, changed(distribution="tensorflow-macos", versions=">=2.5,<2.13"))
    assert found == ("the row macos-arm64-metal is now about tensorflow-macos, which is not in the lock",)


def test_a_lock_of_somebody_else_is_never_fresh() -> None:
    assert changes(replace(PLAIN, origin=None), order(), None, shipped()) == (
        "it was not written by `tfsetup lock`: what it was made for is not known",
    )


def test_the_digest_is_that_of_row_and_ask() -> None:
    def digest(lock: Lock) -> str:
        assert lock.origin is not None
        return lock.origin.digest

    assert digest(lock_of(order())) == digest(PLAIN)
    assert digest(lock_of(order(tensorflow=">=2.18"))) != digest(PLAIN)
    assert digest(lock_of(order(), changed(versions=">=2.14"))) != digest(PLAIN)
    assert len(digest(PLAIN)) == 64
    assert isinstance(PLAIN.origin, Origin)


def test_a_lock_from_before_a_defect_was_known_is_stale() -> None:
    uncured = lock_of(order(), replace(shipped(), hazards=()))
    assert changes(uncured, order(), None, shipped()) == ("what known defects are cured by: +TURN_OFF_REMAPPER=1",)
    assert changes(PLAIN, order(), None, replace(shipped(), hazards=())) == (
        "what known defects are cured by: -TURN_OFF_REMAPPER=1",
    )


def test_a_lock_that_was_to_have_no_cures_stays_fresh() -> None:
    bare = lock_of(order(cures=False))
    assert bare.origin is not None
    assert (bare.origin.cures, bare.origin.without_cures) == ({}, True)
    assert recorded_order(bare.origin).cures is False
    assert changes(bare, order(), None, shipped()) == ()
    assert changes(PLAIN, order(cures=False), None, shipped()) != ()


COOL = plain("7 days", {"keras": "2026-01-31"})
NOW = datetime(2026, 11, 27, tzinfo=UTC)


def test_the_same_span_is_fresh_however_many_days_have_passed() -> None:
    lock = lock_of(order(cooldown=COOL, now=NOW))
    later = order(cooldown=COOL, now=NOW + timedelta(days=400))
    assert changes(lock, later, None, shipped()) == ()
    assert lock.origin is not None
    assert lock.origin.exclude_newer_since == "2026-11-27T00:00:00Z"
    assert changes(lock, recorded_order(lock.origin), None, shipped()) == ()


def test_what_nobody_says_now_stays_in_force() -> None:
    assert changes(lock_of(order(cooldown=COOL, now=NOW)), order(), None, shipped()) == ()


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (plain("8 days", {"keras": "2026-01-31"}), "-exclude-newer 7 days, +exclude-newer 8 days"),
        (plain("7 days", {}), "-keras: 2026-01-31"),
        (Cooldown(), "-exclude-newer 7 days, -keras: 2026-01-31"),
    ],
)
def test_another_age_makes_a_lock_stale(now: Cooldown, said: str) -> None:
    lock = lock_of(order(cooldown=COOL, now=NOW))
    assert changes(lock, order(cooldown=now), None, shipped()) == (f"how young a file may be: {said}",)


def test_an_age_that_is_new_makes_a_lock_stale() -> None:
    assert changes(PLAIN, order(cooldown=plain("7 days", {})), None, shipped()) == (
        "how young a file may be: +exclude-newer 7 days",
    )
