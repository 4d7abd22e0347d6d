"""The mutants of `tests/mutants`: each must be noticed by a test that knows its rule."""

from __future__ import annotations

import pytest

from support.mutants import read_mutants
from support.mutation import MUTANTS, ROOT, run_mutants


def living(cost: str) -> dict[str, str]:
    chosen = [mutant for mutant in read_mutants(ROOT / MUTANTS) if mutant.cost == cost]
    ended = run_mutants(ROOT, chosen, workers=2)
    assert len(ended) == len(chosen)
    return {one.mutant.name: one.problem for one in ended if one.problem}


@pytest.mark.heavy
def test_no_mutant_lives_whose_tests_take_seconds() -> None:
    assert living("seconds") == {}


@pytest.mark.exhaustive
@pytest.mark.heavy
def test_no_mutant_lives_whose_tests_take_minutes() -> None:
    assert living("minutes") == {}
