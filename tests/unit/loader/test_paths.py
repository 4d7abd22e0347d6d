from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.source import read_yaml
from support.wheels import wheel
from tfsetup.loader.files.view import WheelView
from tfsetup.loader.python.known import FUNCTIONS, Place
from tfsetup.loader.python.meaning import HOLE, Either, Name, Value, either, lift, paths_of, truth
from tfsetup.loader.python.running import Call, Exhausted, Runner
from tfsetup.loader.python.target import Target
from tfsetup.loader.python.values import UNKNOWN

SITE = "/S/lib/python3.11/site-packages"
CASES: list[dict[str, Any]] = read_yaml(
    (Path(__file__).parents[2] / "cases/loader/openers/expressions.yaml").read_text("utf-8")
)


def place(files: dict[str, str], system: Any = "linux") -> Place:
    view = WheelView([wheel("p-1.0-py3-none-any.whl", files)], at=SITE)
    return Place(files=view, site=SITE, target=Target(system=system, arch="x86_64", python="3.11"))


def shown(value: Value) -> Any:
    """Return a value as the cases write it."""
    match value:
        case Either(options=several):
            return {"either": [shown(one) for one in several]}
        case tuple():
            return [shown(one) for one in value]
        case str():
            return value.replace(HOLE, "…")
        case bool() | int() | float() | None:
            return value
        case _:
            return "?"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_an_expression_stands_for_a_value(case: dict[str, Any]) -> None:
    files = {"p/__init__.py": "", "p/m.py": f"{case['before']}\nit = {case['it']}\n"}
    at = place({**files, **dict.fromkeys(case.get("files", ()), "")}, case.get("system", "linux"))
    scope = Runner(at, "p", lambda _call: UNKNOWN).module("p.m")
    assert scope is not None
    assert shown(scope.names["it"]) == case["value"]


def test_case_names_are_distinct() -> None:
    assert len({case["name"] for case in CASES}) == len(CASES)


def test_calls_of_others_are_heard_in_order_with_what_they_are_given() -> None:
    heard: list[Call] = []

    def listener(call: Call) -> Value:
        heard.append(call)
        return UNKNOWN

    code = (
        "import os\nfrom .b import folder\nos.add_dll_directory(folder())\nif os.urandom(1):\n    os.spam(1, mode=2)\n"
    )
    files = {"p/__init__.py": code, "p/b.py": "import os\ndef folder():\n    return os.path.dirname(__file__)\n"}
    Runner(place(files), "p", listener).module("p")
    assert [(call.name, call.line, call.maybe) for call in heard] == [
        ("os.add_dll_directory", 3, False),
        ("os.urandom", 4, False),
        ("os.spam", 5, True),
    ]
    assert heard[0].argument(0, "path") == f"{SITE}/p"
    assert (heard[2].argument(0, "x"), heard[2].argument(1, "mode"), heard[2].argument(2, "y", 7)) == (1, 2, 7)


@pytest.mark.parametrize(
    "code",
    [
        "def f(n):\n    return f(n + 1)\nf(0)\n",
        f"x = {tuple(range(60))}\nfor a in x:\n  for b in x:\n    for c in x:\n      y = c\n",
    ],
    ids=["too deep", "too long"],
)
def test_code_without_end_is_left(code: str) -> None:
    with pytest.raises(Exhausted):
        Runner(place({"p/__init__.py": code}), "p", lambda _call: UNKNOWN).module("p")


@pytest.mark.parametrize("begin", ["(1, 2)", "'ab'"])
def test_what_doubles_becomes_unknown_before_it_fills_the_memory(begin: str) -> None:
    scope = Runner(place({"p/__init__.py": f"x = {begin}\n" + "x = x + x\n" * 13}), "p", lambda _call: UNKNOWN).module(
        "p"
    )
    assert scope is not None
    assert scope.names["x"] is UNKNOWN


def test_what_is_not_worth_it_is_not_read() -> None:
    runner = Runner(place({"p/__init__.py": "x = 1"}), "p", lambda _call: UNKNOWN, wanted=lambda text: b"CDLL" in text)
    assert runner.module("p") is None
    assert runner.module("p.missing") is None


def test_values_that_may_be_several() -> None:
    assert either(["a", "a"]) == "a"
    assert either(["a", Either(("b", "a"))]) == Either(("a", "b"))
    assert either(["a", UNKNOWN]) is UNKNOWN
    assert either([]) is UNKNOWN
    assert either(list(range(17))) is UNKNOWN
    assert lift(lambda parts: f"{parts[0]}{parts[1]}", [Either(("a", "b")), "c"]) == Either(("ac", "bc"))
    assert lift(lambda _parts: "x", [Either(tuple(range(5))), Either(tuple(range(5)))]) is UNKNOWN


def test_truth_is_told_only_where_it_is_known() -> None:
    assert [truth(each) for each in ("", "a", HOLE, (), (1,), None, UNKNOWN, Name("x"))] == [
        False, True, None, False, True, False, None, None,
    ]  # fmt: skip
    assert truth(Either(("a", "b"))) is True
    assert truth(Either(("a", ""))) is None


def test_paths_are_told_only_where_all_is_a_path() -> None:
    assert paths_of(Either(("a\\b", "c"))) == ("a/b", "c")
    assert paths_of(Either(("a", 1))) is None
    assert paths_of(UNKNOWN) is None
    assert paths_of("") is None


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_no_function_stumbles_over_what_it_is_given(name: str) -> None:
    at = place({"p/__init__.py": ""})
    for values in ((), (UNKNOWN,), (None, None), (HOLE, 3), ("a", ("b", UNKNOWN)), (Name("x"), "y")):
        FUNCTIONS[name](at, values)
