"""A failed installation or verification is explained without being asked."""

from __future__ import annotations

from typing import Any

import pytest

from tfsetup.cli.consulting import consult
from tfsetup.host.model import Host
from tfsetup.report.doctor import doctor_text

LINUX = Host(os="linux", arch="x86_64")


def died(**failure: str) -> dict[str, Any]:
    return {"failure": {"kind": "crash", "message": "", "stderr_tail": "", "signal": None} | failure}


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (died(signal="SIGILL", message="illegal instruction"), "cpu-no-avx"),
        (died(stderr_tail="ImportError: libtensorflow_framework.so.2: cannot open shared object file"),
         "incomplete-install-missing-native-lib"),
        (died(message="ModuleNotFoundError: No module named 'tensorflow'"), "wrong-python-environment"),
        ({"failures": [{"kind": "version-not-found", "image": "/s/x.so", "message": "version `GLIBC_2.27' not found"}]},
         "glibc-too-old"),
    ],
)  # fmt: skip
def test_the_cause_is_told(data: dict[str, Any], cause: str) -> None:
    told = consult(data, LINUX, prefix=".venv")
    assert told is not None
    assert told["findings"][0]["cause"] == cause
    assert "fix: " in doctor_text(told).plain


@pytest.mark.parametrize("data", [{}, {"failure": None}, {"failures": []}, died(message="ZeroDivisionError")])
def test_what_the_doctor_does_not_know_is_not_told(data: dict[str, Any]) -> None:
    assert consult(data, LINUX, prefix=".venv") is None


def test_a_kind_of_failure_it_has_never_heard_of_is_left_out() -> None:
    assert consult({"failures": [{"kind": "new-kind", "message": "x"}]}, LINUX, prefix=".venv") is None
