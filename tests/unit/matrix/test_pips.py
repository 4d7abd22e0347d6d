"""Which pip an environment gets: the newest that runs on its Python."""

from __future__ import annotations

import re

import pytest

from tfsetup.matrix.file.disk import read_pips
from tfsetup.matrix.pips import Pips, PipWheel, pip_for


def wheel(version: str, requires: str) -> PipWheel:
    return PipWheel(version=version, requires_python=requires, size=1, sha256="a" * 64)


TWO = Pips(wheels=(wheel("9.1", ">=3.10"), wheel("8.0", ">=3.7")))


@pytest.mark.parametrize(
    ("minor", "expected"), [("3.14", "9.1"), ("3.10", "9.1"), ("3.9", "8.0"), ("3.7", "8.0"), ("3.6", None)]
)
def test_the_newest_that_runs_on_a_python(minor: str, expected: str | None) -> None:
    found = pip_for(TWO, minor)
    assert (found and found.version) == expected


def test_a_requirement_is_one_file_and_no_other() -> None:
    assert TWO.wheels[0].requirement == f"pip==9.1 --hash=sha256:{'a' * 64}"


@pytest.mark.parametrize("minor", [f"3.{minor}" for minor in range(6, 16)])
def test_every_python_that_a_row_may_have_gets_one(minor: str) -> None:
    found = pip_for(read_pips(), minor)
    assert found is not None
    assert re.fullmatch(r"[0-9a-f]{64}", found.sha256)
    assert found.size > 1_000_000
