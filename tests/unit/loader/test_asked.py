from __future__ import annotations

from typing import Any

import pytest

from support.tree import Tree
from tfsetup.loader.python.asked import Asked
from tfsetup.loader.python.modules import Module
from tfsetup.loader.python.target import Target

LINUX = Target(system="linux", arch="x86_64", python="3.11")


class Watching(Tree):
    """A tree that remembers which sources were read."""

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(files)
        self.read: list[str] = []

    def lookup(self, path: str) -> Any:
        self.read += [path] if path.endswith(".py") else []
        return super().lookup(path)


def asked(name: str, files: dict[str, str]) -> bool:
    tree = Tree({f"/S/{path}": text.encode() for path, text in files.items()})
    return Asked(tree, "/S", LINUX).for_module(Module(name=name, path=f"/S/{name.replace('.', '/')}.so"))


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("p._m", {"p/__init__.py": "from . import _m"}),
        ("p._m", {"p/other.py": "from p._m import f"}),
        ("p._m", {"p/__init__.py": "try:\n    from . import _m\nexcept ImportError:\n    pass"}),
        ("p.lib._m", {"p/core.py": "from .lib._m import f"}),
        ("p.q.r._m", {"p/__init__.py": "import p.q.r._m"}),
        ("p.libx", {"p/__init__.py": "from .libx import f"}),
        ("m", {}),  # a person may
        ("m", {"other.py": "x = 1"}),
        ("m", {"other.py": "import m"}),
        ("m", {"d-1.dist-info/RECORD": "m.so,,\nd/__init__.py,,\n", "d/__init__.py": "import m"}),
        ("m", {"d-1.dist-info/RECORD": "m.so,,\nd/__init__.py,,\n", "d/__init__.py": "x", "e/__init__.py": "'m'"}),
    ],
)
def test_a_file_that_an_import_asks_for_is_meant_as_a_module(name: str, files: dict[str, str]) -> None:
    assert asked(name, files)


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("p._m", {"p/__init__.py": "x = 1"}),
        ("p._m", {"p/__init__.py": "import ctypes\nctypes.CDLL('_m.so')"}),
        ("p._m", {"p/__init__.py": "import sys\nif sys.platform == 'win32':\n    from . import _m"}),
        ("p.q.r._m", {"p/far.py": "import p.q.r._m"}),  # too far away to be read
        ("m", {"other.py": "ctypes.CDLL('m.so')"}),
        ("libm", {}),
        ("m", {"d-1.dist-info/RECORD": "m.so,,\nd/__init__.py,,\n", "d/__init__.py": "ctypes.CDLL('m.so')"}),
    ],
)
def test_a_file_that_none_asks_for_may_be_a_library(name: str, files: dict[str, str]) -> None:
    assert not asked(name, files)


def test_only_the_sources_around_the_file_are_read_and_none_twice() -> None:
    paths = ("p/__init__.py", "p/x.py", "p/q/y.py", "p/q/r/z.py", "p/q/s/far.py", "other/__init__.py")
    tree = Watching({f"/S/{path}": b"" for path in paths})
    found = Asked(tree, "/S", LINUX)
    for leaf in ("_a", "_b"):
        assert not found.for_module(Module(name=f"p.q.r.{leaf}", path=f"/S/p/q/r/{leaf}.so"))
    assert sorted(tree.read) == ["/S/p/__init__.py", "/S/p/q/r/z.py", "/S/p/q/y.py"]
