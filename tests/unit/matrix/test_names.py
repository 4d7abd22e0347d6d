"""Several names for one thing: which a row's environment holds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from support.matrix import shipped
from tfsetup.matrix.choose.names import as_resolved, given_way
from tfsetup.matrix.family import family
from tfsetup.matrix.file.rows import Row
from tfsetup.upkeep.checks.rows import check_row


def row(name: str = "linux-x86_64-cpu") -> Row:
    return next(row for row in shipped().rows if row.id == name)


def test_a_row_gives_way_and_keeps_its_own_name_out() -> None:
    found = given_way(row())
    assert found is not None
    assert (found.distribution, found.gives_way_to, found.keeps_out) == ("tensorflow", None, ("tensorflow-cpu",))
    assert given_way(found) is None
    assert given_way(row("macos-arm64-cpu")) is None


@pytest.mark.parametrize(
    ("names", "distribution"),
    [
        ({"tensorflow", "tf-keras"}, "tensorflow"),
        ({"tensorflow-cpu"}, "tensorflow-cpu"),
        ({"tensorflow", "tensorflow-cpu"}, "tensorflow-cpu"),
        (set[str](), "tensorflow-cpu"),
    ],
)
def test_a_resolution_shows_under_which_name(names: set[str], distribution: str) -> None:
    assert as_resolved(row(), names).distribution == distribution


def test_the_names_are_of_the_family() -> None:
    other = replace(row(), gives_way_to="tensorflow-one", keeps_out=("tensorflow-two",))
    assert {"tensorflow-one", "tensorflow-two"} <= family(replace(shipped(), rows=(other,)))


@pytest.mark.parametrize(
    ("changes", "place", "words"),
    [
        ({"gives_way_to": "tensorflow-none"}, ("gives_way_to",), "the index has no release of tensorflow-none"),
        ({"keeps_out": ("tensorflow-cpu",)}, ("keeps_out", 0), "tensorflow-cpu is the row's own distribution"),
    ],
)
def test_names_that_are_none_are_problems_of_the_matrix(changes: dict[str, Any], place: Any, words: str) -> None:
    mine = shipped().index.releases("tensorflow-cpu")[:3]
    found = dict(check_row(replace(row(), **changes), mine, shipped().index))
    assert found[place].startswith(words)
    assert place not in dict(check_row(row(), mine, shipped().index))
