"""How much of a test's cases and examples is tried where there is little time.

A property test takes a share of the examples that the running profile gives, never a number of its own: `make check`
has a minute for everything (profile `house`), `make exhaustive` has time (`thorough`). A test over every report or
machine there is takes some of them in `make check`, and all in CI.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import pytest
from _pytest.mark import ParameterSet
from hypothesis import settings

HEAVY: Final = [pytest.mark.heavy]


def examples(share: float) -> settings:
    """Return settings with a share of the running profile's examples, at least one."""
    return settings(max_examples=max(1, round(settings().max_examples * share)))


def heavy_but_one_in(count: int, cases: Iterable[Any]) -> list[ParameterSet]:
    """Return all cases of a test, for CI; `make check` takes one in `count` of them, spread evenly.

    A tuple is the values of several parameters.
    """
    return [
        pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=[] if number % count == 0 else HEAVY)
        for number, case in enumerate(cases)
    ]
