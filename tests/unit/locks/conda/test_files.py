"""What conda archives were found to contain, on disk."""

from __future__ import annotations

from pathlib import Path

from support.disk import assert_written_whole, watching
from tfsetup.locks.conda.files import Remembered


def test_what_an_archive_contains_is_remembered_whole(tmp_path: Path) -> None:
    memory = Remembered(tmp_path)
    assert memory.get("abc") is None
    with watching(tmp_path) as seen:
        memory.put("abc", {"numpy": "2.1.3"})
    assert memory.get("abc") == {"numpy": "2.1.3"}
    (place,) = (tmp_path / "tfsetup-distributions").iterdir()
    assert_written_whole(seen, place)


def test_a_memory_that_is_damaged_or_cannot_be_written_is_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    Remembered(tmp_path / "file").put("abc", {"numpy": "2.1.3"})
    memory = Remembered(tmp_path)
    memory.put("abc", {"numpy": "2.1.3"})
    (place,) = (tmp_path / "tfsetup-distributions").iterdir()
    place.write_text("[]")
    assert memory.get("abc") is None
