"""Every mutant still applies, and the tests that must notice it are there; `make mutants` asks whether they do."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from support.mutants import Mutant, applied, read_mutants

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests" / "mutants"
MUTANTS = read_mutants(FOLDER)


def _name(mutant: Mutant) -> str:
    return mutant.name


@pytest.mark.parametrize("mutant", MUTANTS, ids=_name)
def test_a_mutant_applies(mutant: Mutant) -> None:
    files = {edit.file for edit in mutant.edits}
    applied({file: (ROOT / file).read_text(encoding="utf-8") for file in files if (ROOT / file).is_file()}, mutant)


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def _functions(path: Path) -> set[str]:
    return {node.name for node in ast.walk(_tree(path)) if hasattr(node, "name")}


@cache
def _for_root_only(path: Path) -> set[str]:
    """Return the tests whose marks ask who runs them, in so many words or by a name."""
    named = {
        target.id
        for node in _tree(path).body
        if isinstance(node, ast.Assign) and "geteuid" in ast.unparse(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return {
        node.name
        for node in _tree(path).body
        if isinstance(node, ast.FunctionDef)
        for mark in map(ast.unparse, node.decorator_list)
        if "geteuid" in mark or mark in named
    }


@pytest.mark.parametrize("mutant", MUTANTS, ids=_name)
def test_the_tests_of_a_mutant_are_there(mutant: Mutant) -> None:
    missing = []
    for test in mutant.tests:
        file, _, name = test.partition("::")
        path = ROOT / file
        names = [part.partition("[")[0] for part in name.split("::") if part]
        if not path.is_file() or not set(names) <= _functions(path):
            missing.append(test)
    assert missing == []


@pytest.mark.parametrize("mutant", MUTANTS, ids=_name)
def test_the_tests_of_a_mutant_notice_whoever_runs_them(mutant: Mutant) -> None:
    tests = [test.partition("[")[0].partition("::") for test in mutant.tests]
    assert [name for file, _, name in tests if name in _for_root_only(ROOT / file)] == []


def test_what_only_root_can_run_is_seen() -> None:
    assert "test_a_foreign_owner_is_refused_and_nothing_written" in _for_root_only(
        ROOT / "tests/unit/envs/test_ownership.py"
    )
    assert "test_a_lock_of_somebody_else_is_not_waited_for" in _for_root_only(ROOT / "tests/unit/envs/test_lockfile.py")


def test_each_mutant_breaks_something_in_the_package_and_no_two_the_same() -> None:
    edits = [edit for mutant in MUTANTS for edit in mutant.edits]
    assert [edit.file for edit in edits if not edit.file.startswith("installer/tfsetup/")] == []
    assert len({mutant.edits for mutant in MUTANTS}) == len(MUTANTS)
    assert len({mutant.rule for mutant in MUTANTS}) == len(MUTANTS)


def test_nothing_else_lies_among_them() -> None:
    assert {path.suffix for path in FOLDER.iterdir()} == {".toml", ".md"}
