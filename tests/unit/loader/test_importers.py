from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.source import read_yaml
from support.wheels import wheel
from tfsetup.loader.files.view import WheelView
from tfsetup.loader.python.importers import Importers, imports_of, is_public
from tfsetup.loader.python.modules import walk
from tfsetup.loader.python.target import Target

SITE = "/S"
CASES: list[dict[str, Any]] = read_yaml(
    (Path(__file__).parents[2] / "cases/loader/importers/packages.yaml").read_text("utf-8")
)

TARGETS = {
    "linux": Target(system="linux", arch="x86_64", python="3.11"),
    "windows": Target(system="windows", arch="x86_64", python="3.11"),
}


def site(files: dict[str, str]) -> WheelView:
    return WheelView([wheel("p-1.0-py3-none-any.whl", files)], at=SITE)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_package_needs_its_module_or_not(case: dict[str, Any]) -> None:
    view = site(case["files"])
    natives = [path for path in walk(view, SITE) if path.endswith(".so")]
    assert Importers(view, SITE, TARGETS.get(case.get("system", ""))).needed(case["module"], natives) is case["needed"]


def test_case_names_are_distinct() -> None:
    assert len({case["name"] for case in CASES}) == len(CASES)


class Counting:
    """A file system that counts the files whose bytes are asked for."""

    def __init__(self, view: WheelView) -> None:
        self.view, self.looked = view, 0

    def lookup(self, path: str) -> Any:
        self.looked += path.endswith(".py")
        return self.view.lookup(path)

    def listdir(self, path: str) -> Any:
        return self.view.listdir(path)


def test_nothing_is_read_before_the_first_question_and_nothing_twice() -> None:
    files = Counting(site({"p/__init__.py": "from . import _a, _b", "p/x.py": "", "q/__init__.py": "from . import _c"}))
    importers = Importers(files, SITE)
    assert files.looked == 0
    assert importers.needed("p._a")
    assert files.looked == 2
    assert importers.needed("p._b")
    assert files.looked == 2


@pytest.mark.parametrize(
    ("source", "targets"),
    [
        ("import a.b.c", {"a", "a.b", "a.b.c"}),
        ("import a.b as x, d", {"a", "a.b", "d"}),
        ("from a import b", {"a", "a.b"}),
        ("from . import b", {"p", "p.q", "p.q.b"}),
        ("from .b import c", {"p", "p.q", "p.q.b", "p.q.b.c"}),
        ("from .. import b", {"p", "p.b"}),
        ("from ..... import b", {"b"}),
        ("x = 1", set()),
    ],
)
def test_what_a_statement_names(source: str, targets: set[str]) -> None:
    assert set(imports_of(source.encode(), "p.q", package=True)) == targets
    assert set(imports_of(source.encode(), "p.q.m", package=False)) == targets


@pytest.mark.parametrize(
    ("source", "ways"),
    [
        ("import a", {"at-import"}),
        ("def f():\n    import a", {"later"}),
        ("async def f():\n    import a", {"later"}),
        ("try:\n    import a\nexcept ImportError:\n    pass", {"guarded"}),
        ("try:\n    import a\nexcept builtins.ImportError:\n    pass", {"guarded"}),
        ("try:\n    import a\nexcept ImportError:\n    raise SystemExit", {"at-import"}),
        ("try:\n    import a\nfinally:\n    pass", {"at-import"}),
        ("try:\n    pass\nfinally:\n    import a", {"at-import"}),
        ("try:\n    try:\n        import a\n    finally:\n        pass\nexcept Exception:\n    pass", {"guarded"}),
        ("def f():\n    try:\n        import a\n    except ImportError:\n        pass", {"later"}),
        ("import a\ndef f():\n    import a", {"at-import", "later"}),
        ("for x in y:\n    import a", {"at-import"}),
        ("while x:\n    pass\nelse:\n    import a", {"at-import"}),
        ("if TYPE_CHECKING:\n    pass\nelse:\n    import a", {"at-import"}),
        ("if typing.TYPE_CHECKING:\n    import a", None),
    ],
)
def test_when_an_import_is_run(source: str, ways: set[str] | None) -> None:
    ast.parse(source)
    assert imports_of(source.encode(), "p", package=True).get("a") == ways


@pytest.mark.parametrize(
    ("source", "asks"),
    [
        ("from . import _n", True),
        ("from p import a, _n", True),
        ("from ._n import f", False),
        ("import p._n", False),
        ("from ._n import f\nfrom . import _n", False),
        ("import sys\nif sys.platform == 'win32':\n    from ._n import f\nfrom . import _n", True),
        ("import os", False),
    ],
)
def test_who_asks_its_own_package_for_a_module(source: str, *, asks: bool) -> None:
    found = Importers(site({"p/__init__.py": source, "p/q.py": "from . import _n"}), SITE, TARGETS["linux"])
    assert found.package_asking("p._n") == (f"{SITE}/p/__init__.py" if asks else None)
    assert found.package_asking("_n") is None


def test_odd_sources_give_no_warning_and_no_error() -> None:
    assert imports_of(b"import a\nx = '\\d'", "p", package=True) == {"a": {"at-import"}}
    assert imports_of(b"\xff\xfe", "p", package=True) == {}
    assert imports_of(b"# coding: nonsense\nimport a", "p", package=True) == {}
    assert imports_of(b"(" * 5000, "p", package=True) == {}


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
def test_any_bytes_give_an_answer(text: bytes) -> None:
    assert isinstance(imports_of(text, "p", package=True), dict)


@pytest.mark.parametrize(("name", "public"), [("a.b", True), ("a._b", False), ("_a.b", False), ("a.b_", True)])
def test_public_names(name: str, public: bool) -> None:
    assert is_public(name) is public
