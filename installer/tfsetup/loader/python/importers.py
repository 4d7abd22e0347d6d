"""Is an extension module needed by its package, or does the package get along without it?

A module that does not load matters when Python code imports it while it is itself imported, and nothing catches the
ImportError. Many packages bring modules for which neither holds: numba opens `tbbpool` in a function and takes another
threading layer when that fails, others have a slower twin in Python (`try: from ._speedups import ... except
ImportError`). Rules: Python reference, "The import statement" and "The try statement"; CPython `Python/dynload_shlib.c`
and `dynload_win.c` (what the loader refuses becomes ImportError, not its subclass ModuleNotFoundError).

Not seen: names put together at run time, and `if` around an import, which counts as if it held. `if TYPE_CHECKING` and
`if __name__ == "__main__"` never hold in an import.
"""

from __future__ import annotations

import ast
import posixpath
import warnings
from collections.abc import Iterator, Sequence
from typing import Literal

from tfsetup.loader.model import Filesystem, read_file
from tfsetup.loader.python.modules import walk

Way = Literal["at-import", "guarded", "later"]
"""When an import is run: with the module it stands in; there, but its failure is caught; when a function is called."""

_CATCH = frozenset({"ImportError", "Exception", "BaseException"})
_TESTS = frozenset({"tests", "test"})
_MAX_TEXT = 4 << 20
_MAX_NATIVE = 64 << 20
_MAX_FILES = 20_000
_Block = ast.If | ast.For | ast.While | ast.With | ast.ClassDef


class Importers:
    """Who imports what in a site-packages. Reads nothing until it is asked, and keeps what it has read."""

    def __init__(self, files: Filesystem, site: str) -> None:
        """Look at the Python files below `site`."""
        self._files, self._site = files, site
        self._texts: dict[str, dict[str, bytes]] = {}
        self._parsed: dict[str, dict[str, set[Way]]] = {}

    def needed(self, name: str, natives: Sequence[str] = ()) -> bool:
        """Say whether code of its own package imports the module `name` so that its failure is the package's.

        A module outside of any package is needed: it is what a person imports. So is one with its package's own name,
        which the package wraps (cv2/cv2.pyd, imported by a name made at run time), and one that a needed module
        imports; a module whose name nobody marked as private, with a leading underscore, is taken for needed itself.
        `natives` are the paths of the package's extension modules: those in its folder are asked when no Python code
        mentions the module, since compiled code imports too (Cython keeps the names it imports as they are).
        """
        package, _, leaf = name.rpartition(".")
        return package in {"", leaf} or self._needed(name, natives, set())

    def of(self, name: str) -> tuple[str, ...]:
        """Return the modules of its package that import the module `name` when they are imported themselves."""
        return tuple(importer for importer, ways in self._importers(name) if ways != {"later"})

    def _needed(self, name: str, natives: Sequence[str], asked: set[str]) -> bool:
        asked.add(name)
        mentioned = False
        for importer, ways in self._importers(name):
            mentioned = True
            if "at-import" in ways and (is_public(importer) or self._reached(importer, asked)):
                return True
        return not mentioned and self._named_by_native(name, natives)

    def _reached(self, importer: str, asked: set[str]) -> bool:
        """Say whether a private Python module is run when its package is imported; one nobody mentions may well be."""
        if importer in asked:
            return False
        asked.add(importer)
        found = list(self._importers(importer))
        if not found:
            return True
        return any("at-import" in ways and (is_public(by) or self._reached(by, asked)) for by, ways in found)

    def way(self, name: str) -> Way:
        """Say how a module is run when its top-level package is imported; `later`: somebody has to import it itself.

        Each module of a top-level folder without `__init__.py` is imported by itself.
        """
        top = name.partition(".")[0]
        roots = {self.module_of(path) for path in self.texts(top)}
        followed: dict[Way, set[Way]] = {"at-import": {"at-import"}, "guarded": {"at-import", "guarded"}}
        for way, ways in followed.items():
            if self._leads(name, top if top in roots else name, ways):
                return way
        return "later"

    def _leads(self, name: str, root: str, ways: set[Way]) -> bool:
        """Say whether importing `root` runs the module `name` by imports of some ways."""
        waiting, seen = [name], {name}
        while waiting and root not in seen:
            for by, how in self._importers(waiting.pop()):
                if how & ways and by not in seen:
                    seen.add(by)
                    waiting.append(by)
                if by == root and how & ways:
                    break
        return root in seen

    def _importers(self, name: str) -> Iterator[tuple[str, set[Way]]]:
        """Yield the modules that import `name`, without tests and without what lies inside of it, and how they do."""
        leaf = name.rpartition(".")[2].encode()
        for path, text in self.texts(name.partition(".")[0]).items():
            importer = self.module_of(path)
            if leaf not in text or importer == name or importer.startswith(f"{name}."):
                continue
            if path not in self._parsed:
                self._parsed[path] = imports_of(text, importer, package=path.endswith("/__init__.py"))
            if ways := self._parsed[path].get(name):
                yield importer, ways

    def texts(self, package: str) -> dict[str, bytes]:
        """Return the sources of a top-level package, or of a module outside of packages, by path; without its tests."""
        if package not in self._texts:
            below = f"{self._site}/{package}"
            paths = [path for path in walk(self._files, below) if path.endswith(".py")] or [f"{below}.py"]
            wanted = [path for path in paths[:_MAX_FILES] if not _TESTS & set(path.split("/"))]
            self._texts[package] = {path: read_file(self._files, path, _MAX_TEXT) or b"" for path in wanted}
        return self._texts[package]

    def module_of(self, path: str) -> str:
        """Return the dotted name of the module that a Python file is."""
        relative = path.removeprefix(f"{self._site}/").removesuffix(".py").removesuffix("/__init__")
        return relative.replace("/", ".")

    def _named_by_native(self, name: str, natives: Sequence[str]) -> bool:
        package, _, leaf = name.rpartition(".")
        folder = f"{self._site}/{package.replace('.', '/')}"
        beside = [path for path in natives if posixpath.dirname(path) == folder]
        others = [path for path in beside if posixpath.basename(path).partition(".")[0] != leaf]
        return any(name.encode() in (read_file(self._files, path, _MAX_NATIVE) or b"") for path in others)


