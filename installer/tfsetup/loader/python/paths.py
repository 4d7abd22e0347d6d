"""What an expression stands for: paths put together from `__file__`, names chosen by the system, values passed on.

Nothing is run: expressions are evaluated over values that may be unknown (`values`), calls of what is known give what
the standard library gives (`known`). What a call of anything else gives is the business of the class that inherits
from `Expressions` (`running.Runner`). Rules: the Python language reference, "Expressions".
"""

from __future__ import annotations

import ast
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from tfsetup.loader.python.known import METHODS, Place, attribute
from tfsetup.loader.python.meaning import (
    HOLE,
    Class,
    Either,
    Function,
    Instance,
    Name,
    Scope,
    Table,
    Value,
    either,
    lift,
    plain,
    text,
    truth,
    whole,
)
from tfsetup.loader.python.values import UNKNOWN, compared

_MAX_ITEMS = 64
_MAX_LENGTH = 4096  # of texts and sequences: code that doubles one in a loop must not fill the memory

Locals = dict[str, Value]


class Expressions(ABC):
    """Evaluates expressions of modules at a `Place`. `names` are the variables, the innermost first."""

    def __init__(self, place: Place) -> None:
        """Begin with nothing known but the place."""
        self.place = place
        self.names: list[Locals] = []
        self._how: Mapping[type[ast.expr], Callable[[ast.expr], Value]] = {
            ast.Constant: self._constant,
            ast.Name: self._name,
            ast.Attribute: self._attribute,
            ast.Call: self._call,
            ast.JoinedStr: self._joined,
            ast.BinOp: self._binary,
            ast.BoolOp: self._boolean,
            ast.UnaryOp: self._unary,
            ast.Compare: self._compare,
            ast.IfExp: self._choice,
            ast.Subscript: self._subscript,
            ast.List: self._sequence,
            ast.Tuple: self._sequence,
            ast.Set: self._sequence,
            ast.Dict: self._table,
            ast.ListComp: self._comprehension,
            ast.SetComp: self._comprehension,
            ast.GeneratorExp: self._comprehension,
            ast.Lambda: self._lambda,
            ast.NamedExpr: self._named,
        }

    @abstractmethod
    def step(self) -> None:
        """Count one expression."""

    @abstractmethod
    def resolved(self, name: Name) -> Value:
        """Return what a name of another module stands for; the name itself where that is not known."""

    @abstractmethod
    def called(self, function: Value, node: ast.Call, values: Sequence[Value], named: Mapping[str, Value]) -> Value:
        """Return what a call of something that is no method of a known value gives."""

    @property
    @abstractmethod
    def scope(self) -> Scope:
        """The module whose code is evaluated."""

    def value(self, node: ast.expr | None) -> Value:
        """Return what an expression stands for."""
        if node is None:
            return None
        self.step()
        how = self._how.get(type(node))
        found = how(node) if how else UNKNOWN
        return UNKNOWN if isinstance(found, str | tuple) and len(found) > _MAX_LENGTH else found

    def single(self, node: ast.expr | None) -> Value:
        """Return what `value` does, with a name of another module looked up."""
        found = self.value(node)
        return self.resolved(found) if isinstance(found, Name) else found

    def holds(self, node: ast.expr) -> bool | None:
        """Say whether a condition holds; None: it cannot be told."""
        return truth(self.single(node))

    def _constant(self, node: ast.expr) -> Value:
        found = node.value if isinstance(node, ast.Constant) else UNKNOWN
        if isinstance(found, bytes):
            return found.decode("utf-8", "replace")
        return found if isinstance(found, str | int | float | None) else UNKNOWN

    def _name(self, node: ast.expr) -> Value:
        assert isinstance(node, ast.Name)  # noqa: S101 - `value` asks by the type
        for names in self.names:
            if node.id in names:
                return names[node.id]
        return self.scope.names.get(node.id, Name(node.id))

    def _attribute(self, node: ast.expr) -> Value:
        assert isinstance(node, ast.Attribute)  # noqa: S101 - `value` asks by the type
        return lift(lambda values: self._attribute_of(values[0], node.attr), [self.value(node.value)])

    def _attribute_of(self, base: Value, attr: str) -> Value:
        match base:
            case Name(dotted=dotted):
                return self.place.constant(f"{dotted}.{attr}")
            case str():
                return UNKNOWN if HOLE in base and attr not in {"parent", "name"} else attribute(base, attr)
            case Scope(names=names) if attr in names:
                return names[attr]
            case Scope(name=name):
                return self.resolved(Name(f"{name}.{attr}"))
            case Instance() | Class():
                return self.member(base, attr)
            case tuple() if attr in {"major", "minor"}:  # sys.version_info
                return base[attr == "minor"] if len(base) > 1 else UNKNOWN
            case _:
                return Name(f"?.{attr}")

    def member(self, base: Instance | Class, attr: str) -> Value:
        """Return an attribute of an object of the package; a method is bound to it."""
        if isinstance(base, Instance) and attr in base.names:
            return base.names[attr]
        for each in self.lineage(base.of if isinstance(base, Instance) else base):
            if attr in each.names:
                return self._bound(each.names[attr], base)
        return Name(f"?.{attr}")

    def _bound(self, found: Value, base: Instance | Class) -> Value:
        if not isinstance(found, Function) or not isinstance(base, Instance):
            return found
        marks = {ast.unparse(mark).rpartition(".")[2] for mark in getattr(found.node, "decorator_list", [])}
        if "staticmethod" in marks:
            return found
        bound = Function(found.node, found.scope, found.around, owner=base)
        return self.called(bound, _NO_CALL, (), {}) if marks & {"property", "cached_property"} else bound

    def lineage(self, of: Class) -> Iterator[Class]:
        """Yield a class and those it inherits from, as far as they are the package's."""
        waiting, seen = [of], set[int]()
        while waiting:
            each = waiting.pop(0)
            if id(each) in seen:
                continue
            seen.add(id(each))
            yield each
            bases = (self.resolved(base) if isinstance(base, Name) else base for base in each.bases)
            waiting += [base for base in bases if isinstance(base, Class)]

    def _call(self, node: ast.expr) -> Value:
        assert isinstance(node, ast.Call)  # noqa: S101 - `value` asks by the type
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        base = self.single(node.func.value) if isinstance(node.func, ast.Attribute) else UNKNOWN
        values = list(self._arguments(node.args))
        named = {each.arg: self.value(each.value) for each in node.keywords if each.arg}
        if method in METHODS and isinstance(base, str | Either):
            known = METHODS[method]
            return lift(lambda parts: known(self.place, parts), [base, *self.all_resolved(values)])
        if isinstance(base, Table) and method == "get":
            return self._item(base, self.all_resolved(values)[0] if values else UNKNOWN, *values[1:2])
        if isinstance(base, tuple) and method in {"copy", "keys"}:
            return base
        if isinstance(node.func, ast.Attribute):
            function = lift(lambda parts: self._attribute_of(parts[0], method), [base])
        else:
            function = self.value(node.func)
        return self.called(function, node, values, named)

    def all_resolved(self, values: Sequence[Value]) -> list[Value]:
        """Return values with the names of other modules looked up."""
        return [self.resolved(each) if isinstance(each, Name) else each for each in values]

    def _arguments(self, nodes: Sequence[ast.expr]) -> Iterator[Value]:
        for each in nodes:
            if isinstance(each, ast.Starred):
                found = self.single(each.value)
                yield from found if isinstance(found, tuple) else (UNKNOWN,)
            else:
                yield self.value(each)

    def _joined(self, node: ast.expr) -> Value:
        assert isinstance(node, ast.JoinedStr)  # noqa: S101 - `value` asks by the type
        parts = [self.single(each.value if isinstance(each, ast.FormattedValue) else each) for each in node.values]
        return lift(lambda found: whole("".join(map(text, found))), parts)

    def _binary(self, node: ast.expr) -> Value:
        assert isinstance(node, ast.BinOp)  # noqa: S101 - `value` asks by the type
        how = {ast.Add: _added, ast.Div: self._below, ast.Mod: _filled, ast.BitOr: _united}.get(type(node.op))
        parts = [self.single(node.left), self.single(node.right)]
        return lift(how, parts) if how else UNKNOWN

    def _below(self, values: Sequence[Value]) -> Value:
        left, right = values
        is_path = isinstance(left, str) or isinstance(right, str)
        return METHODS["joinpath"](self.place, [left, right]) if is_path else UNKNOWN

    def _boolean(self, node: ast.expr) -> Value:
        assert isinstance(node, ast.BoolOp)  # noqa: S101 - `value` asks by the type
        seen: list[Value] = []
        for each in node.values:
            found = self.single(each)
            known = truth(found)
            if known is isinstance(node.op, ast.Or):  # it decides, if it is come to
                seen.append(found)
                break
            if known is None or each is node.values[-1]:
                seen.append(found)
        return either(seen)

    def _unary(self, node: ast.expr) -> Value:
        assert isinstance(node, ast.UnaryOp)  # noqa: S101 - `value` asks by the type
        if isinstance(node.op, ast.Not):
            known = self.holds(node.operand)
            return UNKNOWN if known is None else not known
        found = self.single(node.operand)
        return -found if isinstance(node.op, ast.USub) and isinstance(found, int) else UNKNOWN

    def _compare(self, node: ast.expr) -> Value:
        assert isinstance(node, ast.Compare)  # noqa: S101 - `value` asks by the type
        left, results = self.single(node.left), list[Value]()
        for how, right_node in zip(node.ops, node.comparators, strict=True):
            right = self.single(right_node)
            results.append(lift(lambda both, how=how: _compared(how, both[0], both[1]), [left, right]))  # type: ignore[misc]
            left = right
        known = [truth(each) for each in results]
        return False if False in known else UNKNOWN if None in known else True

    def _choice(self, node: ast.expr) -> Value:
        assert isinstance(node, ast.IfExp)  # noqa: S101 - `value` asks by the type
        known = self.holds(node.test)
        if known is None:
            return either([self.value(node.body), self.value(node.orelse)])
        return self.value(node.body if known else node.orelse)

    def _subscript(self, node: ast.expr) -> Value:
        assert isinstance(node, ast.Subscript)  # noqa: S101 - `value` asks by the type
        base = self.single(node.value)
        if isinstance(node.slice, ast.Slice):
            return self._slice(base, node.slice)
        return lift(lambda both: self._item(both[0], both[1]), [base, self.single(node.slice)])

    def _slice(self, base: Value, part: ast.Slice) -> Value:
        ends = [self.single(end) for end in (part.lower, part.upper)]
        if part.step is not None or not isinstance(base, str | tuple) or not all(_is_index(end) for end in ends):
            return UNKNOWN
        if isinstance(base, str) and HOLE in base:
            return UNKNOWN
        first, last = (end if isinstance(end, int) else None for end in ends)
        return base[first:last]

    def _item(self, base: Value, key: Value, default: Value = UNKNOWN) -> Value:
        match base:
            case Table(items=items) if key is not UNKNOWN:
                return next((value for each, value in items if each == key), default)
            case tuple() | str() if isinstance(key, int) and -len(base) <= key < len(base):
                return UNKNOWN if isinstance(base, str) and HOLE in base else base[key]
            case _:
                return UNKNOWN

    def _sequence(self, node: ast.expr) -> Value:
        assert isinstance(node, ast.List | ast.Tuple | ast.Set)  # noqa: S101 - `value` asks by the type
        return tuple(self._arguments(node.elts))

    def _table(self, node: ast.expr) -> Value:
        assert isinstance(node, ast.Dict)  # noqa: S101 - `value` asks by the type
        pairs = zip(node.keys, node.values, strict=True)
        return Table(tuple((self.single(key), self.value(value)) for key, value in pairs if key is not None))

    def _comprehension(self, node: ast.expr) -> Value:
        assert isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp)  # noqa: S101 - `value` asks by the type
        first, *rest = node.generators
        items = self.items(self.single(first.iter))
        if rest or items is None:
            return UNKNOWN
        found: list[Value] = []
        for item in items:
            self.names.insert(0, {})
            self.bind(first.target, item)
            if all(self.holds(test) is not False for test in first.ifs):
                found.append(self.single(node.elt))
            self.names.pop(0)
        return tuple(found)

    def items(self, value: Value) -> Sequence[Value] | None:
        """Return what a loop over a value goes through; None: it cannot be told."""
        if isinstance(value, Table):
            return tuple(key for key, _ in value.items)
        return value[:_MAX_ITEMS] if isinstance(value, tuple) else None

    def _lambda(self, node: ast.expr) -> Value:
        assert isinstance(node, ast.Lambda)  # noqa: S101 - `value` asks by the type
        return Function(node, self.scope, self.names[0] if self.names else self.scope.names)

    def _named(self, node: ast.expr) -> Value:
        assert isinstance(node, ast.NamedExpr)  # noqa: S101 - `value` asks by the type
        found = self.value(node.value)
        self.bind(node.target, found)
        return found

    def bind(self, target: ast.expr, value: Value) -> None:
        """Give a variable, an attribute or several of them a value."""
        match target:
            case ast.Name(id=name):
                (self.names[0] if self.names else self.scope.names)[name] = value
            case ast.Attribute(value=base, attr=attr):
                owner = self.value(base)
                if isinstance(owner, Instance | Class):
                    owner.names[attr] = value
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                several = value if isinstance(value, tuple) and len(value) == len(targets) else None
                for index, each in enumerate(targets):
                    self.bind(each, several[index] if several else UNKNOWN)
            case ast.Starred(value=inner):
                self.bind(inner, UNKNOWN)
            case _:
                return


