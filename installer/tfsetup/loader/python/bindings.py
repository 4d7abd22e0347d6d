"""What the names of a module, or of a function, are bound to where that is plain: modules, their names, constants.

A name that is bound twice to different things is not known: which of them counts depends on when it is asked for.
Rules: Python reference, "Naming and binding".
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from tfsetup.loader.python.values import UNKNOWN


@dataclass(frozen=True, slots=True)
class Dotted:
    """A module or what it has, by its dotted name."""

    name: str


class Evaluator(Protocol):
    """What tells values: `Conditions`."""

    @property
    def facts(self) -> Mapping[str, object]:
        """Return what is known, by dotted name."""

    def value(self, node: ast.expr) -> object:
        """Return the value of an expression."""

    def path(self, node: ast.expr) -> str | None:
        """Return the dotted name that an expression is."""

    def taken(self, node: ast.If) -> tuple[Sequence[ast.stmt], ...]:
        """Return the bodies that may be run."""


class Namespace:
    """The names of one scope. Read in order: what comes later may use what came before."""

    def __init__(self, evaluator: Evaluator) -> None:
        """Start with nothing bound."""
        self._evaluator = evaluator
        self.bound: dict[str, object] = {}

    def hide(self, arguments: ast.arguments) -> None:
        """Bind the arguments of a function, whose values nobody knows."""
        for each in ast.walk(arguments):
            if isinstance(each, ast.arg):
                self._bind(each.arg, UNKNOWN)

    def read(self, body: Iterable[ast.stmt]) -> None:
        """Bind what statements bind, without functions and classes, which have names of their own."""
        for node in body:
            match node:
                case ast.Import() | ast.ImportFrom():
                    self._import(node)
                case ast.Assign(targets=targets, value=value):
                    self._assign(targets, value)
                case ast.AnnAssign(target=target, value=value) if value is not None:
                    self._assign([target], value)
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                    self._bind(name, UNKNOWN)
                case ast.Global(names=names):
                    for name in names:
                        self._bind(name, UNKNOWN)
                case ast.If():
                    for taken in self._evaluator.taken(node):
                        self.read(taken)
                case _:
                    self._block(node)

    def _block(self, node: ast.stmt) -> None:
        """Read what stands in a loop, a `with`, a `try` or a `match`, and lose what an expression binds."""
        for part in ast.iter_child_nodes(node):
            match part:
                case ast.ExceptHandler(name=name, body=body):
                    self._bind(name or "", UNKNOWN)
                    self.read(body)
                case ast.match_case(pattern=pattern, body=body):
                    self._lose(pattern)
                    self.read(body)
                case ast.withitem(optional_vars=ast.expr() as target):
                    self._lose(target)
                case ast.expr():
                    self._lose(part)
                case ast.stmt():
                    self.read([part])

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            if isinstance(node, ast.ImportFrom):
                home = f"{'.' * node.level}{node.module or ''}"
                self._bind(alias.asname or alias.name, Dotted(f"{home}.{alias.name}"))
            else:
                name = alias.asname or alias.name.partition(".")[0]
                self._bind(name, Dotted(alias.name if alias.asname else name))

    def _assign(self, targets: Sequence[ast.expr], value: ast.expr) -> None:
        path = self._evaluator.path(value)
        found = self._evaluator.value(value)
        if isinstance(found, list):  # that others may change in place
            found = UNKNOWN
        for target in targets:
            if isinstance(target, ast.Name):
                self._bind(target.id, Dotted(path) if path is not None and found is UNKNOWN else found)
            else:
                self._lose(target)

    def _lose(self, node: ast.AST) -> None:
        """Bind to something unknown every name that is bound in an expression or a pattern."""
        for each in ast.walk(node):
            match each:
                case ast.Name(id=name, ctx=ast.Store()):
                    self._bind(name, UNKNOWN)
                case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                    self._bind(name, UNKNOWN)

    def _bind(self, name: str, value: object) -> None:
        known = self.bound.get(name, value)
        one, other = self._meant(known), self._meant(value)
        self.bound[name] = known if type(one) is type(other) and one == other else UNKNOWN

    def _meant(self, value: object) -> object:
        """Return what a dotted name stands for, where that is known; else the value itself."""
        return self._evaluator.facts.get(value.name, value) if isinstance(value, Dotted) else value


def rebound(tree: ast.Module) -> frozenset[str]:
    """Return the names of a module that functions bind anew (`global`), and those bound in the midst of expressions."""
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Global(names=names):
                found.update(names)
            case ast.NamedExpr(target=ast.Name(id=name)):
                found.add(name)
    return frozenset(found)
