"""What moved between two locks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.locks import package
from tfsetup.locks.changes import moved
from tfsetup.locks.model import LockedPackage

VERSIONS = st.dictionaries(st.sampled_from("abcde"), st.sampled_from(["1.0", "1.1", "2.0"]))


def lock(versions: dict[str, str]) -> list[LockedPackage]:
    return [package(name, version) for name, version in versions.items()]


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        ({}, {"alpha": "1.0"}, ["alpha none → 1.0"]),
        ({"alpha": "1.0"}, {}, ["alpha 1.0 → none"]),
        ({"beta": "2.0", "alpha": "1.0"}, {"alpha": "1.1", "beta": "2.0"}, ["alpha 1.0 → 1.1"]),
        ({"beta": "2.0", "alpha": "1.0"}, {"beta": "1.0", "alpha": "2.0"}, ["alpha 1.0 → 2.0", "beta 2.0 → 1.0"]),
        ({"alpha": "1.0"}, {"alpha": "1.0"}, []),
    ],
)
def test_what_moved(was: dict[str, str], now: dict[str, str], told: list[str]) -> None:
    assert moved(lock(was), lock(now)) == tuple(told)


@given(VERSIONS, VERSIONS)
def test_every_difference_is_told_once(was: dict[str, str], now: dict[str, str]) -> None:
    told = moved(lock(was), lock(now))
    different = {name for name in {*was, *now} if was.get(name) != now.get(name)}
    assert [line.split(" ", 1)[0] for line in told] == sorted(different)
