"""The compiled copy is the matrix, and where it is not, it is not used."""

from __future__ import annotations

import dataclasses

from tfsetup.ground.copies import copy_of, from_copy
from tfsetup.matrix.file.disk import COMPILED, compiled_text, environments, read_matrix
from tfsetup.matrix.file.load import parse
from tfsetup.matrix.file.rows import MatrixFile

TEXT = (environments() / "matrix.yaml").read_text(encoding="utf-8")
PARSED = parse(TEXT, "matrix.yaml").content


def test_the_file_beside_the_matrix_is_current() -> None:
    text = (environments() / COMPILED).read_text(encoding="utf-8")
    assert text == compiled_text(), "write it with: tfsetup matrix show --compiled > environments/matrix.json"


def test_it_says_exactly_what_the_yaml_says() -> None:
    assert from_copy(copy_of(PARSED, TEXT), TEXT, MatrixFile) == PARSED
    quick, careful = read_matrix(), read_matrix(marks=True)
    assert dataclasses.replace(quick, marks={}) == dataclasses.replace(careful, marks={})
    assert careful.marks
    assert not quick.marks
