"""Mutants: rules of tfsetup, each with a small change that breaks it and the tests that must notice.

`tests/mutants/README.md` says how one is written; `support.mutation` runs them.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from textwrap import dedent
from types import CodeType
from typing import Any, Final, Literal, get_args
from xml.etree import ElementTree as ET

Cost = Literal["seconds", "minutes"]
LIMIT_S: Final[dict[Cost, int]] = {"seconds": 120, "minutes": 1800}
"""How long the tests of one mutant may take before it counts as hanging, which kills nothing."""


class BrokenMutantError(Exception):
    """A mutant that says nothing: it cannot be read, no longer applies, or its tests cannot judge it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """A text in a file of the tree, and what stands there in the mutant."""

    file: str
    old: str
    new: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Mutant:
    """`rule`: what holds, in a sentence; `edits` break it; at least one of `tests` (pytest's names) must fail then."""

    name: str
    rule: str
    cost: Cost
    edits: tuple[Edit, ...]
    tests: tuple[str, ...]


def read_mutants(folder: Path) -> list[Mutant]:
    """Return the mutants of a folder, by name.

    Raises:
        BrokenMutantError: one is not written as the README says.
    """
    return [_mutant(path) for path in sorted(folder.glob("*.toml"))]


def _mutant(path: Path) -> Mutant:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        edits = tuple(_edit(one) for one in table.pop("edits"))
        mutant = Mutant(name=path.stem, edits=edits, tests=tuple(table.pop("tests")), **table)
    except (KeyError, TypeError, ValueError) as problem:
        raise BrokenMutantError(f"{path.name} cannot be read: {problem!r}") from problem
    if not (mutant.edits and mutant.tests and mutant.rule.endswith(".") and mutant.cost in get_args(Cost)):
        raise BrokenMutantError(f"{path.name}: a rule (a sentence), a cost, edits and tests are expected.")
    return mutant


def _edit(table: dict[str, Any]) -> Edit:
    return Edit(file=table.pop("file"), old=table.pop("old"), new=table.pop("new"), **table)


def applied(texts: dict[str, str], mutant: Mutant) -> dict[str, str]:
    """Return the files of a mutant, changed; `texts` holds them as they are.

    Raises:
        BrokenMutantError: a file is not there, a text is not in it exactly once, or nothing that runs is changed.
    """
    changed = dict(texts)
    for edit in mutant.edits:
        if edit.file not in changed:
            raise BrokenMutantError(f"there is no file {edit.file}")
        changed[edit.file] = _replaced(changed[edit.file], edit)
    for file, text in changed.items():
        if file.endswith(".py") and _same(text, texts[file], file):
            raise BrokenMutantError(f"the change of {file} changes nothing that runs")
    return changed


def _replaced(text: str, edit: Edit) -> str:
    found = list(_pattern(edit.old).finditer(text))
    if len(found) != 1:
        times = "no longer stands" if not found else f"stands {len(found)} times"
        raise BrokenMutantError(f"the old text {times} in {edit.file}")
    new = edit.new if "\n" not in edit.old else _shifted(edit, len(found[0]["margin"]))
    return text[: found[0].start()] + new + text[found[0].end() :]


def _shifted(edit: Edit, margin: int) -> str:
    """Return the new lines where they stand when the old ones have `margin` spaces before them."""
    old, new = edit.old.strip("\n").split("\n"), edit.new.strip("\n").split("\n")
    by = margin - (len(old[0]) - len(_lines(edit.old)[0]))
    if any(line and len(line) - len(line.lstrip()) + by < 0 for line in new):
        raise BrokenMutantError(f"the new text for {edit.file} stands too far to the left of the old one")
    return "\n".join(" " * (len(line) - len(line.lstrip()) + by) + line.lstrip() if line else "" for line in new)


def _lines(text: str) -> list[str]:
    return dedent(text).strip("\n").split("\n")


