"""What a mutant is, and when it counts as killed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.mutants import (
    BrokenMutantError,
    Edit,
    Mutant,
    Result,
    applied,
    killer,
    read_mutants,
    read_report,
    refuse_unsound,
    table,
)

TEXT = """\
def f(x):
    if x:
        g(x)
        return 1

    g(x)
    return 2
"""


def mutant(old: str, new: str, file: str = "a.py") -> Mutant:
    edits = (Edit(file=file, old=old, new=new),)
    return Mutant(name="m", rule="It holds.", cost="seconds", edits=edits, tests=("tests/test_a.py",))


def changed(old: str, new: str) -> str:
    return applied({"a.py": TEXT}, mutant(old, new))["a.py"]


def test_a_part_of_a_line_is_replaced() -> None:
    assert changed("return 1", "return 3") == TEXT.replace("return 1", "return 3")


@pytest.mark.parametrize("margin", ["", "  ", "            "])
def test_whole_lines_are_found_however_far_they_stand_to_the_right(margin: str) -> None:
    old = f"{margin}g(x)\n{margin}return 1\n"
    assert changed(old, f"{margin}h(x)\n{margin}if x:\n{margin}    return 1\n") == TEXT.replace(
        "        g(x)\n        return 1", "        h(x)\n        if x:\n            return 1"
    )


def test_new_lines_stand_to_the_old_ones_as_they_are_written() -> None:
    assert changed("    g(x)\n    return 1\n", "    return 1\n") == TEXT.replace(
        "        g(x)\n        return", "        return"
    )
    deeper = changed("if x:\n    g(x)\n    return 1\n", "if x:\n    pass\nif not x:\n    return 3\n")
    assert deeper == TEXT.replace("        g(x)\n        return 1", "        pass\n    if not x:\n        return 3")
    with pytest.raises(BrokenMutantError, match="too far to the left"):
        changed(f"{' ' * 12}g(x)\n{' ' * 12}return 1\n", "pass\n")


def test_empty_lines_between_are_lines() -> None:
    assert "return 5" in changed("        return 1\n\n    g(x)", "        return 5\n\n    g(x)")


def test_lines_that_stand_at_another_distance_from_each_other_are_not_the_same() -> None:
    with pytest.raises(BrokenMutantError, match=r"the old text no longer stands in a\.py"):
        changed("    g(x)\nreturn 1", "pass\n")


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("return 9", "return 1", r"the old text no longer stands in a\.py"),
        ("g(x)", "h(x)", r"the old text stands 2 times in a\.py"),
        ("return 1", "return 1  # as before", r"the change of a\.py changes nothing that runs"),
        ("return 1", "return (", r"a\.py is no Python any more"),
    ],
)
def test_a_mutant_that_says_nothing_is_refused(old: str, new: str, why: str) -> None:
    with pytest.raises(BrokenMutantError, match=why):
        changed(old, new)


def test_a_file_that_moved_is_told() -> None:
    with pytest.raises(BrokenMutantError, match=r"there is no file b\.py"):
        applied({}, mutant("a", "b", file="b.py"))


def test_several_edits_are_one_mutant() -> None:
    edits = (Edit(file="a.py", old="return 1", new="return 3"), Edit(file="a.py", old="return 3", new="return 4"))
    both = Mutant(name="m", rule="It holds.", cost="seconds", edits=edits, tests=("t",))
    assert applied({"a.py": TEXT}, both)["a.py"] == TEXT.replace("return 1", "return 4")


@given(st.text(alphabet="ab \n.*(\\", min_size=1, max_size=30))
def test_any_text_is_found_once_or_refused(old: str) -> None:
    text = "a.*(b\n  a\\\n  b\n"
    try:
        found = applied({"a.txt": text}, mutant(old, "Z", file="a.txt"))["a.txt"]
    except BrokenMutantError:
        return
    assert found.count("Z") == 1
    assert len(found) <= len(text) + 1


GOOD = """\
rule = "It holds."
cost = "seconds"
tests = ["tests/test_a.py::test_x"]

[[edits]]
file = "a.py"
old = '''
    one
    two
'''
new = "pass"
"""


def test_a_mutant_is_read(tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(GOOD)
    edits = (Edit(file="a.py", old="    one\n    two\n", new="pass"),)
    expected = Mutant(name="m", rule="It holds.", cost="seconds", edits=edits, tests=("tests/test_a.py::test_x",))
    assert read_mutants(tmp_path) == [expected]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('rule = "It holds."', ""),
        ('"It holds."', '"it holds"'),
        ('"seconds"', '"hours"'),
        ('["tests/test_a.py::test_x"]', "[]"),
        ("[[edits]]", "[[changes]]"),
        ('file = "a.py"', 'file = "a.py"\nline = 3'),
        ("cost", "price"),
        ("rule =", "rule"),
    ],
)
def test_a_mutant_that_is_written_otherwise_is_refused_by_name(tmp_path: Path, old: str, new: str) -> None:
    (tmp_path / "m.toml").write_text(GOOD.replace(old, new))
    with pytest.raises(BrokenMutantError, match=r"^m\.toml"):
        read_mutants(tmp_path)


FAILED = (("tests.test_a::test_x", "assert 1 == 2"),)


def test_the_test_that_failed_is_the_killer() -> None:
    assert killer(Result(status=1, failed=FAILED)) == "tests.test_a::test_x"


@pytest.mark.parametrize(
    ("result", "why"),
    [
        (Result(status=0, passed=("a::b",)), "it lives: no test noticed"),
        (Result(status=None), "did not end"),
        (Result(status=2), "pytest ended with 2"),
        (Result(status=4), "pytest ended with 4"),
        (Result(status=5), "pytest ended with 5"),
        (Result(status=1), "pytest ended with 1"),
        (Result(status=-9), "pytest ended with -9"),
        (Result(status=1, failed=(("a::b", "NameError: name 'x' is not defined"),)), "it does not run.*NameError"),
        (Result(status=1, failed=(("a::b", "ModuleNotFoundError: x"),)), "it does not run"),
        (Result(status=2, failed=FAILED), "it does not run"),
    ],
)
def test_nothing_else_kills(result: Result, why: str) -> None:
    with pytest.raises(BrokenMutantError, match=why):
        killer(result)


@pytest.mark.parametrize(
    ("result", "why"),
    [
        (Result(status=1, failed=FAILED), "test_x: assert 1 == 2"),
        (Result(status=4), "is every named test there"),
        (Result(status=0, passed=("a::b",), skipped=("a::c",)), "is skipped here.*a::c"),
    ],
)
def test_tests_that_do_not_pass_without_a_mutant_are_refused(result: Result, why: str) -> None:
    with pytest.raises(BrokenMutantError, match=why):
        refuse_unsound(result)
    refuse_unsound(Result(status=0, passed=("a::b",)))


def test_a_report_is_read() -> None:
    report = (
        '<testsuites><testsuite><testcase classname="a" name="p"/>'
        '<testcase classname="a" name="s"><skipped/></testcase>'
        '<testcase classname="a" name="e"><error message="ImportError: x"/></testcase>'
        '<testcase classname="a" name="f"><failure message="assert 0"/></testcase></testsuite></testsuites>'
    )
    assert read_report(1, report) == Result(
        status=1, passed=("a::p",), skipped=("a::s",), failed=(("a::f", "assert 0"),)
    )
    assert read_report(None, "") == Result(status=None)


def test_a_table_is_aligned() -> None:
    assert table([("a", "1", "x"), ("bbb", "22", "y")]) == "a    1   x\nbbb  22  y"
    assert table([]) == ""
