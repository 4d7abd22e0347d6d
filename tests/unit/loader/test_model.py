"""Reading one file of a file system that may be hostile, partial or on the index."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from support.tree import Tree
from tfsetup.loader.bytes import MalformedImage
from tfsetup.loader.model import Entry, each_once, read_file

TREE = Tree({"/site/file": b"four", "/site/empty": b""}, folders=["/site/folder"])


@dataclass(frozen=True)
class Cut:
    """A file that cannot be read to its end."""

    size: int = 4

    def read(self, offset: int, length: int) -> bytes:
        raise MalformedImage(f"cut at {offset} of {length}")


class Damaged(Tree):
    """A file system on which no file can be read."""

    def lookup(self, path: str) -> Entry | None:
        found = super().lookup(path)
        return found and replace(found, source=Cut())


def test_a_file_is_read_up_to_its_limit() -> None:
    assert read_file(TREE, "/site/file", 4) == b"four"
    assert read_file(TREE, "/site/file", 3) is None


def test_what_is_no_file_is_none() -> None:
    assert read_file(TREE, "/site/folder", 100) is None
    assert read_file(TREE, "/site/missing", 100) is None


def test_an_empty_file_is_no_missing_one() -> None:
    assert read_file(TREE, "/site/empty", 100) == b""


def test_a_damaged_file_is_none() -> None:
    assert read_file(Damaged({"/site/file": b"four"}), "/site/file", 100) is None


@dataclass(frozen=True)
class One:
    """Something mapped, by whom."""

    identity: int
    by: int


@given(st.lists(st.lists(st.integers(0, 6), max_size=8), max_size=5))
def test_of_what_several_have_mapped_each_file_is_once_that_of_the_first(found: list[list[int]]) -> None:
    processes = [[One(identity, by) for identity in row] for by, row in enumerate(found)]
    whole = each_once(processes)
    assert [one.identity for one in whole] == list(dict.fromkeys(chain.from_iterable(found)))
    assert all(one.by == min(by for by, row in enumerate(found) if one.identity in row) for one in whole)
