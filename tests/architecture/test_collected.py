"""Every test file is one that pytest finds: by itself it passes over folders with names such as `venv` and `build`."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parents[1]
TEST = re.compile(r"^(?:async )?def test_|^class Test", re.MULTILINE)


def test_no_folder_with_tests_is_passed_over(pytestconfig: pytest.Config) -> None:
    passed_over = pytestconfig.getini("norecursedirs")
    folders = {path.parent.relative_to(HERE) for path in HERE.rglob("test_*.py") if TEST.search(path.read_text())}
    assert folders > {Path("architecture"), Path("unit/locks/venv")}
    lost = [(folder, one) for folder in folders for one in passed_over for part in folder.parts if fnmatch(part, one)]
    assert not lost
