"""What a killed run leaves, in every half-done state, and what the next one makes of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.envs import finish, make_receipt, make_store, quiet
from tfsetup.envs.generations import collect, roll_back
from tfsetup.envs.model import ADOPTED
from tfsetup.envs.store import NotWholeError, Store
from tfsetup.errors import BuildError


def names(store: Store) -> list[str]:
    return sorted(path.name for path in store.layout.root.iterdir())


def three(tmp_path: Path) -> Store:
    store = make_store(tmp_path)
    for number in (1, 2, 3):
        finish(store, number)
    store.switch(3)
    return store


def test_a_receipt_without_a_folder_goes(tmp_path: Path) -> None:
    store = three(tmp_path)
    store.write_receipt(make_receipt(0, row=ADOPTED))
    store.layout.folder(0).symlink_to("3")
    assert store.clean() == [0]
    assert names(store) == ["1", "1.json", "2", "2.json", "3", "3.json"]


def test_a_removal_that_was_killed_is_finished(tmp_path: Path) -> None:
    store = three(tmp_path)
    (store.layout.root / ".gone-9-123" / "lib").mkdir(parents=True)
    store.clean()
    assert ".gone-9-123" not in names(store)


def test_what_is_not_ours_stays(tmp_path: Path) -> None:
    store = three(tmp_path)
    for name in (".DS_Store", ".gone-mine", "notes.json", "4.old"):
        (store.layout.root / name).write_text("mine")
    store.clean()
    assert {".DS_Store", ".gone-mine", "notes.json", "4.old"} <= set(names(store))


def test_an_adoption_killed_after_the_first_of_three_renames_is_taken_back(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    finish(store, 1)
    store.write_receipt(make_receipt(0, row=ADOPTED))
    (store.layout.root / "0.old").mkdir()
    (store.layout.root / "0.old" / "mine").write_text("kept")
    store.layout.folder(0).symlink_to("1")
    with store.locked(say=quiet):
        assert (store.layout.prefix / "mine").read_text() == "kept"
        assert not store.layout.prefix.is_symlink()


def test_an_adoption_killed_after_the_second_is_finished(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    finish(store, 1)
    store.write_receipt(make_receipt(0, row=ADOPTED))
    (store.layout.root / "0.old").mkdir()
    store.switch(1)
    with store.locked(say=quiet):
        assert store.numbers() == [0, 1]
        assert store.current() == 1


def test_a_switch_killed_between_taking_away_and_putting_is_finished(tmp_path: Path) -> None:
    store = three(tmp_path)
    store.layout.prefix.unlink()
    (store.layout.root / ".link-77").symlink_to(Path("..") / ".venv.generations" / "2")
    with store.locked(say=quiet):
        assert store.current() is None, "a draft that leads elsewhere is none of ours"
    (store.layout.root / ".link-77").unlink()
    (store.layout.root / ".link-77").symlink_to(store.layout.folder(2))
    with store.locked(say=quiet):
        assert store.current() == 2


def test_a_receipt_is_not_written_through_a_link(tmp_path: Path) -> None:
    store = three(tmp_path)
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (store.layout.root / f".4.json.{os.getpid()}").symlink_to(victim)
    store.write_receipt(make_receipt(4))
    assert victim.read_text() == "precious"
    assert store.layout.receipt(4).exists()


def test_the_lock_is_not_opened_through_a_link(tmp_path: Path) -> None:
    store = three(tmp_path)
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (store.layout.root / "lock").unlink(missing_ok=True)
    (store.layout.root / "lock").symlink_to(victim)
    with pytest.raises(BuildError, match="cannot be written"), store.locked(say=quiet):
        pass
    assert victim.read_text() == "precious"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can make another's link")
def test_nothing_is_written_through_somebody_else_s_link(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    store.layout.root.symlink_to(elsewhere)
    os.lchown(store.layout.root, 12345, 12345)
    with pytest.raises(BuildError, match="belongs to another user"), store.locked(say=quiet):
        pass
    assert list(elsewhere.iterdir()) == []


def test_a_link_of_one_s_own_to_a_larger_disk_is_followed(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    (tmp_path / "large").mkdir()
    store.layout.root.symlink_to(tmp_path / "large")
    with store.locked(say=quiet) as held:
        assert held > 2
    assert (tmp_path / "large" / "lock").exists()


@pytest.mark.parametrize(
    ("keep", "current", "kept"),
    [(1, 3, [3]), (2, 3, [2, 3]), (2, 1, [1, 3]), (9, 2, [1, 2, 3]), (1, 1, [1])],
)
def test_so_many_stay_and_the_current_one_among_them(tmp_path: Path, keep: int, current: int, kept: list[int]) -> None:
    store = three(tmp_path)
    store.switch(current)
    swept = collect(store, keep, say=quiet)
    assert list(swept.kept) == kept == store.numbers()
    assert sorted((*swept.kept, *swept.removed)) == [1, 2, 3]
    assert store.current() == current


def test_what_was_there_before_tfsetup_always_stays(tmp_path: Path) -> None:
    store = three(tmp_path)
    finish(store, 0, row=ADOPTED)
    assert collect(store, 1, say=quiet).kept == (0, 3)


def test_clearing_up_where_nothing_is_makes_nothing(tmp_path: Path) -> None:
    assert collect(make_store(tmp_path), 1, say=quiet).kept == ()
    assert list(tmp_path.iterdir()) == []


def test_no_way_back_to_what_has_lost_its_interpreter(tmp_path: Path) -> None:
    store = three(tmp_path)
    store.layout.python(store.layout.folder(2)).unlink()
    with pytest.raises(NotWholeError, match="bin/python is gone"):
        roll_back(store, 2, say=quiet)
    assert store.current() == 3
    assert roll_back(store, 1, say=quiet)[1].generation == 1
