"""Which sources a program reaches by its imports, and what of that is gone: read with `ast`, nothing is run.

From the module of the program on, every import is followed that is run with its module; of the program's own module
also those in functions, for it is called. An import whose failure is caught is passed over. What is gone is a module
(`pkg_resources`), or an attribute of one (`numpy.bool`) that code asks for by a name it has imported the module as.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tfsetup.loader.model import read_file
from tfsetup.loader.python.importers import imports_in, parsed
from tfsetup.loader.python.runs import Way

if TYPE_CHECKING:
    from tfsetup.loader.model import Filesystem
    from tfsetup.loader.python.target import Target

MAX_FILES = 8_000
MAX_TEXT = 4 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Lost:
    """A name that is gone and wanted. `certain`: as soon as the module is imported; else when a function is called."""

    name: str
    path: str
    line: int
    because: str
    certain: bool

    @property
    def sentence(self) -> str:
        """What wants it, where, and why it is not there."""
        return f"{self.path}:{self.line} wants {self.name}: {self.because}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reached:
    """What one program reaches: what is gone of it, and which sources could not be read."""

    lost: tuple[Lost, ...]
    unread: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Source:
    """What is known of one module: whom it imports in which ways, and what it wants that is gone."""

    imports: Mapping[str, set[Way]]
    lost: tuple[Lost, ...]
    readable: bool


class Reach:
    """The sources of a site-packages. Each is read at most once, whoever reaches it."""

    def __init__(self, files: Filesystem, site: str, gone: Mapping[str, str], target: Target | None = None) -> None:
        """Look below `site` for what is `gone`: why, by dotted name.

        Sources count as the interpreter `target` runs them (None: some interpreter).
        """
        self._files, self._site, self._gone, self._target = files, site, gone, target
        leaves = "|".join(sorted(re.escape(name.rpartition(".")[2]) for name in gone if "." in name))
        self._mentioned = re.compile(rf"\.\s*(?:{leaves})\b".encode()) if leaves else None
        self._known: dict[str, _Source | None] = {}

    @property
    def count(self) -> int:
        """How many sources were read."""
        return sum(source is not None for source in self._known.values())

    def of(self, module: str) -> Reached:
        """Return what a program reaches whose function is in `module`."""
        waiting, seen = list(_with_parents(module)), set[str]()
        lost: list[Lost] = []
        unread: list[str] = []
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            if len(self._known) >= MAX_FILES and name not in self._known:
                unread.append(f"more than {MAX_FILES} files")
                break
            source = self._source(name)
            if source is None:
                continue
            lost += source.lost
            unread += [] if source.readable else [name]
            followed = {"at-import", "later"} if name == module else {"at-import"}
            waiting += [target for target, ways in source.imports.items() if ways & followed and target not in seen]
        ordered = sorted(lost, key=lambda one: (not one.certain, one.path, one.line))
        return Reached(lost=tuple(ordered), unread=tuple(unread))

    def _source(self, name: str) -> _Source | None:
        """Return what a module says; None: it has no source here (the standard library, an extension, no module)."""
        if name not in self._known:
            self._known[name] = self._read(name)
        return self._known[name]

    def _read(self, name: str) -> _Source | None:
        base = f"{self._site}/{name.replace('.', '/')}"
        for path, package in ((f"{base}/__init__.py", True), (f"{base}.py", False)):
            text = read_file(self._files, path, MAX_TEXT)
            if text is not None:
                return self._parsed(text, name, path.removeprefix(f"{self._site}/"), package=package)
        return None

    def _parsed(self, text: bytes, name: str, path: str, *, package: bool) -> _Source:
        tree = parsed(text)
        if tree is None:
            return _Source(imports={}, lost=(), readable=False)
        imports = imports_in(tree, name, package=package, target=self._target)
        lost = tuple(self._lost(tree, imports, text, path))
        return _Source(imports=imports, lost=lost, readable=True)

    def _lost(self, tree: ast.Module, imports: Mapping[str, set[Way]], text: bytes, path: str) -> Iterator[Lost]:
        own = path.partition("/")[0].removesuffix(".py")  # a package knows best what it has itself
        gone = {name: because for name, because in self._gone.items() if name.partition(".")[0] != own}
        for name in gone.keys() & imports.keys():
            if ways := imports[name] - {"guarded"}:
                line, certain = _line(tree, name), "at-import" in ways
                yield Lost(name=name, path=path, line=line, because=gone[name], certain=certain)
        if self._mentioned is None or not self._mentioned.search(text):
            return
        modules = {name.rpartition(".")[0] for name in gone} & imports.keys()
        for name, line, certain in _attributes(tree, modules) if modules else ():
            if name in gone and name not in imports:
                yield Lost(name=name, path=path, line=line, because=gone[name], certain=certain)


def _with_parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    yield from (".".join(parts[:count]) for count in range(1, len(parts) + 1))


def _line(tree: ast.Module, name: str) -> int:
    """Return the line of the first import that names a module, or something of it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and any(_is_or_below(alias.name, name) for alias in node.names):
            return node.lineno
        if isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
            if any(_is_or_below(each, name) for each in names):
                return node.lineno
    return 1


def _is_or_below(name: str, wanted: str) -> bool:
    return name == wanted or name.startswith(f"{wanted}.")


def _attributes(tree: ast.Module, modules: set[str]) -> Iterator[tuple[str, int, bool]]:
    """Yield what code asks modules for: the dotted name, the line, and whether it is run with its own module."""
    called = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name in modules
    }
    for node, certain in _run_at_once(tree.body):
        match node:
            case ast.Attribute(value=ast.Name(id=base), attr=attr) if base in called:
                yield f"{called[base]}.{attr}", node.lineno, certain


def _run_at_once(body: Sequence[ast.stmt]) -> Iterator[tuple[ast.AST, bool]]:
    """Yield every node below statements, and whether it is run with the module; what is under a condition is not."""
    for statement in body:
        if isinstance(statement, ast.ClassDef):
            yield from _run_at_once(statement.body)
            continue
        plain = isinstance(statement, ast.Assign | ast.AnnAssign | ast.Expr) and not _inside_lambda(statement)
        yield from ((node, plain) for node in ast.walk(statement))


def _inside_lambda(statement: ast.stmt) -> bool:
    return any(isinstance(node, ast.Lambda) for node in ast.walk(statement))
