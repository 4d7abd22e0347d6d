"""The error that separates rounding from garbage."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.verify.tolerance import CAP, UNIT_ROUNDOFF, tolerance

SIZES = st.integers(min_value=2, max_value=65536)


@given(n=SIZES, dtype=st.sampled_from(sorted(UNIT_ROUNDOFF)))
def test_garbage_is_never_within_the_tolerance(n: int, dtype: str) -> None:
    assert UNIT_ROUNDOFF[dtype] < tolerance(dtype, n) <= CAP


@given(n=SIZES)
def test_a_narrower_type_may_err_more(n: int) -> None:
    assert tolerance("float64", n) < tolerance("float32", n) < tolerance("float16", n)
    assert tolerance("float32", n) < tolerance("float32", n, tensor_float_32=True)


# Measured with tensorflow-cpu 2.21.0 on x86_64 (largest error of an element); all of them right answers.
@pytest.mark.parametrize(("dtype", "n", "error"), [("float32", 512, 5e-7), ("float32", 2048, 2.4e-7)])
def test_measured_right_answers_pass_with_room(dtype: str, n: int, error: float) -> None:
    assert error < tolerance(dtype, n) / 2


# The errors such faults cause, by arithmetic: one of 512 inputs dropped, float16 sums where float32 was asked.
@pytest.mark.parametrize("error", [1 / 512**0.5, 2.0**-11 * 4])
def test_real_faults_in_float32_do_not_pass(error: float) -> None:
    assert error > tolerance("float32", 512)


def test_tensor_float_32_changes_float32_only() -> None:
    assert tolerance("float64", 512, tensor_float_32=True) == tolerance("float64", 512)
