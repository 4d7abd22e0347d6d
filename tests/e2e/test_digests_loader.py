"""The tests of the loaders, once more, with every native file read through its digest."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.process import ROOT

pytestmark = pytest.mark.heavy

TELLING = (
    "test_clashes", "test_dyld", "test_dyld_cases", "test_dyld_search", "test_elf_properties", "test_elf_symbols",
    "test_exports", "test_forks", "test_glibc_order", "test_glibc_search", "test_import_case_files", "test_importers",
    "test_linux_cases", "test_openers", "test_opening", "test_preflight", "test_sonames", "test_windows_cases",
)  # fmt: skip


def run(told: Path, names: tuple[str, ...], variables: dict[str, str]) -> tuple[str, list[str]]:
    """Run tests of the loaders through digests; return what pytest said at the end, and what was not kept."""
    files = [f"tests/unit/loader/{name}.py" for name in names]
    environ = os.environ | {"TFSETUP_TESTS_THROUGH_DIGESTS": str(told)} | variables
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", *files]
    done = subprocess.run(argv, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    return done.stdout, told.read_text(encoding="utf-8").splitlines()


def test_every_answer_is_the_same_and_nothing_is_fetched(tmp_path: Path) -> None:
    said, holes = run(tmp_path / "holes", TELLING, {})
    assert re.search(r"^(?=.*\b\d{3,} passed)(?!.*failed)(?!.*error)", said.splitlines()[-1]), said
    assert holes == []


def test_a_planted_hole_is_counted_and_answered_by_the_file(tmp_path: Path) -> None:
    said, holes = run(tmp_path / "holes", ("test_dyld_cases", "test_elf_symbols"), {"TFSETUP_TESTS_PLANTED_HOLE": "1"})
    assert re.search(r"\d+ passed", said.splitlines()[-1]), said
    assert "failed" not in said.splitlines()[-1], said
    assert len(holes) > 20
