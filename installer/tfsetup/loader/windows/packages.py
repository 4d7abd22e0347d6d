"""What importing a package on Windows does before its first extension module is loaded.

Two habits of wheel builders, read from the package's own Python files without running them:
delvewheel writes `os.add_dll_directory` of a folder beside the package into its `__init__.py` (delvewheel README, "Name
mangling"); scikit-learn's `_distributor_init.py` preloads libraries from its `.libs` folder by path.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tfsetup.loader.model import Filesystem, read_file

_MAX_SOURCE = 1 << 20
_DIRECTORY = re.compile(rb"os\.path\.dirname\(__file__\), os\.pardir, '([\w.+-]+\.libs)'")
_PRELOADED = re.compile(rb"[\"']([\w.+-]+\.dll)[\"']", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Preparation:
    """Folders given to `os.add_dll_directory`, and libraries loaded by path, in order."""

    directories: tuple[str, ...]
    preloads: tuple[str, ...]


def packages_above(files: Filesystem, module: str) -> Iterator[str]:
    """Yield the folders of the packages a module lies in, outermost first: those are imported before it."""
    found = []
    folder = posixpath.dirname(module)
    while folder not in ("", "/") and files.lookup(f"{folder}/__init__.py") is not None:
        found.append(folder)
        folder = posixpath.dirname(folder)
    yield from reversed(found)


def preparation(files: Filesystem, package: str) -> Preparation:
    """Return what importing the package at this folder prepares."""
    beside = posixpath.dirname(package)
    init = read_file(files, f"{package}/__init__.py", _MAX_SOURCE) or b""
    names = [name.decode() for name in _DIRECTORY.findall(init)] if b"add_dll_directory" in init else []
    directories = [f"{beside}/{name}" for name in dict.fromkeys(names)]
    distributor = read_file(files, f"{package}/_distributor_init.py", _MAX_SOURCE) or b""
    libraries = [name.decode() for name in _PRELOADED.findall(distributor)] if b"WinDLL" in distributor else []
    preloads = [f"{package}/.libs/{name}" for name in dict.fromkeys(libraries)]
    return Preparation(
        directories=tuple(path for path in directories if files.lookup(path) is not None),
        preloads=tuple(path for path in preloads if files.lookup(path) is not None),
    )
