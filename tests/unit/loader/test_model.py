"""Reading one file of a file system that may be hostile, partial or on the index."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tfsetup.loader.bytes import MalformedImage, Memory
from tfsetup.loader.model import Entry, read_file
from tfsetup.loader.sources import LocalTree


@dataclass(frozen=True)
class Damaged:
    """A file that cannot be read to its end."""

    size: int = 4

    def read(self, offset: int, length: int) -> bytes:
        raise MalformedImage(f"cut at {offset} of {length}")


class One:
    """A file system in which every path is the same entry."""

    def __init__(self, entry: Entry | None) -> None:
        self.entry = entry

    def lookup(self, path: str) -> Entry | None:
        return self.entry

    def listdir(self, path: str) -> list[str]:
        return []


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"four")
    tree = LocalTree(tmp_path, at="/site")
    assert read_file(tree, "/site/file", 4) == b"four"
    assert read_file(tree, "/site/file", 3) is None


def test_what_is_no_file_is_none(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    tree = LocalTree(tmp_path, at="/site")
    assert read_file(tree, "/site/folder", 100) is None
    assert read_file(tree, "/site/missing", 100) is None
    assert read_file(tree, "/elsewhere", 100) is None


def test_an_empty_file_is_no_missing_one() -> None:
    assert read_file(One(Entry(path="/e", identity=1, source=Memory(b""))), "/e", 100) == b""


def test_a_damaged_file_is_none() -> None:
    assert read_file(One(Entry(path="/d", identity=1, source=Damaged())), "/d", 100) is None
