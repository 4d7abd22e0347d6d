"""A test reaches into no private name by its dotted path: what it must replace is a parameter, or public."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]
PRIVATE = re.compile(r"tfsetup(\.\w+)*\._\w+")


def patched(source: str) -> Iterator[str]:
    """Yield the private names of the package that a test names in a call, dotted path and all."""
    for node in ast.walk(ast.parse(source)) if PRIVATE.search(source) else ():
        if isinstance(node, ast.Call):
            texts = (each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str))
            yield from (text for text in texts if PRIVATE.fullmatch(text))


def test_no_test_patches_a_private_name() -> None:
    found = {path.name: list(patched(path.read_text(encoding="utf-8"))) for path in TESTS.rglob("*.py")}
    assert {name: names for name, names in found.items() if names} == {}


def test_what_would_be_found() -> None:
    private = "tfsetup.locks.run._" + "uv"
    assert list(patched(f"monkeypatch.setattr({private!r}, 1)")) == [private]
    assert list(patched("monkeypatch.setattr('tfsetup.verify.verify', 1)")) == []
