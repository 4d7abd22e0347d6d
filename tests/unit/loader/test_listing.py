"""What wheels hold: from the file at first, then from what was kept under its sha256."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from support.wheels import wheel_bytes
from tfsetup.errors import NetworkError
from tfsetup.loader.bytes import Memory
from tfsetup.loader.files.archive import read_archive
from tfsetup.loader.files.listing import Wanted, listings

NAME = "p-1.0-py3-none-any.whl"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFSETUP_CACHE_DIR", str(tmp_path / "cache"))


def wanted(folder: Path, files: dict[str, bytes | str]) -> Wanted:
    data = wheel_bytes(files)
    path = folder / NAME
    path.write_bytes(data)
    return Wanted(filename=NAME, sha256=hashlib.sha256(data).hexdigest(), path=str(path))


def test_paths_are_those_of_site_packages_and_marks_tell_contents_apart(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {"p/a.py": "1", "p/b.py": "1", "p-1.0.data/purelib/p/c.py": "2"}
    one = wanted(tmp_path, {**files, "p-1.0.data/scripts/run": "3"})
    listing = listings([one])[NAME]
    assert set(listing) == {"p/a.py", "p/b.py", "p/c.py"}
    assert listing["p/a.py"] == listing["p/b.py"] != listing["p/c.py"]


def test_a_wheel_is_read_once_and_known_by_its_sha256(tmp_path: Path) -> None:
    one = wanted(tmp_path, {"p/a.py": "1", "p/ü.py": "2"})
    first = listings([one])
    (tmp_path / NAME).unlink()
    assert listings([one]) == first
    assert listings([Wanted(filename=NAME, sha256=one.sha256)]) == first


def test_what_was_kept_and_is_damaged_is_read_anew(tmp_path: Path) -> None:
    one = wanted(tmp_path, {"p/a.py": "1"})
    first = listings([one])
    (kept,) = (tmp_path / "cache" / "listings").iterdir()
    kept.write_bytes(kept.read_bytes()[:-3])
    assert listings([one]) == first
    (tmp_path / NAME).unlink()
    assert listings([one]) == first  # it was kept again


def test_a_name_with_a_line_break_is_not_taken_for_two(tmp_path: Path) -> None:
    one = wanted(tmp_path, {"p/a\nb.py": "1"})
    assert list(listings([one])[NAME]) == ["p/a\nb.py"]
    assert list(listings([one])[NAME]) == ["p/a\nb.py"]


def test_a_wheel_that_lies_nowhere_or_is_none_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match=f"Nothing says where {NAME} lies"):
        listings([Wanted(filename=NAME, sha256="0" * 64)])
    path = tmp_path / NAME
    path.write_text("no zip file")
    with pytest.raises(NetworkError, match=f"{NAME} is no wheel"):
        listings([Wanted(filename=NAME, sha256="0" * 64, path=str(path))])


def test_what_a_digest_knows_is_neither_opened_nor_asked_for(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {"p/a.py": "1", "p-1.0.data/purelib/p/c.py": "2", "p-1.0.data/scripts/run": "3"}
    one = wanted(tmp_path, files)
    expected = listings([one])
    members = read_archive(Memory(wheel_bytes(files))).members
    for kept in (tmp_path / "cache" / "listings").iterdir():
        kept.unlink()
    nowhere = Wanted(filename=NAME, sha256=one.sha256)
    assert listings([nowhere], known={one.sha256: members}.get) == expected
    with pytest.raises(NetworkError, match="Nothing says where"):
        listings([nowhere])
