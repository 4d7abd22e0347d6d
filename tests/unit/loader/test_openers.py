from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.source import read_yaml
from support.wheels import wheel
from tfsetup.loader.files.view import WheelView
from tfsetup.loader.model import Mode
from tfsetup.loader.python.importers import Importers
from tfsetup.loader.python.known import Place
from tfsetup.loader.python.modules import walk
from tfsetup.loader.python.openers import Opened, Openers, Opening, top_level
from tfsetup.loader.python.target import Target

SITE = "/S/lib/python3.11/site-packages"
NATIVE = (".so", ".dylib", ".dll")
CASES: list[dict[str, Any]] = read_yaml(
    (Path(__file__).parents[2] / "cases/loader/openers/packages.yaml").read_text("utf-8")
)


def openers(files: dict[str, str], system: Any = "linux") -> Openers:
    view = WheelView([wheel("p-1.0-py3-none-any.whl", files)], at=SITE)
    natives = [path for path in walk(view, SITE) if path.endswith(NATIVE)]
    place = Place(files=view, site=SITE, target=Target(system=system, arch="x86_64", python="3.11"))
    return Openers(place, Importers(view, SITE), natives)


def as_told(opening: Opening) -> dict[str, Any]:
    return {
        "path": opening.path.removeprefix(f"{SITE}/"),
        "way": opening.way,
        "where": opening.where,
        "by": opening.by,
        "certain": opening.certain,
        "scope": opening.mode.scope,
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_what_a_package_opens(case: dict[str, Any]) -> None:
    opened = openers(case["files"], case.get("system", "linux")).of(case.get("package", "p"))
    found = [as_told(each) for each in opened.openings]
    assert [one["path"] for one in found] == [one["path"] for one in case["opens"]]
    for told, wanted in zip(found, case["opens"], strict=True):
        assert {key: told[key] for key in wanted} == wanted
    assert [each.where for each in opened.unfollowed] == case.get("unfollowed", [])


def test_case_names_are_distinct() -> None:
    assert len({case["name"] for case in CASES}) == len(CASES)


def test_ctypes_opens_local_cffi_says_nothing_and_tensorflow_local() -> None:
    code = (
        "import ctypes, os, cffi\nimport tensorflow as tf\nhere = os.path.dirname(__file__)\n"
        "ctypes.CDLL(here + '/a.so')\ncffi.FFI().dlopen(here + '/b.so')\ntf.load_op_library(here + '/c.so')\n"
    )
    files = {"p/__init__.py": code, "p/a.so": "", "p/b.so": "", "p/c.so": ""}
    modes = {each.path.rpartition("/")[2]: each.mode for each in openers(files).of("p").openings}
    assert modes == {"a.so": Mode(scope="local"), "b.so": Mode(), "c.so": Mode(scope="local")}


def test_a_call_that_is_not_understood_says_where_it_is_and_what_it_may_mean() -> None:
    code = "import ctypes, os, foo\nctypes.CDLL(os.path.join(os.path.dirname(__file__), foo.name()))\n"
    (told,) = openers({"p/__init__.py": code, "p/a.so": "", "p/b.so": ""}).of("p").unfollowed
    assert (told.package, told.names) == ("p", ("a.so", "b.so"))
    assert told.reason == "p/__init__.py:2 opens a library by a path that is put together at run time (ctypes.CDLL)"


def test_code_that_opens_nothing_is_not_followed() -> None:
    assert openers({"p/__init__.py": "import os\n" * 10, "p/a.so": ""}).of("p") == Opened()


def test_code_that_is_not_python_opens_nothing() -> None:
    assert openers({"p/__init__.py": "print 'CDLL'", "p/a.so": ""}).of("p") == Opened()


def test_code_without_end_keeps_what_was_seen_before() -> None:
    code = "import ctypes, os\nctypes.CDLL(os.path.dirname(__file__) + '/a.so')\ndef f(n):\n    return f(n + 1)\nf(0)\n"
    (opening,) = openers({"p/__init__.py": code, "p/a.so": ""}).of("p").openings
    assert opening.path == f"{SITE}/p/a.so"


@pytest.mark.parametrize(
    ("path", "top"), [(f"{SITE}/p/lib/a.so", "p"), (f"{SITE}/m.abi3.so", "m"), (f"{SITE}/x.libs/a.so", "x")]
)
def test_a_file_is_part_of_a_package(path: str, top: str) -> None:
    assert top_level(path, SITE) == top


def test_names_that_modules_have_from_each_other_in_a_circle_are_not_known() -> None:
    files = {
        "p/__init__.py": "from p.one import where\nimport ctypes\nctypes.CDLL(where)\n",
        "p/one.py": "from p.two import where\n__file__\n",
        "p/two.py": "from p.one import where\n__file__\n",
        "p/a.so": "",
    }
    opened = openers(files).of("p")
    assert opened.openings == ()
    assert [each.where for each in opened.unfollowed] == ["p/__init__.py:3"]
