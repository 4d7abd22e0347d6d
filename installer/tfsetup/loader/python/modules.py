"""The extension modules in a site-packages: which files CPython would import by name, and which it passes over.

Rules: CPython `_bootstrap_external.py` of importlib (FileFinder: a folder with `__init__` first, then the
endings in order, extensions before sources), `Python/importdl.c` (the function it calls), PEP 489 (names beyond ASCII).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from tfsetup.loader.model import Filesystem, LoadFailure
from tfsetup.loader.python.target import Target

Status = Literal["taken", "behind", "foreign"]
"""What `import NAME` makes of a file: it opens it; it finds another before; it finds nothing, as this is for others."""

_ENDINGS = {"macos": ".so", "linux": ".so", "windows": ".pyd"}
_TAGGED = re.compile(
    r"(?P<stem>[^.]+?)(?:_d)?\.(?:(?:cpython-|cp)(?P<major>\d)(?P<minor>\d+)|pypy|graalpy|abi\d)[^.]*\.\w+"
)
_FILES = (".so", ".pyd", ".py", ".pyi", ".pyc", ".h", ".hpp", ".inc", ".c", ".txt", ".json", ".dylib", ".dll")
"""Endings that only files have: asking each whether it is a folder would take longer than all the rest of the walk."""

_PACKAGE = "__init__"
_SOURCES = (f"/{_PACKAGE}.py", f"/{_PACKAGE}.pyc")
_TELLS_CIRCLES = (3, 8)
_MAX_FILES = 200_000
_MAX_DEPTH = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Module:
    """A file that may be an extension module; `name` is the dotted module name, that of the package for `__init__`."""

    name: str
    path: str
    status: Status = "taken"

    @property
    def initializer(self) -> str:
        """The function CPython calls in it."""
        leaf = self.name.rpartition(".")[2]
        if leaf.isascii():
            return f"PyInit_{leaf.replace('-', '_')}"
        return f"PyInitU_{leaf.encode('punycode').decode('ascii').replace('-', '_')}"


def not_found(module: Module, target: Target, asked_by: str | None = None) -> LoadFailure:
    """Return what importing a name ends with for which there are files of other interpreters only.

    `asked_by`: the package's own `__init__` (a path), where that says `from . import NAME`: it then has no such name.
    CPython `Python/ceval.c` (import_from), and what 3.6 to 3.13 were seen to say.
    """
    package, _, leaf = module.name.rpartition(".")
    message = f"ModuleNotFoundError: No module named '{module.name}'"
    if asked_by is not None:
        early = target.version is not None and target.version < _TELLS_CIRCLES
        circle = f"partially initialized module '{package}' (most likely due to a circular import)"
        whose = f"'{package}'" if early else circle
        message = f"ImportError: cannot import name '{leaf}' from {whose} ({asked_by})"
    return LoadFailure(kind="python-abi", image=module.path, message=message)


def no_module(module: Module) -> LoadFailure:
    """Return what importing a library ends with that loads and is no module (CPython `Python/importdl.c`)."""
    message = f"dynamic module does not define module export function ({module.initializer})"
    return LoadFailure(kind="symbol-not-found", image=module.path, symbol=module.initializer, message=message)


def walk(files: Filesystem, folder: str, depth: int = 0) -> Iterator[str]:
    """Yield the paths of all files below `folder`, sorted within each folder."""
    for name in files.listdir(folder):
        path = f"{folder}/{name}"
        if not name.endswith(_FILES) and depth < _MAX_DEPTH and files.listdir(path):
            yield from walk(files, path, depth + 1)
        else:
            yield path


def extension_modules(files: Filesystem, site: str, target: Target) -> tuple[Module, ...]:
    """Return every file below `site` whose name is that of an extension module, for any Python, in path order."""
    ending = _ENDINGS[target.system]
    found: list[tuple[Module, int | None]] = []
    packages = set[str]()
    for count, path in enumerate(walk(files, site)):
        if count >= _MAX_FILES:
            break
        if path.endswith(_SOURCES):
            packages.add(posixpath.dirname(path))
        elif path.endswith(ending) and (known := _module(path, site, target)) is not None:
            found.append(known)
            if known[1] is not None and _is_init(known[0]):
                packages.add(posixpath.dirname(path))
    taken = _taken(found, site, packages)
    answered = {*taken, *_answered(files, site, [module.name for module, rank in found if rank is None], packages)}
    return tuple(_judged(found, taken, answered))


def _module(path: str, site: str, target: Target) -> tuple[Module, int | None] | None:
    """Return the module a file would be, if any, with the place of its ending among those the interpreter takes."""
    folder, filename = posixpath.split(path.removeprefix(f"{site}/"))
    stem, rank = _read(filename, target)
    if not stem or "." in folder:
        return None
    parts = [*folder.split("/"), *([] if stem == _PACKAGE else [stem])] if folder else [stem]
    return Module(name=".".join(parts), path=path), rank


def _read(filename: str, target: Target) -> tuple[str, int | None]:
    """Return the module's name and the place of the ending; a name with a dot in it, no `import` can ask for: empty."""
    tagged = _TAGGED.fullmatch(filename)
    if target.python is None and tagged and tagged["major"]:
        target = _of_version(target, f"{tagged['major']}.{tagged['minor']}")
    for rank, suffix in enumerate(_suffixes(target)):
        stem = filename.removesuffix(suffix)
        if stem != filename and "." not in stem:
            return stem, rank
    return (tagged["stem"], None) if tagged else ("", None)


@lru_cache(maxsize=64)
def _of_version(target: Target, python: str) -> Target:
    return replace(target, python=python)


@lru_cache(maxsize=64)
def _suffixes(target: Target) -> tuple[str, ...]:
    return target.suffixes


def _taken(found: Iterable[tuple[Module, int | None]], site: str, packages: Collection[str]) -> dict[str, str]:
    """Return the path that each name leads to: the first of the endings, unless a package of that name is there."""
    best: dict[str, tuple[int, str]] = {}
    for module, rank in found:
        if rank is None or (_folder(site, module.name) in packages and not _is_init(module)):
            continue
        best[module.name] = min(best.get(module.name, (rank, module.path)), (rank, module.path))
    return {name: path for name, (_, path) in best.items()}


def _answered(files: Filesystem, site: str, names: Iterable[str], packages: Collection[str]) -> Iterator[str]:
    """Yield those of `names` to which a package or a source answers."""
    for name in names:
        base = _folder(site, name)
        if base in packages or any(files.lookup(f"{base}{suffix}") for suffix in (".py", ".pyc")):
            yield name


def _judged(
    found: Iterable[tuple[Module, int | None]], taken: dict[str, str], answered: Collection[str]
) -> Iterator[Module]:
    told = set(answered)
    for module, rank in found:
        if taken.get(module.name) == module.path:
            yield module
        elif rank is None and module.name not in told:
            told.add(module.name)
            yield replace(module, status="foreign")
        else:
            yield replace(module, status="behind")


def _folder(site: str, name: str) -> str:
    return f"{site}/{name.replace('.', '/')}"


def _is_init(module: Module) -> bool:
    return posixpath.basename(module.path).startswith(f"{_PACKAGE}.")