def is_public(name: str) -> bool:
    """Say whether a dotted module name has no part that begins with an underscore."""
    return not any(part.startswith("_") for part in name.split("."))


def imports_of(text: bytes, name: str, *, package: bool) -> dict[str, set[Way]]:
    """Return the modules that the source of the module `name` may import, and in which ways.

    `package`: it is the package's `__init__.py`, from which relative imports count. `from a import b` names `a` and
    `a.b`, as either may be a module. Source that is not Python imports nothing.
    """
    tree = parsed(text)
    return {} if tree is None else imports_in(tree, name, package=package)


def parsed(text: bytes) -> ast.Module | None:
    """Return source as a tree; None: it is not Python, or of a newer Python than this one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the code that is read, say an invalid escape
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def imports_in(tree: ast.Module, name: str, *, package: bool) -> dict[str, set[Way]]:
    """Return what `imports_of` does, of source that was parsed already."""
    home = name if package else name.rpartition(".")[0]
    found: dict[str, set[Way]] = {}
    for node, way in statements(tree.body, "at-import"):
        for target in _targets(node, home):
            found.setdefault(target, set()).add(way)
    return found


def statements(body: Sequence[ast.stmt], way: Way) -> Iterator[tuple[ast.Import | ast.ImportFrom, Way]]:
    """Yield every import statement in a body, with when it is run. Without recursion into what is never run."""
    for node in body:
        match node:
            case ast.Import() | ast.ImportFrom():
                yield node, way
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from statements(node.body, "later")
            case ast.Try() | ast.TryStar():
                yield from _in_try(node, way)
            case ast.If() | ast.For() | ast.While() | ast.With() | ast.ClassDef():
                yield from _in_block(node, way)
            case _:
                continue


def _in_try(node: ast.Try | ast.TryStar, way: Way) -> Iterator[tuple[ast.Import | ast.ImportFrom, Way]]:
    caught = any(_catches(handler.type) and not _raises(handler.body) for handler in node.handlers)
    yield from statements(node.body, _guarded(way) if caught else way)
    for handler in node.handlers:  # what is run only once something else has failed
        yield from statements(handler.body, _guarded(way))
    yield from statements([*node.orelse, *node.finalbody], way)


def _in_block(node: _Block, way: Way) -> Iterator[tuple[ast.Import | ast.ImportFrom, Way]]:
    if isinstance(node, ast.If) and _never(node.test):
        yield from statements(node.orelse, way)
        return
    suppressed = isinstance(node, ast.With) and any(_suppresses(item.context_expr) for item in node.items)
    yield from statements(node.body, _guarded(way) if suppressed else way)
    yield from statements(getattr(node, "orelse", []), way)


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


def _never(test: ast.expr) -> bool:
    if isinstance(test, ast.Compare):
        return _name(test.left) == "__name__"
    return _name(test) == "TYPE_CHECKING"


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _targets(node: ast.Import | ast.ImportFrom, home: str) -> Iterator[str]:
    """Yield the modules an import statement may import, with the packages around them."""
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    else:
        base = base_of(node, home)
        names = [f"{base}.{alias.name}" if base else alias.name for alias in node.names]
    for name in names:
        parts = name.split(".")
        yield from (".".join(parts[:count]) for count in range(1, len(parts) + 1))


def base_of(node: ast.ImportFrom, home: str) -> str:
    """Return the module that a `from` statement imports from; `home` is the package it stands in."""
    if not node.level:
        return node.module or ""
    parts = home.split(".")
    parent = parts[: max(0, len(parts) - node.level + 1)]
    return ".".join([*parent, node.module] if node.module else parent)
