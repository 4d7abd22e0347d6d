"""The package's and the tests' own sources, each read, parsed and walked once for all rules that look at them."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "installer" / "tfsetup"
MODULES = tuple(sorted(PACKAGE.rglob("*.py")))

# libyaml's where there is one: the same documents, in a tenth of the time.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def text_of(path: Path) -> str:
    """Return the text of a file."""
    return path.read_text(encoding="utf-8")


@cache
def tree_of(path: Path) -> ast.Module:
    """Return the tree of a module."""
    return ast.parse(text_of(path))


@cache
def nodes(tree: ast.AST) -> tuple[ast.AST, ...]:
    """Return all nodes of a tree, in `ast.walk`'s order."""
    return tuple(ast.walk(tree))


def read_yaml(text: str) -> Any:
    """Return what a YAML document of ours says."""
    return yaml.load(text, Loader=_LOADER)  # noqa: S506 - a safe loader
