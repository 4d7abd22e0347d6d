"""What statements do to the variables of a module or a function, in their order: see `running`.

A condition that cannot be decided is taken both ways: what the ways leave is joined, and an exception of one way ends
only that way. Rules: the Python language reference, "Simple statements" and "Compound statements".
"""

from __future__ import annotations

import ast
import builtins
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tfsetup.loader.python.importers import base_of
from tfsetup.loader.python.known import Place
from tfsetup.loader.python.meaning import Class, Function, Name, Scope, Value, either
from tfsetup.loader.python.paths import Expressions, Locals
from tfsetup.loader.python.values import UNKNOWN

Outcome = Literal["next", "return", "break", "continue"]
"""How statements end: with the one after them, or by leaving the function or the loop."""

_GROWS = frozenset({"append", "add", "appendleft"})


class Raised(Exception):  # noqa: N818 - an exception of the code that is read
    """The code raises an exception: the names of its class and of those this one inherits from."""

    def __init__(self, *kinds: str) -> None:
        """Keep the names."""
        super().__init__(", ".join(kinds))
        self.kinds = frozenset(kinds)


def raised(name: str) -> Raised:
    """Return the exception of a class by its name; what is not built in inherits from `Exception` only."""
    found = getattr(builtins, name, None)
    inherits = found.__mro__ if isinstance(found, type) else Exception.__mro__
    return Raised(name, *(each.__name__ for each in inherits))


@dataclass(slots=True)
class Frame:
    """A call under way: the module it runs in, what it may return so far, how many undecided conditions hold.

    `handling` is the exception that a handler is run for, `handled` the name it has there.
    """

    scope: Scope
    returned: list[Value]
    maybe: int = 0
    handling: Raised | None = None
    handled: str | None = None


