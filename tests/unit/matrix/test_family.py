"""Which names the matrix and its snapshot know."""

from __future__ import annotations

from dataclasses import replace

from tfsetup.matrix.facts import Index
from tfsetup.matrix.family import family
from tfsetup.matrix.file.disk import read_matrix

MATRIX = read_matrix()
BARE = replace(MATRIX, rows=(), rules=(), companions=(), index=Index(taken="", requires=(), distributions={}))


def test_nothing_names_nobody() -> None:
    assert family(BARE) == frozenset()


def test_rows_name_their_distribution_plugin_and_what_their_rules_add() -> None:
    [row] = [row for row in MATRIX.rows if row.id == "macos-arm64-metal-community"]
    names = {"tensorflow", "tensorflow-metal-plugin", "setuptools", "wheel"}
    assert family(replace(BARE, rows=(row,))) == names


def test_rules_companions_and_the_snapshot_are_read_too() -> None:
    assert family(replace(BARE, rules=MATRIX.rules)) == {"numpy", "protobuf", "wrapt", "termcolor", "clang", "jax"}
    assert family(replace(BARE, companions=("ML_Dtypes",))) == {"ml-dtypes"}
    index = Index(
        taken="", requires=(("numpy>=1,<2", "typing_extensions", "h5py~=3.1"), ("@ x",)), distributions={"a.b": {}},
        companions={"keras": ()},
    )  # fmt: skip
    assert family(replace(BARE, index=index)) == {"numpy", "typing-extensions", "h5py", "a-b", "keras"}