_NO_CALL: Final = ast.Call(
    func=ast.Name(id="property", ctx=ast.Load(), lineno=0, col_offset=0), args=[], keywords=[], lineno=0, col_offset=0
)


_OBJECTS: Final = (Scope, Function, Class, Instance, Table, tuple, str)


def _is_index(value: Value) -> bool:
    return value is None or isinstance(value, int)


def _added(values: Sequence[Value]) -> Value:
    left, right = values
    if isinstance(left, tuple) and isinstance(right, tuple):
        return (*left, *right)
    if isinstance(left, str) or isinstance(right, str):
        return whole(text(left) + text(right))
    return left + right if isinstance(left, int) and isinstance(right, int) else UNKNOWN


def _united(values: Sequence[Value]) -> Value:
    left, right = values
    return left | right if isinstance(left, int) and isinstance(right, int) else UNKNOWN


def _filled(values: Sequence[Value]) -> Value:
    left, right = values
    if not isinstance(left, str):
        return UNKNOWN
    rest = iter(right if isinstance(right, tuple) else (right,))
    return whole(re.sub(r"%(?:\(\w+\))?[sdri]", lambda _hole: text(next(rest, UNKNOWN)), left))


def _compared(how: ast.cmpop, left: Value, right: Value) -> Value:
    if isinstance(how, ast.Is | ast.IsNot) and right is None and isinstance(left, _OBJECTS):
        return isinstance(how, ast.IsNot)
    if isinstance(how, ast.In | ast.NotIn) and isinstance(right, Name) and right.dotted == "os.environ":
        return isinstance(how, ast.NotIn)
    if isinstance(right, Table):
        right = tuple(key for key, _ in right.items)
    known = compared(how, plain(left), plain(right))
    return UNKNOWN if known is None else known
