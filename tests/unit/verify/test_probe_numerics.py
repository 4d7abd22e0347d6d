"""The reference answer: small faults are seen, right answers pass, at sizes checked in full and at sampled ones."""

from __future__ import annotations

import numpy as np
import pytest

from tfsetup.verify.probes.matmul import Plan, levelled, median
from tfsetup.verify.probes.numerics import WHOLE, Reference, operands
from tfsetup.verify.tolerance import tolerance

FULL, SAMPLED = 96, WHOLE + 60


@pytest.mark.parametrize("n", [1, 2, FULL, SAMPLED])
def test_a_right_answer_is_far_within_the_tolerance(n: int) -> None:
    a, b = operands(np, n)
    found = Reference(np, a, b).compare(a @ b)
    assert found["finite"] is True
    assert found["max_rel_error"] < tolerance("float32", n) / 2
    assert found["checksum_error"] < tolerance("float32", n) / 2


@pytest.mark.parametrize("n", [FULL, SAMPLED])
@pytest.mark.parametrize("row", [0, 7, -1])
def test_a_wrong_row_is_seen_even_where_rows_are_sampled(n: int, row: int) -> None:
    a, b = operands(np, n)
    answer = a @ b
    answer[row] = 0.0
    found = Reference(np, a, b).compare(answer)
    assert max(found["max_rel_error"], found["checksum_error"]) > 10 * tolerance("float32", n)


def test_one_wrong_element_between_the_sampled_rows_shows_in_the_checksum() -> None:
    a, b = operands(np, SAMPLED)
    answer = a @ b
    reference = Reference(np, a, b)
    row = next(index for index in range(SAMPLED) if index not in reference.rows)
    answer[row, 3] += np.abs(answer).max()
    found = reference.compare(answer)
    assert found["max_rel_error"] < tolerance("float32", SAMPLED)
    assert found["checksum_error"] > tolerance("float32", SAMPLED)


def test_transposed_operands_are_a_wrong_answer() -> None:
    a, b = operands(np, FULL)
    assert Reference(np, a, b).compare(b @ a)["max_rel_error"] > 0.5


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_is_said(bad: float) -> None:
    a, b = operands(np, FULL)
    answer = a @ b
    answer[5, 5] = bad
    assert Reference(np, a, b).compare(answer)["finite"] is False


def test_operands_are_the_same_every_time_and_make_answers_of_size_one() -> None:
    a, b = operands(np, FULL)
    again, _b = operands(np, FULL)
    assert (a == again).all()
    assert 0.8 < (a @ b).std() < 1.2


def test_the_sweep_stops_where_doubling_brings_no_more() -> None:
    assert not levelled([10.0, 20.0])
    assert not levelled([10.0, 20.0, 21.0])
    assert levelled([10.0, 20.0, 21.0, 21.5])
    assert not levelled([10.0, 20.0, 21.0, 40.0])


def test_the_plan_follows_the_options() -> None:
    plan = Plan({})
    plan.free = None
    assert plan.steps() == [512, 1024, 2048]
    plan.free = 200_000_000
    assert plan.steps() == [512, 1024]
    assert Plan({"mode": "full"}).steps()[0] == 128
    assert Plan({"sizes": [100, 300]}).steps() == [100, 300]
    assert Plan({}).dtypes == ["float32"]
    assert Plan({"dtypes": ["float16"]}).dtypes == ["float16"]


def test_the_median_of_an_even_number_is_the_mean_of_two() -> None:
    assert median([3.0, 1.0, 2.0]) == 2.0
    assert median([4.0, 1.0, 2.0, 3.0]) == 2.5
