from __future__ import annotations

import ast
from collections import namedtuple
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.source import read_yaml
from tfsetup.ground.platforms import Arch, Os, Platform
from tfsetup.loader.python.conditions import Conditions
from tfsetup.loader.python.target import Target
from tfsetup.loader.python.values import UNKNOWN, Between

CASES: list[dict[str, Any]] = read_yaml(
    (Path(__file__).parents[2] / "cases/loader/conditions/conditions.yaml").read_text("utf-8")
)
TARGETS = {
    "linux": Target(system="linux", arch="x86_64", python="3.11"),
    "arm": Target(system="linux", arch="aarch64", python="3.12"),
    "musl": Target(system="linux", arch="x86_64", python="3.12", musl=True),
    "pi": Target(system="linux", arch="armv7l", python="3.9"),
    "mac": Target(system="macos", arch="arm64", python="3.12"),
    "intel": Target(system="macos", arch="x86_64", python="3.8"),
    "windows": Target(system="windows", arch="x86_64", python="3.10"),
    "unversioned": Target(system="linux", arch="x86_64"),
}


def condition(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def asked(text: str, target: Target | None, before: str = "") -> bool | None:
    return Conditions(target, ast.parse(before) if before else None).holds(condition(text))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["if"])
def test_what_a_condition_comes_to(case: dict[str, Any]) -> None:
    before = case.get("after", "")
    for on in ("holds", "fails", "open"):
        for name in case.get(on, ()):
            wanted = {"holds": True, "fails": False, "open": None}[on]
            assert asked(case["if"], TARGETS[name], before) is wanted, (name, on)


def test_every_case_has_an_answer_and_each_answer_has_cases() -> None:
    answers = [on for case in CASES for on in ("holds", "fails", "open") if case.get(on)]
    assert {*answers} == {"holds", "fails", "open"}
    assert all(any(case.get(on) for on in ("holds", "fails", "open")) for case in CASES)


def test_of_any_interpreter_only_what_is_always_so_is_known() -> None:
    assert asked("TYPE_CHECKING", None) is False
    assert asked("sys.platform == 'win32'", None) is None
    assert asked("hasattr(os, 'add_dll_directory')", None) is None
    assert asked("TYPE_CHECKING or sys.implementation.name == 'cpython'", None) is True


def test_arguments_and_variables_hide_names_of_the_module() -> None:
    tree = ast.parse(
        "import sys\nWINDOWS = sys.platform == 'win32'\n"
        "def f(sys):\n    pass\n"
        "def g():\n    import platform as p\n    WINDOWS = find()\n    mac = p.system() == 'Darwin'\n"
        "    def h(mac):\n        pass\n"
    )
    outside = Conditions(TARGETS["linux"], tree)
    f, g = (node for node in tree.body if isinstance(node, ast.FunctionDef))
    h = next(node for node in g.body if isinstance(node, ast.FunctionDef))
    assert outside.holds(condition("WINDOWS")) is False
    assert outside.inside(f).holds(condition("sys.platform == 'linux'")) is None
    assert outside.inside(f).holds(condition("WINDOWS")) is False
    assert outside.inside(g).holds(condition("WINDOWS")) is None
    assert outside.inside(g).holds(condition("mac")) is False
    assert outside.inside(g).inside(h).holds(condition("mac")) is None
    assert outside.inside(g).inside(h).holds(condition("p.system() == 'Linux'")) is True


def test_the_bodies_that_may_be_run() -> None:
    node = ast.parse("if sys.platform == 'win32':\n    a\nelse:\n    b").body[0]
    assert isinstance(node, ast.If)
    assert Conditions(TARGETS["windows"]).taken(node) == (node.body,)
    assert Conditions(TARGETS["mac"]).taken(node) == (node.orelse,)
    assert Conditions(None).taken(node) == (node.body, node.orelse)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'_' + 's'", "_s"),
        ("f'.{part}_{3}'", ".simd_3"),
        ("f'{sys.platform}-{x!r}'", UNKNOWN),
        ("f'{x}'", UNKNOWN),
        ("'a' if os.name == 'nt' else 'b'", "b"),
        ("os.name == 'nt' and 'a' or 'b'", "b"),
        ("x or 'b'", UNKNOWN),
        ("sys.version_info[2]", Between(0, 99)),
        ("-1", -1),
        ("('a', 'b')[-1]", "b"),
        ("('a', 'b')[2]", UNKNOWN),
        ("[*x]", UNKNOWN),
        ("'a' * 100000", UNKNOWN),
        ("2 ** 10 ** 10", UNKNOWN),
        ("1 << 10 ** 10", UNKNOWN),
    ],
)
def test_values_of_expressions(text: str, value: object) -> None:
    conditions = Conditions(TARGETS["linux"], ast.parse("part = 'simd'"))
    assert conditions.value(condition(text)) == value
    assert conditions.text(condition(text)) == (value if isinstance(value, str) else None)


@pytest.mark.parametrize(
    ("before", "text", "name"),
    [
        ("import os", "os.path.join", "os.path.join"),
        ("import os.path", "os.path.join", "os.path.join"),
        ("import os.path as p", "p.join", "os.path.join"),
        ("from os import path", "path.join", "os.path.join"),
        ("from . import compat as c", "c.WINDOWS", "..compat.WINDOWS"),
        ("import importlib\nload = importlib.import_module", "load", "importlib.import_module"),
        ("import platform", "platform.uname().machine", "platform.uname().machine"),
        ("import os\nos = 1", "os.path", None),
        ("", "f(1).a", None),
    ],
)
def test_what_an_expression_names(before: str, text: str, name: str | None) -> None:
    assert Conditions(None, ast.parse(before)).path(condition(text)) == name


