"""In which words importing a module ends that is not there for this interpreter.

`import a.b` and `from a.b import c` find no module; `from a import b` finds the package `a` without a name `b`, and
blames the order of its imports where `a` is not yet through with its own. Source: CPython `Python/ceval.c`
(`import_from`); asked of 3.6 to 3.13.
"""

from __future__ import annotations

import ast
from typing import Final

from tfsetup.ground.versions import pair
from tfsetup.loader.python.importers import Importers, base_of, parsed

_NAMES_THE_PACKAGE: Final = (3, 7)
_BLAMES_THE_ORDER: Final = (3, 8)
_NOWHERE: Final = "unknown location"


def words(importers: Importers, name: str, python: str | None) -> str:
    """Return the last line of the traceback of the import that first asks for the module `name`.

    `python` is the interpreter's version (None: a new one's words are taken).
    """
    package, _, leaf = name.rpartition(".")
    asking = _asking(importers, name)
    if asking is None:
        return f"ModuleNotFoundError: No module named '{name}'"
    text, version = f"ImportError: cannot import name '{leaf}'", pair(python or "") or _BLAMES_THE_ORDER
    if version < _NAMES_THE_PACKAGE:
        return text
    if version >= _BLAMES_THE_ORDER and importers.runs(package, asking):
        text, package_is = f"{text} from partially initialized module", " (most likely due to a circular import)"
    else:
        text, package_is = f"{text} from", ""
    return f"{text} '{package}'{package_is} ({importers.source_of(package) or _NOWHERE})"


def _asking(importers: Importers, name: str) -> str | None:
    """Return the module whose import of `name` is the first to fail, where it asks its package for the name."""
    asking = dict(importers.sources_of(name))
    reached = [importer for importer in asking if importers.way(importer) == "at-import"]
    importer = next(iter(reached or asking), None)
    if importer is None:
        return None
    path, text = asking[importer]
    home = importer if path.endswith("/__init__.py") else importer.rpartition(".")[0]
    return importer if _asks_the_package(text, home, name) else None


def _asks_the_package(text: bytes, home: str, name: str) -> bool:
    """Say whether the first import of `name` in a source is of the form `from PACKAGE import NAME`."""
    tree = parsed(text)
    found = [] if tree is None else [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    for node in sorted(found, key=lambda node: node.lineno):
        if isinstance(node, ast.ImportFrom):
            base = base_of(node, home)
            if any(f"{base}.{alias.name}" == name for alias in node.names):
                return True
            names = [base]
        else:
            names = [alias.name for alias in node.names]
        if any(f"{each}.".startswith(f"{name}.") for each in names):
            return False
    return False
