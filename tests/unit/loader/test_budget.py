"""A file may cost so much and no more, whatever it says of itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.loader.bytes import MalformedImage
from tfsetup.loader.files.budget import Budget


def test_what_is_allowed_can_be_spent_to_the_last_unit() -> None:
    budget = Budget(3, "records")
    for _ in range(3):
        budget.spend()
    with pytest.raises(MalformedImage, match="more records than any library has"):
        budget.spend()


def test_nothing_is_always_to_be_had() -> None:
    Budget(0, "records").spend(0)


def test_one_unit_too_many_at_once() -> None:
    Budget(10, "bytes").spend(10)
    with pytest.raises(MalformedImage, match="more bytes than any library has"):
        Budget(10, "bytes").spend(11)


@given(st.integers(0, 1000), st.lists(st.integers(0, 100), max_size=30))
def test_the_sum_decides(limit: int, amounts: list[int]) -> None:
    budget, failed = Budget(limit, "units"), False
    for amount in amounts:
        try:
            budget.spend(amount)
        except MalformedImage:
            failed = True
    assert failed is (sum(amounts) > limit)