class Statements(Expressions):
    """Follows statements at a `Place`."""

    def __init__(self, place: Place) -> None:
        """Begin with no call under way."""
        super().__init__(place)
        self.frames: list[Frame] = []
        self.doubted: list[Raised] = []
        self._do: Mapping[type[ast.stmt], Callable[[ast.stmt], Outcome]] = {
            ast.Assign: self._assign,
            ast.AnnAssign: self._assign,
            ast.AugAssign: self._augment,
            ast.Expr: self._expression,
            ast.Return: self._return,
            ast.Raise: self._raise,
            ast.Break: lambda _node: "break",
            ast.Continue: lambda _node: "continue",
            ast.Import: self._import,
            ast.ImportFrom: self._import_from,
            ast.FunctionDef: self._function,
            ast.AsyncFunctionDef: self._function,
            ast.ClassDef: self._class,
            ast.If: self._if,
            ast.For: self._for,
            ast.While: self._while,
            ast.With: self._with,
            ast.Try: self._try,
            ast.Match: self._match,
        }

    @abstractmethod
    def module(self, name: str) -> Scope | None:
        """Return a module of the package; None: there is none that could be followed."""

    @property
    def scope(self) -> Scope:
        """The module whose code is followed."""
        return self.frames[-1].scope

    @property
    def variables(self) -> Locals:
        """The variables that an assignment changes."""
        return self.names[0] if self.names else self.scope.names

    def body(self, statements: Sequence[ast.stmt]) -> Outcome:
        """Follow statements up to the one that leaves them.

        Raises:
            Raised: they end with an exception.
        """
        for each in statements:
            self.step()
            do = self._do.get(type(each))
            outcome = do(each) if do else "next"
            if outcome != "next":
                return outcome
        return "next"

    def _assign(self, node: ast.stmt) -> Outcome:
        assert isinstance(node, ast.Assign | ast.AnnAssign)  # noqa: S101 - `body` asks by the type
        if node.value is not None:
            found = self.value(node.value)
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                self.bind(target, found)
        return "next"

    def _augment(self, node: ast.stmt) -> Outcome:
        assert isinstance(node, ast.AugAssign)  # noqa: S101 - `body` asks by the type
        loaded = ast.BinOp(left=node.target, op=node.op, right=node.value)
        self.bind(node.target, self.value(loaded))
        return "next"

    def _expression(self, node: ast.stmt) -> Outcome:
        assert isinstance(node, ast.Expr)  # noqa: S101 - `body` asks by the type
        match node.value:
            case ast.Call(func=ast.Attribute(value=target, attr=attr), args=[*args]) if args and (
                attr in _GROWS or attr in {"extend", "insert"}
            ):
                self._grow(node.value, target, attr, args)
            case _:
                self.value(node.value)
        return "next"

    def _grow(self, node: ast.expr, target: ast.expr, how: str, args: Sequence[ast.expr]) -> None:
        base = self.single(target)
        if not isinstance(base, tuple):
            self.value(node)
            return
        item = self.single(args[-1])
        more = self.items(item) if how == "extend" else (item,)
        more = (UNKNOWN,) if more is None else more
        self.bind(target, (*more, *base) if how == "insert" else (*base, *more))

    def _return(self, node: ast.stmt) -> Outcome:
        assert isinstance(node, ast.Return)  # noqa: S101 - `body` asks by the type
        self.frames[-1].returned.append(self.single(node.value))
        return "return"

    def _raise(self, node: ast.stmt) -> Outcome:
        assert isinstance(node, ast.Raise)  # noqa: S101 - `body` asks by the type
        frame = self.frames[-1]
        again = node.exc is None or (isinstance(node.exc, ast.Name) and node.exc.id == frame.handled)
        if again and frame.handling:
            raise frame.handling
        called = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        found = self.single(called)
        kinds = raised(found.dotted.rpartition(".")[2]).kinds if isinstance(found, Name) else raised("Exception").kinds
        if isinstance(found, Class):
            kinds = frozenset(self._inherited(found))
        raise Raised(*kinds)

    def _inherited(self, of: Class) -> Iterator[str]:
        for each in self.lineage(of):
            yield each.name
            names = [base.dotted for base in each.bases if isinstance(base, Name)]
            for name in names or ["Exception"]:
                yield from raised(name.rpartition(".")[2]).kinds

    def _import(self, node: ast.stmt) -> Outcome:
        assert isinstance(node, ast.Import)  # noqa: S101 - `body` asks by the type
        for alias in node.names:
            if alias.asname:
                self.variables[alias.asname] = Name(alias.name)
            else:
                top = alias.name.partition(".")[0]
                self.variables[top] = Name(top)
        return "next"

    def _import_from(self, node: ast.stmt) -> Outcome:
        assert isinstance(node, ast.ImportFrom)  # noqa: S101 - `body` asks by the type
        scope = self.scope
        base = base_of(node, scope.name if scope.package else scope.name.rpartition(".")[0])
        for alias in node.names:
            if alias.name != "*":
                self.variables[alias.asname or alias.name] = self.place.constant(f"{base}.{alias.name}")
            elif module := self.module(base):
                known = {key: value for key, value in module.names.items() if not key.startswith("_")}
                self.variables.update(known)
        return "next"

    def _function(self, node: ast.stmt) -> Outcome:
        assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)  # noqa: S101 - `body` asks by the type
        self.variables[node.name] = Function(node, self.scope, self.variables)
        return "next"

    def _class(self, node: ast.stmt) -> Outcome:
        assert isinstance(node, ast.ClassDef)  # noqa: S101 - `body` asks by the type
        bases = tuple(self.value(base) for base in node.bases)
        names: Locals = {}
        around = self.variables
        self.names.insert(0, names)
        try:
            self.body(node.body)
        finally:
            self.names.pop(0)
        for found in names.values():
            if isinstance(found, Function) and found.around is names:
                found.around = around  # a class is no scope for the functions in it
        self.variables[node.name] = Class(node.name, self.scope, names, bases)
        return "next"

    def _if(self, node: ast.stmt) -> Outcome:
        assert isinstance(node, ast.If)  # noqa: S101 - `body` asks by the type
        known = self.holds(node.test)
        if known is None:
            return self.either_way([node.body, node.orelse])
        return self.body(node.body if known else node.orelse)

    def either_way(self, ways: Sequence[Sequence[ast.stmt]]) -> Outcome:
        """Follow each of several ways of which one is taken, and join what they leave.

        Raises:
            Raised: every way ends with an exception.
        """
        variables, frame = self.variables, self.frames[-1]
        before, after = dict(variables), list[Locals]()
        ended: list[Outcome] = []
        errors: list[Raised] = []
        frame.maybe += 1
        for way in ways:
            variables.clear()
            variables.update(before)
            try:
                ended.append(self.body(way))
            except Raised as error:
                errors.append(error)
                continue
            if ended[-1] == "next":
                after.append(dict(variables))
        frame.maybe -= 1
        if errors and not ended:
            raise errors[-1]
        self.doubted += errors
        variables.update(_met(after))
        return "next" if after else ended[-1]

    def _for(self, node: ast.stmt) -> Outcome:
        assert isinstance(node, ast.For)  # noqa: S101 - `body` asks by the type
        items = self.items(self.single(node.iter))
        if items is None:
            self.bind(node.target, UNKNOWN)
            return _of_loop(self.either_way([node.body, []]))
        for item in items:
            self.bind(node.target, item)
            outcome = self.body(node.body)
            if outcome == "return":
                return outcome
            if outcome == "break":
                return "next"
        return self.body(node.orelse)

    def _while(self, node: ast.stmt) -> Outcome:
        assert isinstance(node, ast.While)  # noqa: S101 - `body` asks by the type
        if self.holds(node.test) is False:
            return self.body(node.orelse)
        return _of_loop(self.either_way([node.body, []]))

    def _with(self, node: ast.stmt) -> Outcome:
        assert isinstance(node, ast.With)  # noqa: S101 - `body` asks by the type
        suppressed: list[ast.expr] = []
        for item in node.items:
            if isinstance(item.context_expr, ast.Call) and _leaf(item.context_expr.func) == "suppress":
                suppressed += item.context_expr.args
                continue
            found = self.value(item.context_expr)
            if item.optional_vars is not None:
                self.bind(item.optional_vars, found)
        try:
            return self.body(node.body)
        except Raised as error:
            if any(_catches(kind, error) for kind in suppressed):
                return "next"
            raise

    def _try(self, node: ast.stmt) -> Outcome:
        assert isinstance(node, ast.Try)  # noqa: S101 - `body` asks by the type
        try:
            outcome = self.body(node.body)
            return self.body(node.orelse) if outcome == "next" else outcome
        except Raised as error:
            handler = next((each for each in node.handlers if _catches(each.type, error)), None)
            if handler is None:
                raise
            return self._handle(handler, error)
        finally:
            self.body(node.finalbody)

    def _handle(self, handler: ast.ExceptHandler, error: Raised) -> Outcome:
        frame = self.frames[-1]
        before = (frame.handling, frame.handled)
        frame.handling, frame.handled = error, handler.name
        if handler.name:
            self.variables[handler.name] = UNKNOWN
        try:
            return self.body(handler.body)
        finally:
            frame.handling, frame.handled = before

    def _match(self, node: ast.stmt) -> Outcome:
        assert isinstance(node, ast.Match)  # noqa: S101 - `body` asks by the type
        return self.either_way([*(case.body for case in node.cases), []])


def _of_loop(outcome: Outcome) -> Outcome:
    return outcome if outcome == "return" else "next"


def _met(ways: Sequence[Locals]) -> Locals:
    """Return the variables after one of several ways; one that only some ways set has their values."""
    names = dict.fromkeys(name for way in ways for name in way)
    return {name: _one([way[name] for way in ways if name in way]) for name in names}


def _one(values: Sequence[Value]) -> Value:
    first = values[0]
    return first if all(each is first for each in values) else either(values)


def _catches(kind: ast.expr | None, error: Raised) -> bool:
    if isinstance(kind, ast.Tuple):
        return any(_catches(each, error) for each in kind.elts)
    if kind is None:
        return True
    leaf = _leaf(kind)
    found = getattr(builtins, leaf, None)  # IOError and EnvironmentError are names of OSError
    return (found.__name__ if isinstance(found, type) else leaf) in error.kinds


def _leaf(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
