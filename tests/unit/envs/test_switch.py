"""The switch: only to what is whole, and back again when Python does not start at the prefix."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import tfsetup.envs.store as room
from support.envs import finish, make_receipt, make_store, quiet
from tfsetup.envs.generations import roll_back
from tfsetup.envs.links import make_link
from tfsetup.envs.model import ADOPTED
from tfsetup.envs.store import NotWholeError, Store
from tfsetup.errors import BuildError, Code


def at_the_prefix(python: Path) -> str | None:
    """Stand in for an interpreter that starts in its own folder, and not where the link leads to it."""
    return None if ".generations" in str(python) else "does not start: it ends with status 1"


def fail(_python: Path) -> str | None:
    raise KeyboardInterrupt


def two(tmp_path: Path) -> Store:
    store = make_store(tmp_path)
    finish(store, 1)
    finish(store, 2)
    store.switch(2)
    return store


def names(store: Store) -> list[str]:
    return sorted(path.name for path in store.layout.root.iterdir())


def test_what_is_not_whole_is_not_switched_to(tmp_path: Path) -> None:
    store = two(tmp_path)
    site = store.layout.site_packages(store.layout.folder(1), "3.12")
    for name in ("alpha.py", "alpha-1.dist-info/METADATA"):
        (site / name).write_text("")
    with pytest.raises(NotWholeError) as caught:
        store.switch(1)
    assert (caught.value.code, caught.value.code.exit_status) == (Code.ANSWER_IS_NO, 7)
    assert caught.value.message == (
        "Generation 1 is not whole: lib/python3.12/site-packages/alpha.py is empty; "
        "lib/python3.12/site-packages/alpha-1.dist-info/METADATA is empty. Nothing was changed."
    )
    assert "tfsetup list" in caught.value.hint
    assert store.current() == 2


def test_only_the_first_losses_are_named(tmp_path: Path) -> None:
    store = two(tmp_path)
    store.write_receipt(make_receipt(1, packages=tuple(f"p{number}-1.dist-info" for number in range(9))))
    with pytest.raises(NotWholeError, match=r"p2 1 is not installed any more; and 6 more\. Nothing"):
        store.switch(1)


def test_going_back_asks_the_same(tmp_path: Path) -> None:
    store = two(tmp_path)
    store.layout.python(store.layout.folder(1)).unlink()
    for number in (None, 1):
        with pytest.raises(NotWholeError, match="bin/python is gone"):
            roll_back(store, number, say=quiet)
    store.layout.python(store.layout.folder(2)).unlink()
    with pytest.raises(NotWholeError, match="Generation 2 is not whole"):
        roll_back(store, 2, say=quiet)
    assert store.current() == 2


@pytest.mark.parametrize("before", [2, None])
def test_a_python_that_does_not_start_at_the_prefix_is_taken_back(tmp_path: Path, before: int | None) -> None:
    store = two(tmp_path)
    if before is None:
        store.layout.prefix.unlink()
    store.starts = at_the_prefix
    with pytest.raises(BuildError, match="once it was generation 1; that was taken back") as caught:
        store.switch(1)
    assert caught.value.code.exit_status == 6
    assert store.current() == before
    assert os.path.lexists(store.layout.prefix) is (before is not None)
    assert names(store) == ["1", "1.json", "2", "2.json"]


def test_a_link_that_led_to_a_lost_generation_leads_there_again(tmp_path: Path) -> None:
    store = two(tmp_path)
    store.layout.folder(2).rename(tmp_path / "away")
    store.starts = at_the_prefix
    with pytest.raises(BuildError, match="was taken back"):
        store.switch(1)
    assert store.current() == 2


def test_an_interrupt_while_python_is_asked_takes_back_too(tmp_path: Path) -> None:
    store = two(tmp_path)
    store.starts = lambda python: at_the_prefix(python) and fail(python)
    with pytest.raises(KeyboardInterrupt):
        store.switch(1)
    assert store.current() == 2


def test_a_folder_that_was_taken_comes_back(tmp_path: Path) -> None:
    store = make_store(tmp_path, starts=at_the_prefix)
    store.layout.prefix.mkdir()
    (store.layout.prefix / "mine").write_text("kept")
    finish(store, 1)
    with pytest.raises(BuildError, match="was taken back"):
        store.adopt(make_receipt(0, row=ADOPTED, packages=()), 1)
    assert not store.layout.prefix.is_symlink()
    assert (store.layout.prefix / "mine").read_text() == "kept"
    assert names(store) == ["1", "1.json"]


def test_no_folder_is_taken_for_what_is_not_whole(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    store.layout.prefix.mkdir()
    finish(store, 1)
    store.layout.python(store.layout.folder(1)).unlink()
    with pytest.raises(NotWholeError):
        store.adopt(make_receipt(0, row=ADOPTED, packages=()), 1)
    assert store.layout.prefix.is_dir()
    assert names(store) == ["1", "1.json"]


def test_an_adoption_that_breaks_off_in_the_middle_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make_store(tmp_path)
    store.layout.prefix.mkdir()
    finish(store, 1)

    def breaks(one: Path, other: Path) -> None:
        one.rename(other.with_name(other.name + ".old"))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(room, "exchange", breaks)
    with pytest.raises(BuildError, match="No space left on device"):
        store.adopt(make_receipt(0, row=ADOPTED, packages=()), 1)
    assert store.layout.prefix.is_dir()
    assert not store.layout.prefix.is_symlink()
    assert names(store) == ["1", "1.json"]


def test_a_link_that_cannot_be_made_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = two(tmp_path)

    def full(_prefix: Path, _folder: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(room, "make_link", full)
    with pytest.raises(BuildError, match="cannot be written: No space left on device"):
        store.switch(1)
    assert store.current() == 2


def test_what_cannot_be_taken_back_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = two(tmp_path)
    store.starts = at_the_prefix
    once = [make_link]

    def full(prefix: Path, folder: Path) -> None:
        if not once:
            raise OSError(28, "No space left on device")
        once.pop()(prefix, folder)

    monkeypatch.setattr(room, "make_link", full)
    with pytest.raises(BuildError, match="could not be switched to generation 1, nor back: No space left") as caught:
        store.switch(1)
    assert "tfsetup list" in caught.value.hint


def test_receipt_and_link_are_on_the_disk_in_this_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = make_store(tmp_path)
    finish(store, 1)
    seen: list[tuple[str, int | None]] = []
    monkeypatch.setattr(room, "sync_folder", lambda folder: seen.append((folder.name, store.current())))
    monkeypatch.setattr(store, "starts", lambda _: seen.append(("asked", store.current())))
    store.switch(1)
    assert seen == [("asked", None), (tmp_path.name, 1), ("asked", 1)]


def test_the_receipt_goes_through_the_one_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = make_store(tmp_path)
    written: list[Path] = []
    monkeypatch.setattr(room, "write_whole", lambda path, _content: written.append(path))
    store.write_receipt(make_receipt(4))
    assert written == [store.layout.receipt(4)]
