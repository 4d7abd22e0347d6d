"""The compiled copy is the matrix, and where it is not, it is not used."""

from __future__ import annotations

import dataclasses
import types
from typing import Any, Union, get_args, get_origin

import pytest

from tfsetup.ground.decode import hints_of
from tfsetup.matrix.file import compiled
from tfsetup.matrix.file.compiled import compile_matrix, load_compiled
from tfsetup.matrix.file.disk import COMPILED, compiled_text, environments, read_matrix
from tfsetup.matrix.file.load import parse
from tfsetup.matrix.file.rows import MatrixFile

TEXT = (environments() / "matrix.yaml").read_text(encoding="utf-8")
PARSED = parse(TEXT, "matrix.yaml").content


def test_the_file_beside_the_matrix_is_current() -> None:
    text = (environments() / COMPILED).read_text(encoding="utf-8")
    assert text == compiled_text(), "write it with: tfsetup matrix show --compiled > environments/matrix.json"


def test_it_says_exactly_what_the_yaml_says() -> None:
    assert load_compiled(compile_matrix(PARSED, TEXT), TEXT) == PARSED
    quick, careful = read_matrix(), read_matrix(marks=True)
    assert dataclasses.replace(quick, marks={}) == dataclasses.replace(careful, marks={})
    assert careful.marks
    assert not quick.marks


@pytest.mark.parametrize(
    "copy",
    [
        compile_matrix(PARSED, TEXT + "# one more comment\n"),
        "",
        "{",
        "[]",
        "{}",
        compile_matrix(PARSED, TEXT).replace('"rows"', '"lines"'),
        compile_matrix(PARSED, TEXT).replace('"when":{', '"when":[{', 1),
        compile_matrix(PARSED, TEXT).replace('"when":{"os":"macos","arch":"arm64","gpu":"apple"}', '"when":7', 1),
    ],
)
def test_a_late_or_damaged_copy_is_no_copy(copy: str) -> None:
    assert load_compiled(copy, TEXT) is None


def row_types(wanted: Any) -> list[type]:
    """The row types inside a field's type."""
    if dataclasses.is_dataclass(wanted) and isinstance(wanted, type):
        return [wanted]
    inside = get_args(wanted) if get_origin(wanted) in {tuple, Union, types.UnionType} else ()
    return [found for part in inside for found in row_types(part)]


def test_it_knows_every_field_that_holds_a_row_type() -> None:
    seen: set[Any] = set()
    waiting: list[Any] = [MatrixFile]
    while waiting:
        wanted = waiting.pop()
        if wanted in seen:
            continue
        seen.add(wanted)
        nested = {name: found[0] for name, hint in hints_of(wanted).items() if (found := row_types(hint))}
        assert compiled._NESTED.get(wanted, {}) == nested
        waiting += nested.values()
    assert len(seen) > 8
