"""Is an extension module needed by its package, or does the package get along without it?

A module that does not load matters when Python code imports it while it is itself imported, and nothing catches the
ImportError. Many packages bring modules for which neither holds: numba opens `tbbpool` in a function and takes another
threading layer when that fails, others have a slower twin in Python (`try: from ._speedups import ... except
ImportError`). Rules: Python reference, "The import statement" and "The try statement"; CPython `Python/dynload_shlib.c`
and `dynload_win.c` (what the loader refuses becomes ImportError, not its subclass ModuleNotFoundError).

A condition around an import counts where the interpreter decides it (see `conditions`), else as if it held. A name put
together at run time counts where it is made of what is known; else that is said (`unfollowed`).
"""

from __future__ import annotations

import ast
import posixpath
import threading
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tfsetup.loader.model import Filesystem, holds, read_file
from tfsetup.loader.python.computed import Computed, called, may_call
from tfsetup.loader.python.conditions import Conditions
from tfsetup.loader.python.modules import walk
from tfsetup.loader.python.runs import Way, run, statements
from tfsetup.loader.python.target import Target

_TESTS = frozenset({"tests", "test"})
_MAX_TEXT = 4 << 20
_MAX_NATIVE = 64 << 20
_MAX_FILES = 20_000
_PARSING = threading.Lock()


class Importers:
    """Who imports what in a site-packages. Reads nothing until it is asked, and keeps what it has read."""

    def __init__(self, files: Filesystem, site: str, target: Target | None = None) -> None:
        """Look at the Python files below `site`, as the interpreter `target` runs them (None: some interpreter)."""
        self._files, self._site, self._target = files, site, target
        self._texts: dict[str, dict[str, bytes]] = {}
        self._parsed: dict[str, Imports] = {}
        self._calling: dict[str, bool] = {}

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

    def package_asking(self, name: str) -> str | None:
        """Return the package's own `__init__` (a path) where that is who asks for a module, by `from . import NAME`."""
        package = name.rpartition(".")[0]
        path = f"{self._site}/{package.replace('.', '/')}/__init__.py"
        tree = parsed(self.texts(name.partition(".")[0]).get(path, b"")) if package else None
        found = statements(tree.body, "at-import", Conditions(self._target, tree, name=package)) if tree else ()
        asking = next((node for node, _ in found if name in _targets(node, package)), None)
        return path if isinstance(asking, ast.ImportFrom) and base_of(asking, package) == package else None

    def unfollowed(self, name: str) -> tuple[str, Computed] | None:
        """Return the source (a path) whose import of a computed name may be that of a module nothing else imports.

        Only what is run when a module is imported counts, and nothing catches the ImportError of.
        """
        if any(True for _ in self._importers(name)):
            return None
        for path, text in self.texts(name.partition(".")[0]).items():
            for each in self._imports(path, text).computed if self._calls(path, text) else ():
                if each.way == "at-import" and name.startswith(each.start) and self._is_run(self.module_of(path)):
                    return path, each
        return None

    def _needed(self, name: str, natives: Sequence[str], asked: set[str]) -> bool:
        asked.add(name)
        mentioned = False
        for importer, ways in self._importers(name):
            mentioned = True
            if "at-import" in ways and (is_public(importer) or self._reached(importer, asked)):
                return True
        return not mentioned and self._named_by_native(name, natives)

    def _is_run(self, module: str) -> bool:
        return is_public(module) or self._reached(module, set())

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
            if importer == name or importer.startswith(f"{name}.") or not (leaf in text or self._calls(path, text)):
                continue
            if ways := self._imports(path, text).names.get(name):
                yield importer, ways

    def _calls(self, path: str, text: bytes) -> bool:
        """Say whether a source imports by calls; asked of every source of a package for each of its modules."""
        if path not in self._calling:
            self._calling[path] = may_call(text)
        return self._calling[path]

    def _imports(self, path: str, text: bytes) -> Imports:
        if path not in self._parsed:
            package = path.endswith("/__init__.py")
            self._parsed[path] = all_imports_of(text, self.module_of(path), package=package, target=self._target)
        return self._parsed[path]

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
        return any(holds(self._files, path, name.encode(), _MAX_NATIVE) for path in others)


