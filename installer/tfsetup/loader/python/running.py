"""What a module does when it is imported, as far as reading tells: it is followed statement by statement, never run.

Calls of the package's own functions are followed, also into its other modules. Every call of somebody else's function
is heard by a listener, which may answer what it gives, or raise what it would raise (`Raised`).
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tfsetup.loader.model import read_file
from tfsetup.loader.python.importers import parsed
from tfsetup.loader.python.known import FUNCTIONS, Place
from tfsetup.loader.python.meaning import Class, Either, Function, Instance, Name, Scope, Value, either, lift
from tfsetup.loader.python.paths import Locals
from tfsetup.loader.python.statements import Frame, Statements
from tfsetup.loader.python.values import UNKNOWN

_MAX_TEXT = 4 << 20
_MAX_STEPS = 40_000
_MAX_DEPTH = 24
_MAX_MODULES = 60
_DATAFILE = "get_path_to_datafile"  # of TensorFlow's resource_loader: beside the file of the code that calls it


_PLACES = frozenset({"__file__", "__path__"})


def _module_files(base: str) -> tuple[str, str]:
    """Return where a module's source may be; a package comes before a module."""
    return f"{base}/__init__.py", f"{base}.py"


class Exhausted(Exception):  # noqa: N818 - ends a reading, and is no error
    """The code does too much to be followed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A call of something that the package does not define: its dotted name, what it is given, and where it stands.

    `path` and `line` are of the call. `maybe`: it is under a condition that could not be decided.
    """

    name: str
    values: Sequence[Value]
    named: Mapping[str, Value]
    path: str
    line: int
    maybe: bool

    def argument(self, index: int, name: str, default: Value = UNKNOWN) -> Value:
        """Return an argument, given by its place or by its name."""
        return self.values[index] if len(self.values) > index else self.named.get(name, default)


Listener = Callable[[Call], Value]
"""Hears each call that is not of the package's own; its answer is what the call gives (`UNKNOWN`: it does not know)."""


