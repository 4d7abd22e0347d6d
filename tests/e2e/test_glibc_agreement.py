"""The prediction for Linux against the loader of this machine: every library of a real environment, whole and damaged.

Each library is opened with ctypes in a child process; its words, or the way it dies, must be those predicted.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support.elf_damage import Variant, lay_out
from support.elf_trees import damaged
from support.linux_host import real_process, start_modules
from support.loader_truth import Opening, Truth, ask, differs
from support.real_files import linux_environment, site_packages
from tfsetup.loader.model import Mode

pytestmark = [pytest.mark.process, pytest.mark.heavy, pytest.mark.skipif(sys.platform != "linux", reason="Linux only")]

AARCH64 = 183


@pytest.fixture(scope="module")
def site() -> Path:
    return site_packages(linux_environment())


@pytest.fixture(scope="module")
def python(site: Path) -> Path:
    return site.parents[2] / "bin" / "python"


def judge(python: Path, opening: Opening, truth: Truth, library_path: str = "") -> str | None:
    process = real_process(python, library_path=library_path)
    for module in start_modules(python):
        assert process.dlopen(module, Mode()) is None
    failure = process.dlopen(opening.path, Mode(now=not opening.lazy, scope="local"))
    return differs(truth, failure, undecided=any(note.matters for note in process.not_covered))


@pytest.mark.e2e
def test_every_library_of_an_environment(site: Path, python: Path) -> None:
    openings = [Opening(path=str(path)) for path in sorted(site.rglob("*.so*")) if path.is_file()]
    assert len(openings) > 100
    truths = ask([str(python)], openings)
    wrong = {
        opening.path: text
        for opening, truth in zip(openings, truths, strict=True)
        if (text := judge(python, opening, truth))
    }
    assert wrong == {}


def test_damaged_libraries(
    site: Path, python: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    pristine = tmp_path / "pristine"
    cases = damaged(site, pristine, AARCH64)
    wrong = {case.name: text for case in cases if (text := judge_variant(case, pristine, tmp_path / "case", python))}
    record_property("variants", len(cases))
    assert len(cases) >= 200
    assert wrong == {}


def judge_variant(case: Variant, pristine: Path, folder: Path, python: Path) -> str | None:
    folder.mkdir()
    lay_out(case, pristine, folder)
    library_path = ":".join(str(folder / name) for name in case.library_path)
    opening = Opening(path=str(folder / case.target), lazy=case.lazy)
    truth = ask([str(python)], [opening], library_path)[0]
    text = judge(python, opening, truth, library_path)
    shutil.rmtree(folder)
    return text
