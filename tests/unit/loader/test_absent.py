"""The words of an import that finds no file for its interpreter; tests/e2e/test_import_cases.py has CPython's own."""

from __future__ import annotations

import pytest

from support.loading import SITE, judge, module
from support.wheels import wheel
from tfsetup.loader.files.view import WheelView
from tfsetup.loader.python.absent import words
from tfsetup.loader.python.importers import Importers

NOT_THERE = "ModuleNotFoundError: No module named 'pk._core'"
NO_NAME = "ImportError: cannot import name '_core'"
RUNNING = f"{NO_NAME} from partially initialized module 'pk' (most likely due to a circular import) (/S/pk/__init__.py)"
THROUGH = f"{NO_NAME} from 'pk' (/S/pk/__init__.py)"


def said(files: dict[str, str], python: str | None = "3.11", name: str = "pk._core") -> str:
    return words(Importers(WheelView([wheel("p-1.0-py3-none-any.whl", files)], at="/S"), "/S"), name, python)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("from . import _core", RUNNING),
        ("from pk import _core as core", RUNNING),
        ("import pk._core", NOT_THERE),
        ("from ._core import f", NOT_THERE),
        ("from pk._core.below import f", NOT_THERE),
        ("from ._core import f\nfrom . import _core", NOT_THERE),
        ("from . import _core\nfrom ._core import f", RUNNING),
        ("from . import _other\nimport os", NOT_THERE),
        ("", NOT_THERE),
    ],
)
def test_the_form_of_the_import_makes_the_words(source: str, expected: str) -> None:
    assert said({"pk/__init__.py": source}) == expected


@pytest.mark.parametrize(
    ("python", "expected"),
    [("3.6", NO_NAME), ("3.7", THROUGH), ("3.8", RUNNING), ("3.13", RUNNING), (None, RUNNING)],
)
def test_older_interpreters_say_less(python: str | None, expected: str) -> None:
    assert said({"pk/__init__.py": "from . import _core"}, python) == expected


def test_a_module_that_its_package_runs_meets_it_half_way_through() -> None:
    assert said({"pk/__init__.py": "from . import api", "pk/api.py": "from . import _core"}) == RUNNING


def test_a_module_imported_later_meets_a_package_that_is_through() -> None:
    assert said({"pk/__init__.py": "", "pk/api.py": "from . import _core"}) == THROUGH


def test_the_import_that_is_run_first_counts() -> None:
    later, reached = "def f():\n    from . import _core", "from . import b"
    assert (
        said({"pk/__init__.py": reached, "pk/a.py": "from . import _core", "pk/b.py": "import pk._core"}) == NOT_THERE
    )
    assert said({"pk/__init__.py": reached, "pk/a.py": later, "pk/b.py": "import pk._core"}) == NOT_THERE
    assert said({"pk/__init__.py": reached, "pk/a.py": "import pk._core", "pk/b.py": "from . import _core"}) == RUNNING


def test_a_folder_without_an_init_has_no_place() -> None:
    expected = f"{NO_NAME} from 'pk' (unknown location)"
    assert said({"pk/a.py": "from pk import _core"}) == expected


def test_preflight_says_it() -> None:
    report = judge(
        {"pk/__init__.py": "from . import _core", "pk/_core.cpython-38-x86_64-linux-gnu.so": module("_core")}
    )
    assert [failure.message for failure in report.failures] == [RUNNING.replace("/S/pk", f"{SITE}/pk")]
