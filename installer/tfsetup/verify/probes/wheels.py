"""What RECORD files say of native libraries (PyPA: recording installed projects): who owns them, are they whole."""

from __future__ import annotations

import os
import re
import sys
from typing import Any, Iterator  # noqa: UP035 - see channel.py

# path,hash,size: a path with a comma is quoted, hash and size may be empty.
NATIVE = re.compile(r'^"?(.*?\.(?:so|dylib|pyd|dll)(?:\.[0-9.]+)?)"?,([^,\n]*),(\d*)\s*$', re.MULTILINE | re.IGNORECASE)


def owners(paths: list[str]) -> dict[str, str]:
    """Return `name version` of the distribution that owns each of `paths`; a path nobody recorded is left out."""
    wanted = {_key(path): path for path in paths}
    found = {}
    for path, _size, owner in _recorded(_site_folders(paths)):
        known = wanted.get(_key(path))
        if known is not None:
            found[known] = owner
    return found


def installed() -> dict[str, str]:
    """Return every distribution's version by its normalised name (PEP 503), the first on `sys.path` where two are."""
    found: dict[str, str] = {}
    for folder in sys.path:
        if not os.path.isdir(folder):  # noqa: PTH112
            continue
        for entry in sorted(os.listdir(folder)):  # noqa: PTH208 - many thousand names are looked at
            name, dash, version = entry[: -len(".dist-info")].partition("-")
            if entry.endswith(".dist-info") and dash:
                found.setdefault(re.sub(r"[-_.]+", "-", name).lower(), version)
    return found


def damaged() -> list[dict[str, Any]]:
    """Return the native libraries that are gone or not as long as their RECORD says: path, owner, both sizes."""
    found = []
    for path, size, owner in _recorded([entry for entry in sys.path if "-packages" in entry]):
        try:
            actual = os.path.getsize(path)  # noqa: PTH202
        except OSError:
            actual = None
        if actual is None or (size is not None and actual != size):
            found.append({"path": path, "wheel": owner, "recorded": size, "actual": actual})
    return found


def _recorded(folders: list[str]) -> Iterator[tuple[str, int | None, str]]:
    for folder in folders:
        if not os.path.isdir(folder):  # noqa: PTH112
            continue
        for entry in sorted(os.listdir(folder)):  # noqa: PTH208 - many thousand names are joined
            if entry.endswith(".dist-info"):
                owner = entry[: -len(".dist-info")].replace("-", " ", 1)
                for name, size in native_files(os.path.join(folder, entry, "RECORD")):  # noqa: PTH118
                    yield os.path.join(folder, name), size, owner  # noqa: PTH118


def native_files(record: str) -> list[tuple[str, int | None]]:
    """Return the native files a RECORD names, relative to its site-packages, with their sizes; none without RECORD."""
    try:
        with open(record, encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            return [(name, int(size) if size else None) for name, _hash, size in NATIVE.findall(file.read())]
    except OSError:
        return []


def _site_folders(paths: list[str]) -> list[str]:
    """Folders of `sys.path` that hold at least one of the libraries: the others' RECORD files need not be read."""
    keys = [_key(path) for path in paths]
    folders = []
    for entry in sys.path:
        prefix = _key(entry or ".") + os.sep
        if os.path.isdir(entry or ".") and any(key.startswith(prefix) for key in keys):  # noqa: PTH112
            folders.append(entry or ".")
    return folders


def _key(path: str) -> str:
    return os.path.normcase(os.path.realpath(path))
