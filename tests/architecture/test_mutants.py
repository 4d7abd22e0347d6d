"""Every mutant still applies, and the tests that must notice it are there; `make mutants` asks whether they do."""

from __future__ import annotations

import ast
from dataclasses import replace
from functools import cache
from pathlib import Path

from support.mutants import BrokenMutantError, Edit, Mutant, applied, read_mutants
from support.source import ROOT, nodes, text_of, tree_of

FOLDER = ROOT / "tests" / "mutants"
MUTANTS = read_mutants(FOLDER)


def _why_not(mutant: Mutant) -> str:
    files = {edit.file: text_of(ROOT / edit.file) for edit in mutant.edits if (ROOT / edit.file).is_file()}
    try:
        applied(files, mutant)
    except BrokenMutantError as error:
        return str(error)
    return ""


def test_every_mutant_applies() -> None:
    assert {mutant.name: why for mutant in MUTANTS if (why := _why_not(mutant))} == {}


def test_a_mutant_whose_text_is_gone_is_told() -> None:
    edits = (Edit(file=MUTANTS[0].edits[0].file, old="no such text stands there", new=""),)
    assert "no longer stands in" in _why_not(replace(MUTANTS[0], edits=edits))


@cache
def _functions(path: Path) -> set[str]:
    return {node.name for node in nodes(tree_of(path)) if hasattr(node, "name")}


@cache
def _for_root_only(path: Path) -> set[str]:
    """Return the tests whose marks ask who runs them, in so many words or by a name."""
    named = {
        target.id
        for node in tree_of(path).body
        if isinstance(node, ast.Assign) and "geteuid" in ast.unparse(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return {
        node.name
        for node in tree_of(path).body
        if isinstance(node, ast.FunctionDef)
        for mark in map(ast.unparse, node.decorator_list)
        if "geteuid" in mark or mark in named
    }


def _is_there(test: str) -> bool:
    file, _, name = test.partition("::")
    names = [part.partition("[")[0] for part in name.split("::") if part]
    return (ROOT / file).is_file() and set(names) <= _functions(ROOT / file)


def test_the_tests_of_a_mutant_are_there() -> None:
    assert [(mutant.name, test) for mutant in MUTANTS for test in mutant.tests if not _is_there(test)] == []


def test_the_tests_of_a_mutant_notice_whoever_runs_them() -> None:
    tests = [(mutant.name, test.partition("[")[0].partition("::")) for mutant in MUTANTS for test in mutant.tests]
    assert [(name, test) for name, (file, _, test) in tests if test in _for_root_only(ROOT / file)] == []


def test_what_only_root_can_run_is_seen() -> None:
    assert "test_a_foreign_owner_is_refused_and_nothing_written" in _for_root_only(
        ROOT / "tests/unit/envs/test_ownership.py"
    )
    assert "test_a_lock_of_somebody_else_is_not_waited_for" in _for_root_only(ROOT / "tests/unit/envs/test_lockfile.py")


PLACES = ("installer/tfsetup/", "scripts/", ".github/workflows/")
"""Where rules are: the package, what makes and maintains it, and what others run of it."""


def test_each_mutant_breaks_something_in_the_package_and_no_two_the_same() -> None:
    edits = [edit for mutant in MUTANTS for edit in mutant.edits]
    assert [edit.file for edit in edits if not edit.file.startswith(PLACES)] == []
    assert len({mutant.edits for mutant in MUTANTS}) == len(MUTANTS)
    assert len({mutant.rule for mutant in MUTANTS}) == len(MUTANTS)


def test_nothing_else_lies_among_them() -> None:
    assert {path.suffix for path in FOLDER.iterdir()} == {".toml", ".md"}
