"""A generation that already is what is asked for is switched to, and that is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.envs import finish, make_store, quiet
from tfsetup.envs.reuse import fitting, switch_to, why_not
from tfsetup.envs.run import reuse
from tfsetup.envs.store import Store
from tfsetup.ground.start_up import START_UP, start_up_text


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = make_store(tmp_path)
    finish(made, 1, digest="old")
    finish(made, 2)
    finish(made, 3)
    finish(made, 4, digest="new", lock_sha256="l4")
    made.switch(1)
    return made


def lose(store: Store, number: int) -> None:
    store.layout.python(store.layout.folder(number)).unlink()


def test_after_a_rollback_what_is_asked_for_is_switched_to_and_said(store: Store) -> None:
    said: list[str] = []
    outcome = reuse(store, "d1", None, say=said.append)
    assert outcome is not None
    assert (outcome.generation, outcome.changed, store.current()) == (3, True, 3)
    line = (
        "Reusing   generation 3, built 2026-01-02 03:04:05: it is what is asked for, and whole. "
        f"{store.layout.prefix} is switched to it. It is generation 1 now: `tfsetup rollback 1` goes back."
    )
    assert said == [line]
    assert reuse(store, "d1", None, say=quiet) is not None
    again = reuse(store, "d1", None, say=said.append)
    assert again is not None
    assert (again.generation, again.changed, len(said)) == (3, False, 1)


def test_the_current_one_comes_before_a_newer_one(store: Store) -> None:
    store.switch(2)
    outcome = reuse(store, "d1", None, say=quiet)
    assert outcome is not None
    assert (outcome.generation, outcome.changed) == (2, False)


def test_one_that_is_not_whole_is_told_and_not_taken(store: Store) -> None:
    lose(store, 3)
    said: list[str] = []
    found = fitting(store, 1, "d1", None, say=said.append)
    assert found is not None
    assert found.generation == 2
    assert said == [
        "Note      Generation 3 is not whole: bin/python is gone. It would be what is asked for; building anew."
    ]
    lose(store, 2)
    assert reuse(store, "d1", None, say=quiet) is None
    assert store.current() == 1


@pytest.mark.parametrize(("digest", "lock", "number"), [("new", "l4", 4), ("new", "other", None), ("none", None, None)])
def test_only_what_is_asked_for_is_taken(store: Store, digest: str, lock: str | None, number: int | None) -> None:
    found = fitting(store, 1, digest, lock, say=quiet)
    assert (found and found.generation) == number


def test_a_damaged_receipt_is_passed_over(store: Store) -> None:
    store.layout.receipt(3).write_text("{")
    found = fitting(store, 1, "d1", None, say=quiet)
    assert found is not None
    assert found.generation == 2


def test_a_folder_that_may_be_replaced_stays_until_something_was_built(store: Store) -> None:
    store.layout.prefix.unlink()
    store.layout.prefix.mkdir()
    assert reuse(store, "d1", None, say=quiet, replace=True) is None
    assert store.layout.prefix.is_dir()


def test_with_nothing_at_the_prefix_a_fitting_one_is_taken(store: Store) -> None:
    store.layout.prefix.unlink()
    said: list[str] = []
    outcome = reuse(store, "d1", None, say=said.append)
    assert outcome is not None
    assert (outcome.changed, store.current()) == (True, 3)
    assert "rollback" not in said[0]


def test_the_current_one_needs_no_switch(store: Store) -> None:
    receipt = store.receipt(1)
    said: list[str] = []
    assert switch_to(store, 1, receipt, said.append).changed is False
    assert said == []


ONE = {"TURN_OFF_REMAPPER": "1"}


def cured(store: Store, number: int, **changes: object) -> None:
    finish(store, number, digest="c", cures=ONE, **changes)
    site = store.layout.site_packages(store.layout.folder(number), "3.12")
    (site / START_UP).write_text(start_up_text(ONE))


def test_a_generation_without_the_cures_is_not_what_is_asked_for(store: Store) -> None:
    said: list[str] = []
    store.switch(3)
    assert fitting(store, 3, "d1", None, ONE, say=said.append) is None
    line = "Note      Generation 3 does not set TURN_OFF_REMAPPER=1, the cure of a known defect. "
    assert said == [f"{line}What is asked for is another environment."]
    assert reuse(store, "d1", None, ONE, say=quiet) is None


def test_a_cured_one_is_found_and_is_not_taken_by_who_wants_none(store: Store) -> None:
    cured(store, 5)
    found = fitting(store, 1, "c", None, ONE, say=quiet)
    assert found is not None
    assert found.generation == 5
    assert fitting(store, 1, "c", None, {}, say=quiet) is None
    assert fitting(store, 1, "c", None, say=quiet) is None


def test_why_it_is_not_what_is_asked_for(store: Store) -> None:
    prefix = store.layout.prefix
    assert why_not(store, None, "d1", None, {}) == f"{prefix} was not built by tfsetup."
    assert why_not(store, 1, "d1", None, {}) == "Generation 1 was built for something else (linux-x86_64-cpu)."
    assert why_not(store, 4, "new", "other", {}) == "Generation 4 was built from another lock."
    uncured = "Generation 3 does not set TURN_OFF_REMAPPER=1, the cure of a known defect."
    assert why_not(store, 3, "d1", None, ONE) == uncured
    assert why_not(store, 3, "d1", None, {}) == "Generation 3 is what is asked for, and whole."
    lose(store, 3)
    assert why_not(store, 3, "d1", None, {}) == "Generation 3 is not whole: bin/python is gone."
    assert why_not(store, 9, "d1", None, {}).startswith("The receipt of generation 9 cannot be read")
    prefix.unlink()
    assert why_not(store, None, "d1", None, {}) == f"There is no environment at {prefix}."
