"""Sources are parsed one at a time, whoever asks: CPython keeps one depth for the trees of all threads."""

from __future__ import annotations

import ast
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tfsetup.loader.python.importers import parsed


def test_one_text_at_a_time() -> None:
    under_way: list[int] = []
    together: list[int] = []
    parse = ast.parse

    def slowly(text: bytes) -> ast.Module:
        under_way.append(1)
        together.append(len(under_way))
        time.sleep(0.005)
        under_way.pop()
        return parse(text)

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(4) as pool:
        patch.setattr(ast, "parse", slowly)
        trees = list(pool.map(parsed, [b"import a", b"import b"] * 10))
    assert set(together) == {1}
    assert all(isinstance(tree, ast.Module) for tree in trees)


@pytest.mark.parametrize("text", [b"import", b"\0", b"x = " + b"(" * 5000, b"\xff\xfe"])
def test_what_is_not_python_is_nothing_and_the_next_is_parsed_all_the_same(text: bytes) -> None:
    assert parsed(text) is None
    assert isinstance(parsed(b"import a"), ast.Module)
