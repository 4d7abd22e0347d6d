"""Spoiled files of every kind end in a result or in a documented error (`fuzz_readers.py` goes on for longer)."""

from __future__ import annotations

import random

import pytest

from support.reader_fuzz import READERS, feed, mutate, seeds

pytestmark = pytest.mark.heavy

SEEDS = seeds()


def test_every_reader_has_something_to_start_from() -> None:
    assert SEEDS.keys() == READERS.keys()
    assert all(SEEDS.values())


@pytest.mark.parametrize("name", READERS)
def test_some_of_the_texts_to_start_from_are_good(name: str) -> None:
    assert any(feed(name, text) for text in SEEDS[name])


@pytest.mark.parametrize("count", [60, pytest.param(3000, marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize("name", READERS)
def test_a_spoiled_file_ends_in_a_result_or_a_documented_error(name: str, count: int) -> None:
    dice = random.Random(f"{name} {count}")  # noqa: S311 - repeatable, not secret
    taken = [feed(name, mutate(dice.choice(SEEDS[name]), dice.choice(SEEDS[name]), dice)) for _ in range(count)]
    assert len(taken) == count
    assert name in {"log", "packages"} or not all(taken)
