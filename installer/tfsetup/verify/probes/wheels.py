"""Which installed distribution a native library belongs to, by RECORD (PyPA: recording installed projects)."""

from __future__ import annotations

import os
import re
import sys

NATIVE = re.compile(r'^"?(.*?\.(?:so|dylib|pyd|dll)(?:\.[0-9.]+)?)"?,', re.MULTILINE | re.IGNORECASE)


def owners(paths: list[str]) -> dict[str, str]:
    """Return `name version` of the distribution that owns each of `paths`; a path nobody recorded is left out."""
    wanted = {_key(path): path for path in paths}
    found = {}
    for folder in _site_folders(paths):
        for entry in sorted(os.listdir(folder)):  # noqa: PTH208 - many thousand names are joined
            if not entry.endswith(".dist-info"):
                continue
            for name in native_files(os.path.join(folder, entry, "RECORD")):  # noqa: PTH118
                path = wanted.get(_key(os.path.join(folder, name)))  # noqa: PTH118
                if path is not None:
                    found[path] = entry[: -len(".dist-info")].replace("-", " ", 1)
    return found


def native_files(record: str) -> list[str]:
    """Return the native files a RECORD names, relative to its site-packages; none if there is no such file."""
    try:
        with open(record, encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            return NATIVE.findall(file.read())
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
