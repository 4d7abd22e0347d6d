"""`tfsetup.ground.files`: whole or not at all, never through a stranger's link, and down to the disk."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support.disk import Event, assert_written_whole, every_failure, set_trap, watching
from tfsetup.ground.files import draft_of, make_folder, sweep_drafts, sync_folder, write_all, write_whole


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


@pytest.mark.parametrize("trap", ["symbolic link", "hard link"])
@pytest.mark.parametrize("write", [write_whole, lambda path, text: write_all({path: text})], ids=["one", "many"])
def test_a_stranger_s_file_where_the_draft_is_about_to_be_made_is_refused(
    tmp_path: Path, trap: str, write: Callable[[Path, str], object]
) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_text("precious")
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "a").write_text("old")
    with (
        watching(shared, each=lambda event: set_trap(event, theirs, trap)),
        pytest.raises(OSError, match=r"exists|symbolic"),
    ):
        write(shared / "a", "new")
    assert theirs.read_text() == "precious"
    assert (shared / "a").read_text() == "old"


def test_the_content_and_the_name_are_brought_to_the_disk_in_this_order(tmp_path: Path) -> None:
    with watching(tmp_path) as seen:
        write_whole(tmp_path / "a", "new")
    assert_written_whole(seen, tmp_path / "a")


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a"
    full = OSError(28, "No space left on device")

    def prepare() -> None:
        path.write_text("old")

    outcomes = list(every_failure(tmp_path, full, prepare=prepare, act=lambda: write_whole(path, "new")))
    assert outcomes[:3] == [full] * 3  # the draft is opened, brought to the disk, renamed
    assert outcomes[-1] is None


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["full", "^C"])
def test_at_every_moment_a_file_is_the_old_one_or_the_new_one_and_no_draft_stays(
    tmp_path: Path, failure: BaseException
) -> None:
    path = tmp_path / "a"

    def prepare() -> None:
        path.write_text("old")

    for outcome in every_failure(tmp_path, failure, prepare=prepare, act=lambda: write_whole(path, "new")):
        assert path.read_text() in (["new"] if outcome is None else ["old", "new"])
        assert [one.name for one in tmp_path.iterdir()] == ["a"]


def test_a_folder_that_is_gone_is_no_error(tmp_path: Path) -> None:
    sync_folder(tmp_path / "gone")


def test_files_take_their_places_together(tmp_path: Path) -> None:
    a, b, c = (tmp_path / name for name in "abc")
    a.write_text("old")
    b.write_text("same")
    with watching(tmp_path) as seen:
        assert write_all({a: "new", b: "same", c: b"\0"}) == [a, c]
    assert (a.read_text(), b.read_text(), c.read_bytes()) == ("new", "same", b"\0")
    first = next(at for at, event in enumerate(seen) if event.kind == "rename")
    assert [event.kind for event in seen[:first] if event.kind == "fsync"] == ["fsync", "fsync"]
    for path in (a, c):
        assert_written_whole(seen, path)


def test_a_place_that_cannot_be_taken_gives_the_others_back_what_they_had(tmp_path: Path) -> None:
    a, b, c = (tmp_path / name for name in "abc")
    a.write_text("old")

    def each(event: Event) -> None:
        if event.kind == "rename" and event.other == c:
            raise OSError(1, "Operation not permitted")

    with watching(tmp_path, each=each), pytest.raises(OSError, match="not permitted"):
        write_all({a: "new", b: "new", c: "new"})
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("a", "old")]


def test_an_interrupt_between_two_places_is_put_off(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    asked = [KeyboardInterrupt()]

    def each(event: Event) -> None:
        if event.other == b and asked:
            raise asked.pop()

    with watching(tmp_path, each=each), pytest.raises(KeyboardInterrupt):
        write_all({a: "new", b: "new"})
    assert (a.read_text(), b.read_text()) == ("new", "new")


def test_a_file_has_the_mode_that_the_user_s_umask_gives(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_all({tmp_path / "a": "1"})
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


@pytest.mark.process
def test_what_the_killed_left_goes_and_what_the_living_write_stays(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait()
    path = tmp_path / "a"
    gone, living, other = f".a.{child.pid}", f".a.{os.getppid()}", ".a.txt"
    for name in (gone, f"{gone}-77", living, other, f".ab.{child.pid}"):
        (tmp_path / name).write_text("half")
    sweep_drafts(path)
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted([living, other, f".ab.{child.pid}"])


def test_two_threads_do_not_write_into_one_draft(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        theirs = pool.submit(draft_of, tmp_path / "a").result()
        assert theirs != draft_of(tmp_path / "a")
        pool.submit(write_whole, tmp_path / "a", "new").result()
    assert [one.name for one in tmp_path.iterdir()] == ["a"]


def test_the_names_of_new_folders_are_brought_to_the_disk(tmp_path: Path) -> None:
    with watching(tmp_path) as seen:
        make_folder(tmp_path / "a" / "b")
        make_folder(tmp_path / "a" / "b")
    synced = sorted(event.path for event in seen if event.kind == "fsync")
    assert synced == [tmp_path, tmp_path / "a"]
