"""The extension modules in a site-packages: which files CPython would import by name, and for which of its versions.

Rules: CPython `importlib/_bootstrap_external.py` (FileFinder, suffixes in order), `Python/dynload_shlib.c` and
`dynload_win.c` (the suffixes), PEP 3149 (tags in file names).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tfsetup.ground.platforms import Os
from tfsetup.loader.model import Filesystem

_SUFFIX: dict[Os, str] = {"macos": ".so", "linux": ".so", "windows": ".pyd"}
_TAGGED = re.compile(r"(?P<stem>[^.]+)\.(?:cpython-|cp)(?P<major>\d)(?P<minor>\d+)(?P<flags>[a-z]*)(?:-[\w-]+)?$")
_STABLE = re.compile(r"(?P<stem>[^.]+)\.abi3$")
_FILES = (".so", ".pyd", ".py", ".pyi", ".pyc", ".h", ".hpp", ".inc", ".c", ".txt", ".json", ".dylib", ".dll")
"""Endings that only files have: asking each whether it is a folder would take longer than all the rest of the walk."""

_MAX_FILES = 200_000
_MAX_DEPTH = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Module:
    """A file that may be an extension module: `name` is the dotted module name, `python` the `X.Y` in its file name.

    `python` is None for names that fit every version: no tag, or `abi3`.
    """

    name: str
    path: str
    python: str | None

    @property
    def initializer(self) -> str:
        """The function CPython calls in it."""
        return f"PyInit_{self.name.rpartition('.')[2]}"

    def importable(self, python: str | None) -> bool:
        """Say whether CPython `python` would look at the file at all."""
        return self.python is None or python is None or self.python == python


def walk(files: Filesystem, folder: str, depth: int = 0) -> Iterator[str]:
    """Yield the paths of all files below `folder`, sorted within each folder."""
    for name in files.listdir(folder):
        path = f"{folder}/{name}"
        if not name.endswith(_FILES) and depth < _MAX_DEPTH and files.listdir(path):
            yield from walk(files, path, depth + 1)
        else:
            yield path


def extension_modules(files: Filesystem, site: str, system: Os) -> tuple[Module, ...]:
    """Return every file below `site` whose name is that of an extension module on `system`, in path order."""
    suffix = _SUFFIX[system]
    found = []
    for count, path in enumerate(walk(files, site)):
        if count >= _MAX_FILES:
            break
        if path.endswith(suffix):
            found.append(_module(path, site, suffix))
    return tuple(found)


def _module(path: str, site: str, suffix: str) -> Module:
    folder, filename = posixpath.split(path.removeprefix(f"{site}/"))
    stem, python = filename.removesuffix(suffix), None
    if tagged := _TAGGED.fullmatch(stem):
        stem, python = tagged["stem"], f"{tagged['major']}.{tagged['minor']}{tagged['flags'] or ''}"
    elif stable := _STABLE.fullmatch(stem):
        stem = stable["stem"]
    package = folder.replace("/", ".")
    return Module(name=f"{package}.{stem}" if package else stem, path=path, python=python)