def is_public(name: str) -> bool:
    """Say whether a dotted module name has no part that begins with an underscore."""
    return not any(part.startswith("_") for part in name.split("."))


@dataclass(frozen=True, kw_only=True, slots=True)
class Imports:
    """What one source imports: the modules it may import and in which ways, and where the name is not known."""

    names: dict[str, set[Way]]
    computed: tuple[Computed, ...] = ()


def imports_of(text: bytes, name: str, *, package: bool, target: Target | None = None) -> dict[str, set[Way]]:
    """Return the modules that the source of the module `name` may import, and in which ways.

    `package`: it is the package's `__init__.py`, from which relative imports count. `from a import b` names `a` and
    `a.b`, as either may be a module. Source that is not Python imports nothing.
    """
    return all_imports_of(text, name, package=package, target=target).names


def all_imports_of(text: bytes, name: str, *, package: bool, target: Target | None = None) -> Imports:
    """Return what `imports_of` does, and where `import_module` or `__import__` is called with a name nobody knows."""
    tree = parsed(text)
    if tree is None:
        return Imports(names={})
    names = imports_in(tree, name, package=package, target=target)
    if not may_call(text):
        return Imports(names=names)
    home = name if package else name.rpartition(".")[0]
    computed: list[Computed] = []
    for node, way, conditions in run(tree.body, "at-import", Conditions(target, tree, name=name)):
        for found in called(node, way, conditions, home):
            if isinstance(found, Computed):
                computed.append(found)
            else:
                for each in _with_parents(found):
                    names.setdefault(each, set()).add(way)
    return Imports(names=names, computed=tuple(computed))


def parsed(text: bytes) -> ast.Module | None:
    """Return source as a tree; None: it is not Python, or of a newer Python than this one.

    One text at a time, for several threads may ask: CPython counts the depth of a tree under construction once for all
    of them and ends with a SystemError where they differ (gh-106905), and what warnings do is one for all threads too.
    """
    try:
        with _PARSING, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the code that is read, say an invalid escape
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def imports_in(tree: ast.Module, name: str, *, package: bool, target: Target | None = None) -> dict[str, set[Way]]:
    """Return what `imports_of` does, of source that was parsed already; of the import statements only."""
    home = name if package else name.rpartition(".")[0]
    found: dict[str, set[Way]] = {}
    for node, way in statements(tree.body, "at-import", Conditions(target, tree, name=name)):
        for each in _targets(node, home):
            found.setdefault(each, set()).add(way)
    return found


def imports_between(
    text: bytes, name: str, lines: tuple[int, int | None], *, package: bool, target: Target | None = None
) -> frozenset[str]:
    """Return the modules that the source of a module imports between two lines (None: its end), by dotted name."""
    tree = parsed(text)
    home = name if package else name.rpartition(".")[0]
    first, last = lines
    found = statements(tree.body, "at-import", Conditions(target, tree, name=name)) if tree is not None else ()
    within = (node for node, _ in found if first < node.lineno and (last is None or node.lineno < last))
    return frozenset(each for node in within for each in _targets(node, home))


def _targets(node: ast.Import | ast.ImportFrom, home: str) -> Iterator[str]:
    """Yield the modules an import statement may import, with the packages around them."""
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    else:
        base = base_of(node, home)
        names = [f"{base}.{alias.name}" if base else alias.name for alias in node.names]
    for name in names:
        yield from _with_parents(name)


def _with_parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    yield from (".".join(parts[:count]) for count in range(1, len(parts) + 1))


def base_of(node: ast.ImportFrom, home: str) -> str:
    """Return the module that a `from` statement imports from; `home` is the package it stands in."""
    if not node.level:
        return node.module or ""
    parts = home.split(".")
    parent = parts[: max(0, len(parts) - node.level + 1)]
    return ".".join([*parent, node.module] if node.module else parent)