def test_conditions_too_deep_for_this_python_are_open() -> None:
    deep: ast.expr = ast.Constant(value=True)
    for _ in range(5000):
        deep = ast.UnaryOp(op=ast.Not(), operand=deep)
    assert Conditions(None).holds(deep) is None
    assert Conditions(None).value(deep) is UNKNOWN


# ------------------------------------------------------------------------- the same as Python, whatever is asked

VersionInfo = namedtuple("VersionInfo", "major minor micro releaselevel serial")  # noqa: PYI024 - as sys has it
SYSTEMS: dict[Os, list[Arch]] = {
    "linux": ["x86_64", "aarch64", "armv7l", "i686"],
    "macos": ["x86_64", "arm64"],
    "windows": ["x86_64", "arm64", "i686"],
}
targets = st.sampled_from(sorted(SYSTEMS)).flatmap(
    lambda system: st.builds(
        Target,
        system=st.just(system),
        arch=st.sampled_from(SYSTEMS[system]),
        python=st.sampled_from(["3.6", "3.8", "3.10", "3.11", "3.13"]),
    )
)

texts = st.sampled_from(["linux", "darwin", "win32", "Windows", "Linux", "nt", "posix", "AMD64", "x86_64", "l", ""])
words = st.one_of(
    st.sampled_from(
        ["sys.platform", "os.name", "platform.system()", "platform.machine()", "sys.implementation.name", "unknown"]
    ),
    texts.map(repr),
)
numbers = st.sampled_from(["sys.version_info[0]", "sys.version_info.minor", "sys.version_info[2]", "2", "3", "8", "11"])
rows = st.one_of(
    st.sampled_from(["sys.version_info", "sys.version_info[:2]", "sys.version_info[:3]"]),
    st.lists(st.integers(0, 13), max_size=4).map(lambda parts: repr((3, *parts))),
)
order = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])


def joined(left: st.SearchStrategy[str], right: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(left, order, right).map(" ".join)


chained = st.tuples(numbers, order, numbers, order, numbers).map(" ".join)
members = st.tuples(words, st.sampled_from(["in", "not in"]), st.lists(words, max_size=3), st.sampled_from("([{"))
inside = members.map(
    lambda each: (
        f"{each[0]} {each[1]} ({', '.join([*each[2], 'unknown'])},)"
        if each[3] != "["
        else f"{each[0]} {each[1]} [{', '.join(each[2])}]"
    )
)
starts = st.tuples(words, st.sampled_from(["startswith", "endswith"]), texts).map(lambda t: f"{t[0]}.{t[1]}({t[2]!r})")
lowered = st.tuples(words, texts).map(lambda each: f"{each[0]}.lower() == {each[1]!r}")
odd = st.sampled_from(
    ["TYPE_CHECKING", "maybe", "unknown", "sys.maxsize > 2**32", "sys.hexversion >= 0x030B0000", "None is None", "0"]
)
atoms = st.one_of(
    joined(words, words), joined(numbers, numbers), joined(rows, rows), chained, inside, starts, lowered, odd
)
conditions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        inner.map(lambda one: f"not ({one})"),
        st.tuples(inner, st.sampled_from(["and", "or", "=="]), inner).map(lambda t: f"({t[0]}) {t[1]} ({t[2]})"),
        st.tuples(inner, inner, inner).map(lambda t: f"(({t[0]}) if ({t[1]}) else ({t[2]}))"),
    ),
    max_leaves=6,
)


def seen(target: Target, micro: int, unknown: str, *, maybe: bool) -> dict[str, object]:
    """What a process of the target would find under these names; `unknown` and `maybe` are what nobody can know."""
    names = Platform(target.system, target.arch).environment("3")
    version = VersionInfo(*(target.version or (3, 0)), micro, "final", 0)
    narrow = target.arch in {"armv7l", "i686"}
    sys = SimpleNamespace(
        platform=names["sys_platform"], version_info=version, implementation=SimpleNamespace(name="cpython"),
        maxsize=2**31 - 1 if narrow else 2**63 - 1, hexversion=(version[0] << 24) + (version[1] << 16) + (micro << 8),
    )  # fmt: skip
    platform = SimpleNamespace(system=lambda: names["platform_system"], machine=lambda: names["platform_machine"])
    os = SimpleNamespace(name=names["os_name"])
    known = {"sys": sys, "os": os, "platform": platform, "TYPE_CHECKING": False}
    return {**known, "unknown": unknown, "maybe": maybe}


@given(text=conditions, target=targets, micro=st.integers(0, 20), unknown=texts, maybe=st.booleans())
def test_a_decided_condition_is_decided_as_python_decides_it(
    text: str, target: Target, micro: int, unknown: str, *, maybe: bool
) -> None:
    found = asked(text, target)
    really = bool(eval(text, seen(target, micro, unknown, maybe=maybe)))  # noqa: S307 - texts of this test only
    assert found in {None, really}
    if not {"unknown", "maybe", "version_info[2]", "version_info[:3]"} & {*_words(text)} and "hex" not in text:
        assert found is really or "version_info" in text


def _words(text: str) -> list[str]:
    return [word for word in ("unknown", "maybe", "version_info[2]", "version_info[:3]") if word in text]


@given(text=conditions, target=targets)
def test_the_version_of_no_python_decides_less_and_nothing_else(text: str, target: Target) -> None:
    less = asked(text, replace(target, python=None))
    assert less is None or less is asked(text, target)


@given(st.text(max_size=40))
def test_any_expression_has_an_answer(text: str) -> None:
    try:
        node = condition(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    assert Conditions(TARGETS["linux"]).holds(node) in {True, False, None}
