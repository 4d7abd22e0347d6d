from __future__ import annotations

import pytest

from support.wheels import wheel
from tfsetup.loader.files.view import WheelView
from tfsetup.loader.python.importers import Importers, all_imports_of
from tfsetup.loader.python.target import Target

LINUX = Target(system="linux", arch="x86_64", python="3.11")
IMPORT = "import importlib\n"


@pytest.mark.parametrize(
    ("source", "imported"),
    [
        (f"{IMPORT}importlib.import_module('a.b')", {"a", "a.b"}),
        (f"{IMPORT}importlib.import_module('._x', __package__)", {"p", "p.q", "p.q._x"}),
        (f"{IMPORT}importlib.import_module('._x', __name__)", {"p", "p.q", "p.q._x"}),
        (f"{IMPORT}importlib.import_module('._x', package='r.s')", {"r", "r.s", "r.s._x"}),
        (f"{IMPORT}importlib.import_module('..x', package='r.s')", {"r", "r.x"}),
        (f"{IMPORT}importlib.import_module('._' + 'x', __package__)", {"p", "p.q", "p.q._x"}),
        (f"{IMPORT}importlib.import_module(f'{{__name__}}._x')", {"p", "p.q", "p.q._x"}),
        ("from importlib import import_module as load\nLEAF = '_x'\nload('p.' + LEAF)", {"p", "p._x"}),
        ("import sys\nx = __import__('_linux' if sys.platform == 'linux' else '_other')", {"_linux"}),
        ("__import__('x', globals(), locals(), ['y'], 1)", {"p", "p.q", "p.q.x"}),
        ("__import__('x', level=2)", {"p", "p.x"}),
        ("import builtins\nbuiltins.__import__('x')", {"x"}),
        ("import os\nos.import_module('x')", set()),
        ("self.import_module('x')", set()),
    ],
)
def test_a_call_with_a_name_that_is_known_is_an_import(source: str, imported: set[str]) -> None:
    found = all_imports_of(source.encode(), "p.q", package=True, target=LINUX)
    assert set(found.names) - {"importlib", "importlib.import_module", "sys", "os", "builtins"} == imported
    assert found.computed == ()


@pytest.mark.parametrize(
    ("source", "line", "way"),
    [
        (f"{IMPORT}importlib.import_module(find())", 2, "at-import"),
        (f"{IMPORT}importlib.import_module(f'.{{x}}', __package__)", 2, "at-import"),
        (f"{IMPORT}importlib.import_module('.x', package=find())", 2, "at-import"),
        (f"{IMPORT}importlib.import_module('.....x', __package__)", 2, "at-import"),
        (f"{IMPORT}for n in ('_a', '_b'):\n    importlib.import_module('.' + n, __package__)", 3, "at-import"),
        (f"{IMPORT}def f(n):\n    return importlib.import_module(n)", 3, "later"),
        (f"{IMPORT}try:\n    x = importlib.import_module(y)\nexcept ImportError:\n    x = None", 3, "guarded"),
        ("\n\n__import__(name)", 3, "at-import"),
        ("__import__('x', level=find())", 1, "at-import"),
    ],
)
def test_a_call_with_a_name_that_is_not_known_is_told_with_its_line(source: str, line: int, way: str) -> None:
    (found,) = all_imports_of(source.encode(), "p.q", package=True, target=LINUX).computed
    assert (found.line, found.way) == (line, way)


@pytest.mark.parametrize(
    ("argument", "start"),
    [
        ("x", ""),
        ("f'.{x}', __package__", "p.q."),
        ("f'._{x}', 'r.s'", "r.s._"),
        ("'..' + x, __package__", "p."),
        ("'.....' + x, __package__", ""),
        ("f'{__name__}._impl_{x}'", "p.q"),
        ("'p.q.' + x + '_y'", "p.q."),
        ("x + '.y'", ""),
    ],
)
def test_what_is_known_of_the_beginning_of_a_name(argument: str, start: str) -> None:
    source = f"{IMPORT}importlib.import_module({argument})"
    (found,) = all_imports_of(source.encode(), "p.q", package=True, target=LINUX).computed
    assert found.start == start


def test_a_call_of_another_system_imports_nothing() -> None:
    source = f"import sys\n{IMPORT}if sys.platform == 'win32':\n    importlib.import_module(find())\n"
    assert all_imports_of(source.encode(), "p", package=True, target=LINUX).computed == ()


def importers(files: dict[str, str]) -> Importers:
    return Importers(WheelView([wheel("p-1.0-py3-none-any.whl", files)], at="/S"), "/S", LINUX)


LOOP = f"{IMPORT}for n in 'ab':\n    importlib.import_module('._' + n, __package__)\n"


def test_what_a_computed_import_may_be_is_not_followed() -> None:
    found = importers({"p/__init__.py": "from . import q", "p/q.py": LOOP}).unfollowed("p._a")
    assert found is not None
    path, computed = found
    assert (path, computed.line) == ("/S/p/q.py", 3)


@pytest.mark.parametrize(
    "files",
    [
        {"p/__init__.py": "from . import _a", "p/q.py": LOOP},  # something else imports it
        {"p/__init__.py": "try:\n    from . import _a\nexcept ImportError:\n    pass", "p/q.py": LOOP},
        {"p/__init__.py": f"{IMPORT}def f(n):\n    importlib.import_module(n)"},  # only when it is called
        {"p/__init__.py": f"{IMPORT}try:\n    importlib.import_module(n)\nexcept ImportError:\n    pass"},
        {"p/__init__.py": f"{IMPORT}importlib.import_module('p._b')"},  # known
        {"p/__init__.py": "", "r/__init__.py": LOOP},  # of another package
        {"p/__init__.py": "", "p/s/__init__.py": LOOP},  # which can be in p.s only
        {"p/__init__.py": "try:\n    from . import _w\nexcept ImportError:\n    pass", "p/_w.py": LOOP},
    ],
)
def test_what_is_followed_or_does_not_matter(files: dict[str, str]) -> None:
    assert importers(files).unfollowed("p._a") is None


def test_a_module_that_is_imported_by_a_name_put_together_is_needed() -> None:
    source = f"{IMPORT}_n = '_' + 'x'\nimportlib.import_module('.' + _n, __name__)"
    assert importers({"p/__init__.py": source}).needed("p._x")
    assert not importers({"p/__init__.py": source}).needed("p._y")
