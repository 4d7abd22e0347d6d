"""Imports by calls, `importlib.import_module(NAME)` and `__import__(NAME)`: where the name is known, where it is not.

Rules: the library reference of `importlib.import_module` and `importlib.util.resolve_name`, and of `__import__`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from tfsetup.loader.python.conditions import Conditions
from tfsetup.loader.python.runs import Way

_CALLS = frozenset({"importlib.import_module", "importlib.__import__", "builtins.__import__"})
_LEVEL = 4  # the place of `level` among the arguments of `__import__`


@dataclass(frozen=True, kw_only=True, slots=True)
class Computed:
    """An import of a name that is put together at run time: the line it stands in, and when it is run.

    `start` is what the name is known to begin with (`p.q.`), empty where nothing of it is.
    """

    line: int
    way: Way
    start: str = ""


def may_call(text: bytes) -> bool:
    """Say whether a source may have such calls: a cheap look before it is read."""
    return b"import_module" in text or b"__import__" in text


def called(statement: ast.stmt, way: Way, conditions: Conditions, home: str) -> Iterator[str | Computed]:
    """Yield what a statement imports by calls: the module, or a `Computed`. `home` is the package it stands in."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Call) and node.args and _imports(node.func, conditions):
            found = _module(node, conditions, home)
            yield found or Computed(line=node.lineno, way=way, start=_start(node, conditions, home))


def _imports(function: ast.expr, conditions: Conditions) -> bool:
    path = conditions.path(function)
    if path is None:
        return isinstance(function, ast.Name) and function.id == "__import__"
    return path in _CALLS


def _module(node: ast.Call, conditions: Conditions, home: str) -> str | None:
    """Return the module that a call imports, None where that is not known."""
    name = conditions.text(node.args[0])
    if name is None:
        return None
    if conditions.path(node.func) == "importlib.import_module":
        package = _argument(node, 1, "package")
        base = home if package is None or _is_package(package) else conditions.text(package)
        dots = len(name) - len(name.lstrip("."))
        return _below(base, dots, name[dots:]) if dots else name
    level = _argument(node, _LEVEL, "level")
    up = 0 if level is None else conditions.value(level)
    if type(up) is not int:
        return None
    return _below(home, up, name) if up > 0 else name


def _start(node: ast.Call, conditions: Conditions, home: str) -> str:
    """Return what the name of a call begins with for certain."""
    known = _beginning(node.args[0], conditions)
    if not known.startswith("."):
        return known
    package = _argument(node, 1, "package")
    base = home if package is None or _is_package(package) else conditions.text(package)
    rest = known.lstrip(".")
    outer = _below(base, len(known) - len(rest), "")
    return f"{outer}.{rest}" if outer else ""


def _beginning(node: ast.expr, conditions: Conditions) -> str:
    match node:
        case ast.JoinedStr(values=[first, *_]):
            return _beginning(first, conditions)
        case ast.FormattedValue(value=inner):
            return conditions.text(inner) or ""
        case ast.BinOp(op=ast.Add(), left=left):
            return conditions.text(left) or _beginning(left, conditions)
        case _:
            return conditions.text(node) or ""


def _argument(node: ast.Call, place: int, keyword: str) -> ast.expr | None:
    if len(node.args) > place:
        return node.args[place]
    return next((each.value for each in node.keywords if each.arg == keyword), None)


def _is_package(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "__package__"


def _below(base: str | None, dots: int, name: str) -> str | None:
    if base is None:
        return None
    parts = base.split(".")
    outer = parts[: len(parts) - dots + 1]
    return ".".join([*outer, name] if name else outer) if outer else None
