"""Which statements of a source are run, and when: with its module, there but with its failure caught, or in a function.

A function that the module itself calls, by a statement of its own, is run with it.

Rules: Python reference, "The try statement" and "The with statement"; CPython `Python/dynload_shlib.c` and
`dynload_win.c` (what the loader refuses becomes ImportError, not its subclass ModuleNotFoundError).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tfsetup.loader.python.conditions import Conditions

Way = Literal["at-import", "guarded", "later"]
"""When an import is run: with the module it stands in; there, but its failure is caught; when a function is called."""

Run = tuple[ast.stmt, Way, Conditions]
"""A statement, when it is run, and the conditions where it stands."""

_CATCH = frozenset({"ImportError", "Exception", "BaseException"})
_IMPORTS = (ast.Import, ast.ImportFrom)
_CALLS = (ast.Expr, ast.Assign, ast.AnnAssign)
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
    defined = way != "later" and any(isinstance(node, ast.FunctionDef) for node in body)
    called = _called(body, way, conditions) if defined else {}
    yield from _Walk(kinds, called).run(body, way, conditions)


def _called(body: Sequence[ast.stmt], way: Way, conditions: Conditions) -> Mapping[str, Way]:
    """Return the functions that a module calls when it is imported, by name, those that these call among them."""
    found: dict[str, Way] = {}
    while True:
        before = dict(found)
        for node, how, _ in _Walk(_CALLS, before, called_only=True).run(body, way, conditions):
            name = _calls(node)
            if name is not None and found.get(name) != "at-import":
                found[name] = how
        if found == before:
            return found


def _calls(node: ast.stmt) -> str | None:
    """Return the name of the function that a statement is a call of."""
    value = node.value if isinstance(node, _CALLS) else None
    return value.func.id if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) else None


@dataclass(frozen=True, slots=True)
class _Walk:
    """One walk for statements of `kinds`; functions in `called` are run when they are called, `called_only`: no others.

    A coroutine is not run by its call, nor is a generator.
    """

    kinds: tuple[type[ast.stmt], ...]
    called: Mapping[str, Way]
    called_only: bool = False

    def run(self, body: Sequence[ast.stmt], way: Way, conditions: Conditions) -> Iterator[Run]:
        for node in body:
            match node:
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    yield from self._in_function(node, way, conditions)
                case ast.Try() | ast.TryStar():
                    yield from self._in_try(node, way, conditions)
                case ast.If():
                    taken = conditions.taken(node)
                    yield from (each for part in taken for each in self.run(part, way, conditions))
                    if len(taken) == 1 and _leaves(taken[0]):
                        return
                case ast.For() | ast.While() | ast.With() | ast.ClassDef() | ast.Match():
                    yield from self._in_block(node, way, conditions)
                case _:
                    yield from [(node, way, conditions)] if isinstance(node, self.kinds) else ()

    def _in_function(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, way: Way, conditions: Conditions
    ) -> Iterator[Run]:
        how: Way = "later" if way == "later" or not _runs_at_once(node) else self.called.get(node.name, "later")
        if how != "later" or not self.called_only:
            yield from self.run(node.body, how, conditions.inside(node))

    def _in_try(self, node: ast.Try | ast.TryStar, way: Way, conditions: Conditions) -> Iterator[Run]:
        caught = any(_catches(handler.type) and not _raises(handler.body) for handler in node.handlers)
        yield from self.run(node.body, _guarded(way) if caught else way, conditions)
        for handler in node.handlers:  # what is run only once something else has failed
            yield from self.run(handler.body, _guarded(way), conditions)
        yield from self.run([*node.orelse, *node.finalbody], way, conditions)

    def _in_block(self, node: _Block, way: Way, conditions: Conditions) -> Iterator[Run]:
        if isinstance(node, ast.Match):
            for case in node.cases:
                yield from self.run(case.body, way, conditions)
            return
        suppressed = isinstance(node, ast.With) and any(_suppresses(item.context_expr) for item in node.items)
        yield from self.run(node.body, _guarded(way) if suppressed else way, conditions)
        yield from self.run(getattr(node, "orelse", []), way, conditions)


def _runs_at_once(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Say whether a call runs the body: that of a coroutine does not, nor that of a generator."""
    return isinstance(node, ast.FunctionDef) and not any(
        isinstance(each, ast.Yield | ast.YieldFrom) for statement in node.body for each in ast.walk(statement)
    )


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
