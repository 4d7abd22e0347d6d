"""Small environments really imported, and preflight held to what happened: the verdict and the words.

The cases are tests/cases/loader/imports. Those marked `ci` stand for one rule each; `make exhaustive` takes all.
"""

from __future__ import annotations

import platform
import sys
from pathlib import Path

import pytest

from support.cli import Tfsetup, in_this_process
from support.import_cases import Case, disagreements, load_cases, really_import, skip_unless_possible
from support.tiny_c import has_gcc

pytestmark = [
    pytest.mark.process,
    pytest.mark.heavy,
    pytest.mark.skipif(
        sys.platform != "linux" or platform.machine() != "x86_64" or platform.libc_ver()[0] != "glibc",
        reason="needs the GNU C library on x86_64",
    ),
    pytest.mark.skipif(not has_gcc(), reason="needs gcc"),
]

CASES = [
    pytest.param(case, marks=() if case.in_ci else pytest.mark.exhaustive, id=f"{case.group}-{case.name}")
    for case in load_cases()
]


@pytest.fixture
def tfsetup(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Tfsetup:
    return in_this_process(capsys, monkeypatch, tmp_path)


@pytest.mark.parametrize("case", CASES)
def test_preflight_says_what_an_import_does(
    case: Case, tfsetup: Tfsetup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    skip_unless_possible(case)
    environment = case.build(tmp_path / "env")
    variables, expected = case.variables(environment), case.expected(environment)
    assert {name: really_import(environment, [name], variables) for name in expected} == expected
    together = case.data.get("together")
    if together:
        assert really_import(environment, together["of"], variables) == environment.place(together["says"])
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    said = tfsetup("preflight", str(environment.prefix), "--json").document["data"]
    wrong = disagreements(case, environment, said)
    assert not wrong, "\n".join(wrong)
