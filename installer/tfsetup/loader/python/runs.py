"""Which statements of a source are run, and when: with its module, there but with its failure caught, or in a function.

Rules: Python reference, "The try statement" and "The with statement"; CPython `Python/dynload_shlib.c` and
`dynload_win.c` (what the loader refuses becomes ImportError, not its subclass ModuleNotFoundError).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import Literal

from tfsetup.loader.python.conditions import Conditions

Way = Literal["at-import", "guarded", "later"]
"""When an import is run: with the module it stands in; there, but its failure is caught; when a function is called."""

Run = tuple[ast.stmt, Way, Conditions]
"""A statement, when it is run, and the conditions where it stands."""

_CATCH = frozenset({"ImportError", "Exception", "BaseException"})
_IMPORTS = (ast.Import, ast.ImportFrom)
_Block = ast.For | ast.While | ast.With | ast.ClassDef | ast.Match


def statements(
    body: Sequence[ast.stmt], way: Way, conditions: Conditions | None = None
) -> Iterator[tuple[ast.Import | ast.ImportFrom, Way]]:
    """Yield every import statement in a body, with when it is run. Without recursion into what is never run."""
    for node, how, _ in run(body, way, conditions or Conditions(None), _IMPORTS):
        if isinstance(node, _IMPORTS):
            yield node, how


def run(
    body: Sequence[ast.stmt], way: Way, conditions: Conditions, kinds: tuple[type[ast.stmt], ...] = (ast.stmt,)
) -> Iterator[Run]:
    """Yield every statement of these kinds that has none inside of it, with when it is run and under which names."""
    for node in body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from run(node.body, "later", conditions.inside(node), kinds)
            case ast.Try() | ast.TryStar():
                yield from _in_try(node, way, conditions, kinds)
            case ast.If():
                taken = conditions.taken(node)
                yield from (each for part in taken for each in run(part, way, conditions, kinds))
                if len(taken) == 1 and _leaves(taken[0]):
                    return
            case ast.For() | ast.While() | ast.With() | ast.ClassDef() | ast.Match():
                yield from _in_block(node, way, conditions, kinds)
            case _:
                yield from [(node, way, conditions)] if isinstance(node, kinds) else ()


def _in_try(
    node: ast.Try | ast.TryStar, way: Way, conditions: Conditions, kinds: tuple[type[ast.stmt], ...]
) -> Iterator[Run]:
    caught = any(_catches(handler.type) and not _raises(handler.body) for handler in node.handlers)
    yield from run(node.body, _guarded(way) if caught else way, conditions, kinds)
    for handler in node.handlers:  # what is run only once something else has failed
        yield from run(handler.body, _guarded(way), conditions, kinds)
    yield from run([*node.orelse, *node.finalbody], way, conditions, kinds)


def _in_block(node: _Block, way: Way, conditions: Conditions, kinds: tuple[type[ast.stmt], ...]) -> Iterator[Run]:
    if isinstance(node, ast.Match):
        for case in node.cases:
            yield from run(case.body, way, conditions, kinds)
        return
    suppressed = isinstance(node, ast.With) and any(_suppresses(item.context_expr) for item in node.items)
    yield from run(node.body, _guarded(way) if suppressed else way, conditions, kinds)
    yield from run(getattr(node, "orelse", []), way, conditions, kinds)


def _leaves(body: Sequence[ast.stmt]) -> bool:
    """Say whether what comes after a body is not run any more."""
    return bool(body) and isinstance(body[-1], ast.Raise | ast.Return)


def _guarded(way: Way) -> Way:
    return "guarded" if way == "at-import" else way


def _catches(kind: ast.expr | None) -> bool:
    """Say whether `except kind` takes an ImportError; `None` is a bare `except`."""
    if isinstance(kind, ast.Tuple):
        return any(_catches(each) for each in kind.elts)
    return kind is None or _name(kind) in _CATCH


def _raises(body: Sequence[ast.stmt]) -> bool:
    """Say whether a handler may raise again: NumPy and h5py catch the ImportError only to explain it."""
    return any(isinstance(node, ast.Raise) for statement in body for node in ast.walk(statement))


def _suppresses(context: ast.expr) -> bool:
    return isinstance(context, ast.Call) and _name(context.func) == "suppress" and any(map(_catches, context.args))


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
