"""What is said of an interpreter that is held to more than its files show."""

from __future__ import annotations

import pytest

from support.macho import EXECUTE, Plan, build, fat
from support.tree import Tree
from tfsetup.loader.dyld.process import DyldProcess
from tfsetup.loader.dyld.restrained import not_judged
from tfsetup.loader.dyld.words import Mac
from tfsetup.loader.model import NotCovered
from tfsetup.loader.shipped import load_system

PYTHON = "/usr/local/bin/python3"
RUNTIME, VALIDATION, RESTRICT = 0x10000, 0x2000, 0x800
BOTH = (
    "<plist><dict><key>com.apple.security.cs.allow-dyld-environment-variables</key>\n\t<true/>"
    "<key>com.apple.security.cs.disable-library-validation</key><true/></dict></plist>"
)
NEITHER = BOTH.replace("<true/>", "<false/>")


def said(plan: Plan, *variables: str, at: str = PYTHON) -> list[NotCovered]:
    return list(not_judged(Tree({at: build(plan)}), at, variables))


@pytest.mark.parametrize(
    ("plan", "held"),
    [
        (Plan(file_type=EXECUTE), False),  # ad hoc, as Homebrew, conda and uv sign it
        (Plan(file_type=EXECUTE, signed=False, arch="x86_64"), False),
        (Plan(file_type=EXECUTE, held=RUNTIME, granted=BOTH), False),  # python.org
        (Plan(file_type=EXECUTE, held=RUNTIME, granted=NEITHER), True),
        (Plan(file_type=EXECUTE, held=RUNTIME), True),
        (Plan(file_type=EXECUTE, held=VALIDATION), True),
        (Plan(file_type=EXECUTE, held=RESTRICT), False),
    ],
)
def test_library_validation_is_in_doubt_where_the_signature_asks_for_it(plan: Plan, held: bool) -> None:
    told = said(plan)
    assert [each.matters for each in told] == [True] * held
    assert all("library validation" in each.reason and PYTHON in each.reason for each in told)


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (Plan(file_type=EXECUTE), "it is judged as if not"),
        (Plan(file_type=EXECUTE, held=RUNTIME, granted=BOTH), "it is judged as if not"),
        (Plan(file_type=EXECUTE, held=RESTRICT), "drops"),
        (Plan(file_type=EXECUTE, held=RUNTIME, granted=NEITHER), "drops"),
    ],
)
def test_a_variable_is_told_and_what_becomes_of_it(plan: Plan, words: str) -> None:
    last = said(plan, "DYLD_LIBRARY_PATH", "DYLD_INSERT_LIBRARIES")[-1]
    assert last.reason.startswith("DYLD_INSERT_LIBRARIES, DYLD_LIBRARY_PATH are set")
    assert words in last.reason
    assert not last.matters


@pytest.mark.parametrize(
    ("path", "apples"),
    [
        ("/usr/bin/python3", True),
        ("/Library/Developer/CommandLineTools/usr/bin/python3", True),
        ("/Applications/Xcode.app/Contents/Developer/usr/bin/python3", True),
        ("/usr/local/bin/python3", False),
        (None, False),
    ],
)
def test_apple_s_own_python_is_told_without_its_file(path: str | None, apples: bool) -> None:
    told = list(not_judged(Tree({}), path, ()))
    assert [each.matters for each in told] == [False] * apples
    assert all("is Apple's" in each.reason for each in told)


def test_the_link_of_an_environment_leads_to_apple_s_python() -> None:
    real = "/Library/Developer/CommandLineTools/usr/bin/python3"
    tree = Tree({real: build(Plan(file_type=EXECUTE))}, links={"/venv/bin/python3": real})
    (told,) = not_judged(tree, "/venv/bin/python3", ())
    assert told.reason.startswith(real)


def test_any_part_of_a_universal_interpreter_counts() -> None:
    parts = fat(("x86_64", build(Plan(arch="x86_64"))), ("arm64", build(Plan(held=RUNTIME))))
    assert [each.matters for each in not_judged(Tree({PYTHON: parts}), PYTHON, ())] == [True]


@pytest.mark.parametrize("cut", [40, -60])
def test_of_a_damaged_interpreter_nothing_is_said(cut: int) -> None:
    damaged = build(Plan(file_type=EXECUTE, held=RUNTIME))[:cut]
    assert list(not_judged(Tree({PYTHON: damaged}), PYTHON, ())) == []


def test_the_process_says_it_too() -> None:
    told = NotCovered(reason="why")
    process = DyldProcess(Mac(version=(14, 4)), Tree({}), load_system(), [told])
    assert process.not_covered == (told,)