class Runner(Statements):
    """Follows the code of one top-level package at a `Place`. `wanted` says which of its sources are worth it.

    `objects` are those that were made of its classes, `entered` the functions that were called.
    """

    def __init__(
        self,
        place: Place,
        package: str,
        listener: Listener,
        wanted: Callable[[bytes], object] = bool,
        trees: dict[str, ast.Module | None] | None = None,
    ) -> None:
        """Begin with no module followed; `trees` keeps what was read of them for the next one who follows them."""
        super().__init__(place)
        self.package, self.listener, self._wanted = package, listener, wanted
        self.modules: dict[str, Scope | None] = {}
        self.objects: list[Instance] = []
        self.entered: set[int] = set()
        self._resolving: set[str] = set()
        self._steps = 0
        self._trees = {} if trees is None else trees

    def step(self) -> None:
        """Count one expression or statement.

        Raises:
            Exhausted: there were too many, or they lie too deep.
        """
        self._steps += 1
        if self._steps > _MAX_STEPS or len(self.frames) > _MAX_DEPTH:
            raise Exhausted

    def module(self, name: str) -> Scope | None:
        """Follow a module of the package, once; None: there is none of that name, or it is not worth following.

        Raises:
            Raised: its code ends with an exception.
            Exhausted: it does too much.
        """
        if name in self.modules or len(self.modules) >= _MAX_MODULES:
            return self.modules.get(name)
        self.modules[name] = None
        base = f"{self.place.site}/{name.replace('.', '/')}"
        for path in _module_files(base):
            tree = self._tree(path)
            if tree is not None:
                self._follow(tree, Scope(name, path, package=path != f"{base}.py"))
                break
        return self.modules[name]

    def line(self, text: str, path: str, number: int) -> None:
        """Follow a line of a file that is no module, the `number`th.

        Raises:
            Raised: it ends with an exception.
            Exhausted: it does too much.
        """
        tree = parsed(text.encode())
        if tree is not None:
            self._follow(ast.increment_lineno(tree, number - 1), Scope("", path, package=False))

    def _tree(self, path: str) -> ast.Module | None:
        if path not in self._trees:
            source = read_file(self.place.files, path, _MAX_TEXT)
            if source is None or not self._wanted(source):
                return None  # what is worth following may be known better later
            self._trees[path] = parsed(source)
        return self._trees[path]

    def _follow(self, tree: ast.Module, scope: Scope) -> None:
        home = scope.name if scope.package else scope.name.rpartition(".")[0]
        scope.names.update({"__name__": scope.name, "__file__": scope.path, "__package__": home})
        scope.names["__path__"] = (scope.path.rpartition("/")[0],)
        self.modules[scope.name] = scope
        self._enter(scope, [], lambda: self.body(tree.body))

    def _enter(self, scope: Scope, names: list[Locals], follow: Callable[[], object]) -> Frame:
        before, self.names = self.names, names
        frame = Frame(scope, [])
        self.frames.append(frame)
        try:
            follow()
        finally:
            self.frames.pop()
            self.names = before
        return frame

    def resolved(self, name: Name) -> Value:
        """Return what a name of the package stands for, following its module if need be; any other name as it is.

        Modules may have a name from each other, in a circle: nothing is known of it then.
        """
        if not name.dotted.startswith(f"{self.package}.") or name.dotted.endswith("()"):
            return self._of_another(name.dotted)
        if name.dotted in self._resolving:
            return name
        self._resolving.add(name.dotted)
        try:
            return self._of_its_own(name)
        finally:
            self._resolving.remove(name.dotted)

    def _of_its_own(self, name: Name) -> Value:
        parts = name.dotted.split(".")
        for count in range(len(parts), 0, -1):
            scope = self.module(".".join(parts[:count]))
            if scope is not None:
                found: Value = scope
                for attr in parts[count:]:
                    found = self._member_of(found, attr)
                return name if found is UNKNOWN else found
        return name

    def _of_another(self, dotted: str) -> Value:
        """Return what a name outside of the package stands for; of other packages only where their files are."""
        module, _, attr = dotted.rpartition(".")
        paths = _module_files(f"{self.place.site}/{module.replace('.', '/')}") if attr in _PLACES and module else ()
        path = next((each for each in paths if self.place.files.lookup(each)), None)
        if path is None:
            return self.place.constant(dotted)
        return path if attr == "__file__" else (path.rpartition("/")[0],)

    def _member_of(self, base: Value, attr: str) -> Value:
        match base:
            case Scope(name=module, names=names):
                found = names.get(attr, UNKNOWN)
                if found == Name(f"{module}.{attr}"):
                    return UNKNOWN  # `from . import native` in a package: a module without source
                return self.resolved(found) if isinstance(found, Name) else found
            case Instance() | Class():
                return self.member(base, attr)
            case _:
                return UNKNOWN

    def called(self, function: Value, node: ast.Call, values: Sequence[Value], named: Mapping[str, Value]) -> Value:
        """Follow a call: into the package's own functions, or to the listener."""
        if isinstance(function, Either):
            return lift(lambda one: self.called(one[0], node, values, named), [function])
        if isinstance(function, Name):
            function = self.resolved(function)
        match function:
            case Function():
                return self.run(function, values, named)
            case Class():
                return self.instance(function, values, named)
            case Name(dotted=dotted):
                return self._foreign(dotted, node, self.all_resolved(values), named)
            case _:
                return UNKNOWN

    def _foreign(self, dotted: str, node: ast.Call, values: Sequence[Value], named: Mapping[str, Value]) -> Value:
        if dotted == "sys._getframe":
            return self._frame_above(values[0] if values else 0)
        if dotted == "inspect.currentframe":
            return self.scope.path
        if dotted.rpartition(".")[2] == _DATAFILE:
            return FUNCTIONS["os.path.join"](self.place, [self.scope.path.rpartition("/")[0], *values])
        if not values and not isinstance(fact := self.place.constant(f"{dotted}()"), Name):
            return fact
        known = FUNCTIONS.get(dotted)
        if known is not None:
            return lift(lambda parts: known(self.place, parts), values)
        given = {key: self.resolved(value) if isinstance(value, Name) else value for key, value in named.items()}
        maybe = any(each.maybe for each in self.frames)
        call = Call(name=dotted, values=values, named=given, path=self.scope.path, line=node.lineno, maybe=maybe)
        answer = self.listener(call)
        return Name(f"{dotted}()") if answer is UNKNOWN else answer

    def _frame_above(self, depth: Value) -> Value:
        """Return what stands for a frame: the file of its code."""
        known = isinstance(depth, int) and 0 <= depth < len(self.frames)
        return self.frames[-1 - depth].scope.path if known and isinstance(depth, int) else UNKNOWN

    def again(self) -> None:
        """Count anew: what is followed next is independent of what was."""
        self._steps = 0

    def method(self, of: Instance, name: str) -> Function | None:
        """Return a method bound to an object, or to nothing for a static one; None: it is a property, or no method."""
        found = next((each.names[name] for each in self.lineage(of.of) if name in each.names), UNKNOWN)
        return Function(found.node, found.scope, found.around, owner=of) if isinstance(found, Function) else None

    def instance(self, of: Class, values: Sequence[Value], named: Mapping[str, Value]) -> Value:
        """Make an object of a class of the package."""
        made = Instance(of)
        self.objects.append(made)
        begin = self.member(made, "__init__")
        if isinstance(begin, Function):
            self.run(begin, values, named)
        return made

    def run(self, function: Function, values: Sequence[Value], named: Mapping[str, Value]) -> Value:
        """Call a function of the package and return what it may return."""
        self.step()
        self.entered.add(id(function.node))
        outer = [function.around] if function.around is not function.scope.names else []
        ended: list[Value] = []

        def follow() -> None:
            self.names = [self._parameters(function, values, named), *outer]
            if isinstance(function.node, ast.Lambda):
                ended.append(self.value(function.node.body))
            elif self.body(function.node.body) != "return":
                ended.append(None)

        frame = self._enter(function.scope, outer, follow)
        return either([*frame.returned, *ended])

    def _parameters(self, function: Function, values: Sequence[Value], named: Mapping[str, Value]) -> Locals:
        given = function.node.args
        places = [*given.posonlyargs, *given.args]
        own = [*([function.owner] if function.owner else []), *values]
        found: Locals = dict.fromkeys((each.arg for each in [*places, *given.kwonlyargs]), UNKNOWN)
        for argument, default in zip(reversed(places), reversed(given.defaults), strict=False):
            found[argument.arg] = self.value(default)
        for argument, maybe in zip(given.kwonlyargs, given.kw_defaults, strict=True):
            found[argument.arg] = self.value(maybe) if maybe else UNKNOWN
        found.update(zip((each.arg for each in places), own, strict=False))
        found.update({key: value for key, value in named.items() if key in found})
        if given.vararg:
            found[given.vararg.arg] = tuple(own[len(places) :])
        if given.kwarg:
            found[given.kwarg.arg] = UNKNOWN
        return found
