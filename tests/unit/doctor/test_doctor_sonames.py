"""Which CUDA a missing library is of, against the one that is there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.examples import examples
from tfsetup.doctor.sonames import compared, drivers


@pytest.mark.parametrize(
    ("wanted", "cuda", "answer"),
    [
        ("10.1", "10.1", "same"),
        ("10.1", "10.2", "other"),
        ("8.0", "10.0", "other"),
        ("11.0", "11.8", "same"),  # one name for every 11.x
        ("11.0", "12.4", "other"),
        ("12", "12.4", "same"),
        ("12", "13.0", "other"),
        ("10", "10.2", "same"),  # cuBLAS of 10.1 and later
        ("101", "10.1", "same"),
        ("101", "11.2", "other"),
        ("90", "9.0", "same"),
        ("110", "11.2", "same"),
        ("12", "12", "same"),
    ],
)
def test_the_cuda_asked_for_and_the_cuda_there(wanted: str, cuda: str, answer: str) -> None:
    assert compared({"wanted": wanted}, cuda) == {"cuda": answer}


@pytest.mark.parametrize(("wanted", "cuda"), [("11.0", None), ("so", "12.4"), ("11.0", "new")])
def test_what_is_not_known_is_not_compared(wanted: str, cuda: str | None) -> None:
    assert compared({"wanted": wanted}, cuda) == {"cuda": "unsaid"}


def test_where_none_is_wanted_nothing_is_said() -> None:
    assert compared({"library": "libcudnn.so.8"}, "12.4") == {}


@examples(1)
@given(st.text(), st.none() | st.text())
def test_any_text_is_read(wanted: str, cuda: str | None) -> None:
    assert compared({"wanted": wanted}, cuda).keys() <= {"cuda"}


@pytest.mark.parametrize(
    ("dso", "kernel", "answer"),
    [
        ("384.111.0", "384.90.0", "other"),
        ("470.57.2", "470.57.02", "same"),
        ("340.101.0", "340.101.0", "same"),
        ("Not", "440.82.0", "unsaid"),
    ],
)
def test_the_driver_s_library_and_the_kernel_s_module(dso: str, kernel: str, answer: str) -> None:
    assert drivers({"dso": dso, "kernel": kernel}) == {"drivers": answer}


def test_one_driver_alone_is_not_compared() -> None:
    assert drivers({"dso": "384.111.0"}) == {}
