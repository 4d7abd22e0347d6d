"""What conditions of Python code come to on some machine, as far as that can be told without running anything.

Only what is the same in every process of an interpreter counts: its system, architecture and version, `TYPE_CHECKING`,
and constants that the module's own code makes of these (`WINDOWS = sys.platform == "win32"`). Everything else is not
known, and `and`, `or`, `not` go on with that as Kleene's logic does. Rules: Python reference, "Expressions"; the facts
are in `facts.py`.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from tfsetup.loader.python.bindings import Dotted, Namespace, rebound
from tfsetup.loader.python.facts import facts_of, offers
from tfsetup.loader.python.target import Target
from tfsetup.loader.python.values import UNKNOWN, Members, both, combined, compared, indexed, is_true

Function = ast.FunctionDef | ast.AsyncFunctionDef

_METHODS = frozenset({"startswith", "endswith", "lower", "upper", "casefold", "strip", "title", "capitalize"})
_USUAL: Mapping[str, object] = {
    **{name: Dotted(name) for name in ("os", "platform", "six", "struct", "sys", "typing")},
    "TYPE_CHECKING": Dotted("typing.TYPE_CHECKING"),
}
"""What names mean that the code at hand does not bind."""


class Conditions:
    """The conditions of one module on one interpreter. Nothing is looked at before it is asked for."""

    def __init__(self, target: Target | None, tree: ast.Module | None = None, *, name: str = "\0") -> None:
        """Take `target` None for any interpreter, `tree` None for code whose names mean what they usually mean.

        `name` is the module's own; it is imported, so that is never `__main__`.
        """
        self.target = target
        self.facts = facts_of(target)
        self._usual: Mapping[str, object] = {**_USUAL, "__name__": name}
        self._tree = tree
        self._names: Namespace | None = None
        self._rebound: frozenset[str] | None = None

    def inside(self, function: Function) -> Conditions:
        """Return the conditions in a function of the module, where arguments and variables hide names of the module."""
        return _Inside(self, function)

    def holds(self, test: ast.expr) -> bool | None:
        """Say whether a condition holds; None: that cannot be told, or it would be an error."""
        try:
            return self._truth(test)
        except RecursionError:
            return None

    def taken(self, node: ast.If) -> tuple[Sequence[ast.stmt], ...]:
        """Return the bodies of an `if` that may be run: one where its condition is decided, else both."""
        answer = self.holds(node.test)
        return (node.body, node.orelse) if answer is None else (node.body if answer else node.orelse,)

    def value(self, node: ast.expr) -> object:
        """Return the value of an expression: what it is, `Between` bounds, or `UNKNOWN`."""
        try:
            return self._value(node)
        except RecursionError:
            return UNKNOWN

    def text(self, node: ast.expr) -> str | None:
        """Return the value of an expression that is a known text; None: it is none, or not known."""
        found = self.value(node)
        return found if isinstance(found, str) else None

    def path(self, node: ast.expr) -> str | None:
        """Return what an expression names, as a dotted name (`os.path.join`), calls without arguments with `()`."""
        match node:
            case ast.Name(id=name):
                found = self.named(name)
                return found.name if isinstance(found, Dotted) else None
            case ast.Attribute(value=base, attr=attr):
                outer = self.path(base)
                return f"{outer}.{attr}" if outer else None
            case ast.Call(func=function, args=[], keywords=[]):
                outer = self.path(function)
                return f"{outer}()" if outer else None
            case _:
                return None

    def named(self, name: str) -> object:
        """Return what a name is bound to: a value, a `Dotted` name, `UNKNOWN`."""
        if self._tree is None:
            return self._usual.get(name, UNKNOWN)
        if self._names is None:
            self._names = Namespace(self)
            self._names.read(self._tree.body)
        if name not in self._names.bound:
            return self._usual.get(name, UNKNOWN)
        if self._rebound is None:
            self._rebound = rebound(self._tree)
        return UNKNOWN if name in self._rebound else self._names.bound[name]

    def _truth(self, node: ast.expr) -> bool | None:
        match node:
            case ast.BoolOp(op=ast.And(), values=values):
                return both(map(self._truth, values))
            case ast.BoolOp(values=values):
                return _not(both(_not(self._truth(each)) for each in values))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return _not(self._truth(operand))
            case ast.IfExp(test=test, body=body, orelse=orelse):
                answer = self._truth(test)
                either = {self._truth(body), self._truth(orelse)}
                return self._truth(body if answer else orelse) if answer is not None else _only(either)
            case _:
                return is_true(self._value(node))

    def _value(self, node: ast.expr) -> object:
        path = self.path(node)
        if path is not None and path in self.facts:
            return self.facts[path]
        match node:
            case ast.Constant(value=value):
                return value if isinstance(value, str | int | None) else UNKNOWN
            case ast.Name(id=name):
                found = self.named(name)
                return UNKNOWN if isinstance(found, Dotted) else found
            case ast.Tuple(elts=items):
                return tuple(map(self._value, items)) if not _starred(items) else UNKNOWN
            case ast.List(elts=items):
                return list(map(self._value, items)) if not _starred(items) else UNKNOWN
            case ast.Set(elts=items):
                return Members(tuple(map(self._value, items))) if not _starred(items) else UNKNOWN
            case ast.JoinedStr(values=parts):
                texts = [self._part(each) for each in parts]
                return UNKNOWN if None in texts else "".join(text or "" for text in texts)
            case _:
                return self._result(node)

    def _result(self, node: ast.expr) -> object:
        """Return what an operation gives."""
        match node:
            case ast.Compare():
                return _known(self._comparison(node))
            case ast.BoolOp(op=operator, values=values):
                return self._chosen(values, stop_at=isinstance(operator, ast.Or))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return combined(ast.Sub(), 0, self._value(operand))
            case ast.UnaryOp(op=ast.Not()):
                return _known(self._truth(node))
            case ast.IfExp(test=test, body=body, orelse=orelse):
                answer = self._truth(test)
                return UNKNOWN if answer is None else self._value(body if answer else orelse)
            case ast.BinOp(op=arithmetic, left=left, right=right):
                return combined(arithmetic, self._value(left), self._value(right))
            case ast.Subscript(value=base, slice=index):
                return indexed(self._value(base), self._index(index))
            case _:
                return self._called(node) if isinstance(node, ast.Call) else UNKNOWN

    def _comparison(self, node: ast.Compare) -> bool | None:
        left, answers = self._value(node.left), []
        for operator, right in zip(node.ops, map(self._value, node.comparators), strict=True):
            answers.append(compared(operator, left, right))
            left = right
        return both(answers)

    def _chosen(self, values: Sequence[ast.expr], *, stop_at: bool) -> object:
        """Return the operand that `and` or `or` comes to: the first that decides, or the last."""
        for each in values[:-1]:
            answer = self._truth(each)
            if answer is None:
                return UNKNOWN
            if answer is stop_at:
                return self._value(each)
        return self._value(values[-1])

    def _part(self, node: ast.expr) -> str | None:
        match node:
            case ast.Constant(value=str(text)):
                return text
            case ast.FormattedValue(value=inner, conversion=-1, format_spec=None):
                found = self._value(inner)
                return found if isinstance(found, str) else str(found) if type(found) is int else None
            case _:
                return None

    def _index(self, node: ast.expr) -> object:
        if not isinstance(node, ast.Slice):
            return self._value(node)
        bounds = [None if each is None else self._value(each) for each in (node.lower, node.upper, node.step)]
        plain = all(each is None or type(each) is int for each in bounds) and bounds[2] != 0
        return slice(*bounds) if plain else UNKNOWN

    def _called(self, node: ast.Call) -> object:
        if node.keywords or _starred(node.args):
            return UNKNOWN
        match node.func, node.args:
            case ast.Name(id="bool"), [operand]:
                return _known(self._truth(operand))
            case ast.Name(id="hasattr"), [base, ast.Constant(value=str(attr))]:
                path = self.path(base)
                return _known(offers(self.target, f"{path}.{attr}")) if self.target else UNKNOWN
            case ast.Attribute(value=base, attr=method), arguments if method in _METHODS:
                return _applied(self._value(base), method, [self._value(each) for each in arguments])
            case function, [ast.Constant(value=str(text))]:
                return self.facts.get(f"{self.path(function)}({text!r})", UNKNOWN)
            case _:
                return UNKNOWN


class _Inside(Conditions):
    """The conditions in a function."""

    def __init__(self, outer: Conditions, function: Function) -> None:
        super().__init__(outer.target)
        self._outer, self._function = outer, function

    def named(self, name: str) -> object:
        if self._names is None:
            self._names = Namespace(self)
            self._names.hide(self._function.args)
            self._names.read(self._function.body)
        return self._names.bound[name] if name in self._names.bound else self._outer.named(name)


def _not(answer: bool | None) -> bool | None:
    return None if answer is None else not answer


def _only(answers: set[bool | None]) -> bool | None:
    return answers.pop() if len(answers) == 1 else None


def _known(answer: bool | None) -> object:
    return UNKNOWN if answer is None else answer


def _starred(items: Sequence[ast.expr]) -> bool:
    return any(isinstance(each, ast.Starred) for each in items)


def _applied(text: object, method: str, arguments: Sequence[object]) -> object:
    """Return what a method of a text gives; unknown where text or arguments are, or where it would be an error."""
    if not isinstance(text, str) or not all(_plain(each) for each in arguments):
        return UNKNOWN
    try:
        found: object = getattr(text, method)(*arguments)
    except (TypeError, ValueError):
        return UNKNOWN
    return found


def _plain(value: object) -> bool:
    return type(value) in {str, int} or (isinstance(value, tuple) and all(type(each) is str for each in value))
