"""Whose the folder of generations is."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.envs import make_store, quiet
from tfsetup.envs.ownership import may_own, owned
from tfsetup.errors import BuildError

root_only = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a folder away"
)
ME, OTHER = 12345, 23456
USERS = st.sampled_from([0, ME, OTHER])


@given(owner=USERS, me=USERS, parent=USERS)
def test_one_s_own_root_s_and_for_root_the_one_whose_all_around_is(owner: int, me: int, parent: int) -> None:
    if me == 0:
        assert may_own(owner, me, parent) is (owner in {0, parent})
    else:
        assert may_own(owner, me, parent) is (owner in {0, me})


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("mask", [0o000, 0o002, 0o022, 0o077])
def test_whatever_the_umask_nobody_else_can_write(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        said: list[str] = []
        with make_store(tmp_path / "new" / "project").locked(say=said.append):
            (tmp_path / "inside").mkdir()
        (tmp_path / "outside").mkdir()
    finally:
        os.umask(before)
    root = tmp_path / "new" / "project" / ".venv.generations"
    for made in (root, root.parent, tmp_path / "new", tmp_path / "inside"):
        assert mode(made) & 0o022 == 0
    assert mode(tmp_path / "outside") == 0o777 & ~mask, "the umask comes back"
    assert said == []


@pytest.mark.parametrize("given", [0o775, 0o757, 0o777])
def test_what_others_could_write_is_tightened_and_told_once(tmp_path: Path, given: int) -> None:
    store = make_store(tmp_path)
    store.layout.root.mkdir()
    store.layout.root.chmod(given)
    said: list[str] = []
    for _ in range(2):
        with store.locked(say=said.append):
            assert mode(store.layout.root) == given & ~0o022
    assert said == [f"Note      Others could write to {store.layout.root}; now only its owner can."]


def test_a_file_system_without_modes_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o777)
    (tmp_path / "g").mkdir()
    (tmp_path / "g").chmod(0o777)
    monkeypatch.setattr(os, "fchmod", lambda _descriptor, _mode: None)
    said: list[str] = []
    with owned(tmp_path / "g", said.append):
        assert said == [f"Note      Others can write to {tmp_path}/g: its file system does not know otherwise."]


def test_what_only_its_owner_could_tighten_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "g").mkdir()
    (tmp_path / "g").chmod(0o777)

    def refuse(_descriptor: int, _mode: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "fchmod", refuse)
    with pytest.raises(BuildError, match="can be written by other users") as caught, owned(tmp_path / "g", quiet):
        pass
    assert "chmod go-w" in caught.value.hint


@root_only
@pytest.mark.parametrize(
    ("me", "folder", "generations", "fine"),
    [
        (ME, ME, ME, True),
        (ME, ME, 0, True),
        (ME, ME, OTHER, False),
        (ME, OTHER, OTHER, False),
        (0, 0, 0, True),
        (0, OTHER, OTHER, True),
        (0, 0, OTHER, False),
        (0, ME, OTHER, False),
    ],
)
@pytest.mark.parametrize("link", [False, True])
def test_a_foreign_owner_is_refused_and_nothing_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, me: int, folder: int, generations: int, fine: bool, link: bool
) -> None:
    store = make_store(tmp_path)
    real = tmp_path / "large" if link else store.layout.root
    real.mkdir()
    if link:
        store.layout.root.symlink_to(real)
        os.lchown(store.layout.root, me, -1)
    os.chown(real, generations, -1)
    os.chown(tmp_path, folder, -1)
    monkeypatch.setattr(os, "geteuid", lambda: me)
    said: list[str] = []
    if fine:
        with store.locked(say=said.append):
            assert (real / "lock").exists()
        return
    with pytest.raises(BuildError, match=f"belongs to another user .user {OTHER}.") as caught, store.locked(say=quiet):
        pass
    assert caught.value.code.exit_status == 6
    assert list(real.iterdir()) == []


@root_only
@pytest.mark.parametrize("flag", [getattr(os, "O_PATH", 0), 0], ids=["by its descriptor", "by its name"])
def test_another_s_link_is_not_followed_not_even_to_one_s_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flag: int
) -> None:
    monkeypatch.setattr(os, "O_PATH", flag or os.O_RDONLY, raising=False)
    if not flag:
        monkeypatch.delattr(os, "O_PATH")
    store = make_store(tmp_path)
    (tmp_path / "mine").mkdir()
    store.layout.root.symlink_to(tmp_path / "mine")
    os.lchown(store.layout.root, OTHER, -1)
    with pytest.raises(BuildError, match="is a link that belongs to another user"), store.locked(say=quiet):
        pass
    assert list((tmp_path / "mine").iterdir()) == []


def test_whose_the_folder_is_is_asked_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever runs the tests: the answer is given here, and what it is asked of is seen."""
    (tmp_path / "g").mkdir()
    asked: list[tuple[int, int, int]] = []

    def nobody(owner: int, me: int, parent: int) -> bool:
        asked.append((owner, me, parent))
        return False

    monkeypatch.setattr("tfsetup.envs.ownership.may_own", nobody)
    with pytest.raises(BuildError, match=f"{tmp_path}/g belongs to another user"), owned(tmp_path / "g", quiet):
        pass
    assert asked == [((tmp_path / "g").stat().st_uid, os.geteuid(), tmp_path.stat().st_uid)]
    assert list((tmp_path / "g").iterdir()) == []


def test_whose_a_link_is_is_asked_before_it_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "g").symlink_to("mine")
    answers = iter([False, True])
    monkeypatch.setattr("tfsetup.envs.ownership.may_own", lambda *_owners: next(answers))
    with pytest.raises(BuildError, match="g is a link that belongs to another user"), owned(tmp_path / "g", quiet):
        pass


def test_what_is_checked_is_what_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever exchanges the folder after it was looked at is found out: the lock must lie in the folder looked at."""
    store = make_store(tmp_path)
    store.layout.root.mkdir()
    real = os.fchmod
    store.layout.root.chmod(0o777)

    def exchange(descriptor: int, mode: int) -> None:
        real(descriptor, mode)
        store.layout.root.rename(tmp_path / "looked-at")
        store.layout.root.mkdir()
        (tmp_path / "looked-at" / "lock").touch()

    with monkeypatch.context() as patched:
        patched.setattr(os, "fchmod", exchange)
        with pytest.raises(BuildError, match="is not the lock file of tfsetup"), store.locked(say=quiet):
            pass