def _pattern(old: str) -> re.Pattern[str]:
    """Return what finds a text: a part of a line as it is; whole lines however far they stand to the right."""
    if "\n" not in old:
        return re.compile(re.escape(old))
    first, *others = _lines(old)
    rest = [rf"(?P=margin){re.escape(line)}" if line else "" for line in others]
    return re.compile("\n".join([rf"^(?P<margin> *){re.escape(first)}", *rest]) + "$", re.MULTILINE)


def _same(text: str, was: str, file: str) -> bool:
    """Tell whether two texts of a file differ in comments and layout only.

    What compiles to other code is another program. What does not may be one that says the same in other words
    (`40 + 2`), which only the trees tell; they take ten times as long.
    """
    return _runs(text, file) == _runs(was, file) and ast.dump(ast.parse(text)) == ast.dump(ast.parse(was))


@lru_cache(maxsize=8)  # many mutants change the same few files
def _runs(text: str, file: str) -> object:
    try:
        return _meaning(compile(text, file, "exec", dont_inherit=True))
    except SyntaxError as problem:
        raise BrokenMutantError(f"{file} is no Python any more: {problem}") from problem


def _meaning(code: CodeType) -> object:
    """Return what compiled code does, wherever it stands: equal where only comments and layout differ."""
    consts = tuple(_meaning(one) if isinstance(one, CodeType) else repr(one) for one in code.co_consts)
    names = (code.co_name, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
    return (*names, *counts, code.co_code, code.co_exceptiontable, consts)


# What a mutant that does not even run ends with: no rule was noticed then.
_NOT_RUN: Final = ("ImportError", "ModuleNotFoundError", "SyntaxError", "IndentationError", "NameError")


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What a run of pytest came to, from its exit status (None: it did not end in time) and its JUnit report."""

    status: int | None
    passed: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()


def read_report(status: int | None, report: str) -> Result:
    """Return what a JUnit report says; a test that failed comes with the first line of why."""
    found: dict[str, list[Any]] = {"passed": [], "skipped": [], "failed": []}
    for case in ET.fromstring(report).iter("testcase") if report else ():  # noqa: S314 - our own pytest wrote it
        name = f"{case.get('classname', '')}::{case.get('name', '')}"
        failure, error = case.find("failure"), case.find("error")
        if failure is not None:
            found["failed"].append((name, failure.get("message") or ""))
        elif case.find("skipped") is not None:
            found["skipped"].append(name)
        elif error is None:
            found["passed"].append(name)
    return Result(status=status, **{kind: tuple(names) for kind, names in found.items()})


def killer(result: Result) -> str:
    """Return the test that noticed a mutant.

    Raises:
        BrokenMutantError: none did, or the run says nothing: it hung, the mutant does not run, pytest found no tests.
    """
    if result.status is None:
        raise BrokenMutantError("its tests did not end: a test must fail, not hang")
    if result.status == 0:
        raise BrokenMutantError("it lives: no test noticed")
    noticed = [name for name, why in result.failed if not why.startswith(_NOT_RUN)]
    if result.status != 1 or not noticed:
        why = result.failed[0][1].partition("\n")[0] if result.failed else f"pytest ended with {result.status}"
        raise BrokenMutantError(f"it does not run, so nothing noticed it: {why}")
    return noticed[0]


def refuse_unsound(result: Result) -> None:
    """Refuse tests that fail, or do not run, without any mutant.

    Raises:
        BrokenMutantError: with their names.
    """
    if result.failed:
        raise BrokenMutantError(f"fails without any mutant: {result.failed[0][0]}: {result.failed[0][1]}")
    if result.status != 0:
        raise BrokenMutantError(f"pytest ended with {result.status} without any mutant: is every named test there?")
    if result.skipped:
        raise BrokenMutantError(f"is skipped here, so it notices nothing: {', '.join(result.skipped)}")


def table(rows: Iterable[Sequence[str]]) -> str:
    """Return rows as aligned columns."""
    cells = [list(row) for row in rows]
    widths = [max(len(row[at]) for row in cells) for at in range(len(cells[0]))] if cells else []
    return "\n".join(
        "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )
