"""`tfsetup.ground.files`: whole or not at all, never through a stranger's link, and down to the disk."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tfsetup.ground.files import draft_of, sync_folder, write_draft, write_whole


def test_a_file_is_replaced_and_no_draft_stays(tmp_path: Path) -> None:
    path = tmp_path / "receipt.json"
    path.write_text("old")
    write_whole(path, "new")
    assert path.read_text() == "new"
    assert [one.name for one in tmp_path.iterdir()] == ["receipt.json"]


def test_bytes_are_written_as_they_are(tmp_path: Path) -> None:
    write_whole(tmp_path / "a", b"\r\n\0")
    assert (tmp_path / "a").read_bytes() == b"\r\n\0"


def test_a_link_where_the_draft_belongs_is_not_followed(tmp_path: Path) -> None:
    path, elsewhere = tmp_path / "a", tmp_path / "elsewhere"
    elsewhere.write_text("theirs")
    draft_of(path).symlink_to(elsewhere)
    write_whole(path, "ours")
    assert elsewhere.read_text() == "theirs"
    assert path.read_text() == "ours"


def test_a_draft_that_comes_back_between_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # What unlink took away is put there again by somebody faster: O_EXCL and O_NOFOLLOW refuse it.
    path, elsewhere = tmp_path / "a", tmp_path / "elsewhere"
    elsewhere.write_text("theirs")
    draft_of(path).symlink_to(elsewhere)
    monkeypatch.setattr(Path, "unlink", lambda *_arguments, **_options: None)
    with pytest.raises(OSError, match=r"exists|symbolic"):
        write_draft(path, "ours")
    assert elsewhere.read_text() == "theirs"


def test_the_content_and_the_name_are_brought_to_the_disk_in_this_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    real_fsync, real_replace = os.fsync, Path.replace

    def fsync(descriptor: int) -> None:
        seen.append("folder" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "file")  # noqa: PTH112
        real_fsync(descriptor)

    def replace(self: Path, target: Path) -> Path:
        seen.append("rename")
        return real_replace(self, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", replace)
    write_whole(tmp_path / "a", "new")
    assert seen == ["file", "rename", "folder"]


def test_what_cannot_be_written_leaves_the_old_file_and_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    path.write_text("old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, "new")
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("a", "old")]


def test_a_folder_that_is_gone_is_no_error(tmp_path: Path) -> None:
    sync_folder(tmp_path / "gone")
