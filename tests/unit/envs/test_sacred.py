"""What the prefix leads to is never removed, and what was lost about it is told and written anew."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

import tfsetup.envs.store as room
from support.envs import finish, make_receipt, make_store, quiet
from tfsetup.envs.generations import collect, remove, roll_back
from tfsetup.envs.mend import from_files, is_lost, rebuilt
from tfsetup.envs.model import UNKNOWN
from tfsetup.envs.store import Store
from tfsetup.errors import BuildError, UsageError


def two(tmp_path: Path) -> Store:
    store = make_store(tmp_path)
    finish(store, 1)
    finish(store, 2)
    store.switch(2)
    return store


def works(store: Store) -> bool:
    return store.layout.python(store.layout.prefix).exists()


def test_the_current_one_is_not_discarded(tmp_path: Path) -> None:
    store = two(tmp_path)
    with pytest.raises(BuildError, match="leads to generation 2; it is not removed"):
        store.discard(2)
    assert works(store)
    assert store.numbers() == [1, 2]


def test_nor_is_it_by_another_spelling_of_the_link(tmp_path: Path) -> None:
    store = two(tmp_path)
    (tmp_path / "alias").symlink_to(tmp_path)
    for target in (tmp_path / "alias" / ".venv.generations" / "2", Path("alias/.venv.generations/2")):
        store.layout.prefix.unlink()
        store.layout.prefix.symlink_to(target)
        with pytest.raises(BuildError, match="is not removed"):
            store.discard(2)
    assert works(store)


@pytest.mark.parametrize("content", [None, "", "{", "[]"])
def test_cleaning_leaves_it_without_a_receipt(tmp_path: Path, content: str | None) -> None:
    store = two(tmp_path)
    store.layout.receipt(2).unlink()
    if content is not None:
        store.layout.receipt(2).write_text(content)
    (store.layout.folder(3) / "lib").mkdir(parents=True)
    assert store.clean() == [3]
    assert works(store)


def test_cleaning_leaves_a_generation_that_lies_on_another_disk(tmp_path: Path) -> None:
    store = two(tmp_path)
    store.layout.folder(2).rename(tmp_path / "large")
    store.layout.folder(2).symlink_to(tmp_path / "large")
    assert store.clean() == []
    assert works(store)


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"generation": "two"}'])
def test_a_lost_receipt_is_told_and_written_anew(tmp_path: Path, content: str | None) -> None:
    store = two(tmp_path)
    store.layout.receipt(2).unlink()
    if content is not None:
        store.layout.receipt(2).write_text(content)
    said: list[str] = []
    assert collect(store, 1, say=said.append).kept == (2,)
    assert works(store)
    (line,) = said
    assert line.startswith(f"Note      {store.layout.receipt(2)} was gone or damaged; it was written anew from the")
    assert "is no longer known" in line
    receipt = store.receipt(2)
    assert (receipt.rebuilt, receipt.row, receipt.digest, receipt.created) == (True, UNKNOWN, "", "")
    assert (receipt.python, receipt.packages) == ("3.12", ("alpha-1.dist-info",))
    collect(store, 1, say=said.append)
    assert len(said) == 1


@pytest.mark.parametrize("content", ['{"schema": 2}', '{"schema": 99, "generation": "another kind"}'])
def test_a_receipt_of_another_tfsetup_is_left_as_it_is(tmp_path: Path, content: str) -> None:
    store = two(tmp_path)
    store.layout.receipt(2).write_text(content)
    assert not is_lost(store.layout, 2)
    collect(store, 1, say=quiet)
    assert store.layout.receipt(2).read_text() == content
    assert works(store)


def test_only_the_current_one_gets_its_receipt_back(tmp_path: Path) -> None:
    store = two(tmp_path)
    store.layout.receipt(1).write_text("{")
    said: list[str] = []
    with store.locked(say=said.append):
        assert store.layout.receipt(1).read_text() == "{"
    assert said == []


def test_a_full_disk_does_not_keep_anybody_from_clearing_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = two(tmp_path)
    store.layout.receipt(2).unlink()

    def full(_path: Path, _content: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(room, "write_whole", full)
    said: list[str] = []
    assert collect(store, 1, say=said.append).removed == ()
    assert said == [
        f"Note      {store.layout.receipt(2)} is gone or damaged, and cannot be written anew: No space left on device."
    ]
    assert works(store)


def test_a_receipt_that_a_full_disk_cut_off_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = two(tmp_path)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            store.write_receipt(make_receipt(3))
    names = {path.name for path in store.layout.root.iterdir()}
    assert names == {"1", "1.json", "2", "2.json"}


def test_a_draft_of_a_killed_run_goes(tmp_path: Path) -> None:
    store = two(tmp_path)
    for name in (".3.json.999", "..gitignore.999", ".link-999"):
        (store.layout.root / name).write_text("half")
    collect(store, 2, say=quiet)
    assert {path.name for path in store.layout.root.iterdir()} == {
        ".gitignore", "1", "1.json", "2", "2.json", "lock"
    }  # fmt: skip


def test_a_link_to_a_lost_generation_is_told_and_left(tmp_path: Path) -> None:
    store = two(tmp_path)
    shutil.rmtree(store.layout.folder(2))
    said: list[str] = []
    collect(store, 2, say=said.append)
    assert said == [f"Note      {store.layout.prefix} leads to generation 2, which is gone."]
    assert os.path.lexists(store.layout.prefix)
    assert roll_back(store, None, say=quiet)[1].generation == 1


def test_removing_refuses_the_current_one_without_its_receipt(tmp_path: Path) -> None:
    store = two(tmp_path)
    store.layout.receipt(2).unlink()
    with pytest.raises(UsageError, match="Generation 2 is what"):
        remove(store, 2, say=quiet)
    assert works(store)


def test_the_folder_of_generations_is_kept_out_of_git(tmp_path: Path) -> None:
    store = two(tmp_path)
    ignore = store.layout.root / ".gitignore"
    for _ in range(2):
        with store.locked(say=quiet):
            assert ignore.read_text() == "*\n"
        ignore.unlink()
    ignore.write_text("mine\n")
    with store.locked(say=quiet):
        assert ignore.read_text() == "mine\n"


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("pylock.linux-x86_64-cpu.toml", "linux-x86_64-cpu"),
        ("requirements.macos-arm64-metal.txt", "macos-arm64-metal"),
        ("conda-lock.yml", UNKNOWN),
        ("notes.txt", UNKNOWN),
    ],
)
def test_the_row_is_read_from_the_lock_that_lies_in_it(name: str, row: str) -> None:
    receipt = from_files(4, python="3.12", packages=["b-1.dist-info", "a-1.dist-info"], beside={name: "x"}, conda=False)
    assert (receipt.row, receipt.packages) == (row, ("a-1.dist-info", "b-1.dist-info"))
    assert bool(receipt.lock_sha256) is (name != "notes.txt")


def test_the_pip_of_a_lost_receipt_is_a_tool_again_unless_it_was_locked() -> None:
    packages, name = ["b-1.dist-info", "pip-26.3.dist-info"], "requirements.a-row.txt"
    free = from_files(4, python="3.12", packages=packages, beside={name: "b==1\n"}, conda=False)
    assert (free.packages, free.tools) == (("b-1.dist-info",), ("pip-26.3.dist-info",))
    bound = from_files(4, python="3.12", packages=packages, beside={name: "b==1\npip==26.3\n"}, conda=False)
    assert (bound.packages, bound.tools) == (tuple(packages), ())


def test_what_kind_it_is_and_its_python_are_read_from_the_files(tmp_path: Path) -> None:
    store = two(tmp_path)
    folder = store.layout.folder(2)
    (folder / "conda-meta").mkdir()
    (folder / "pylock.a-row.toml").write_text("# a lock\n")
    found = rebuilt(store.layout, 2)
    assert (found.backend, found.row, found.python) == ("conda", "a-row", "3.12")
    (folder / "pylock.a-row.toml").unlink()
    (folder / "conda-meta/conda-lock.yml").write_text("# a lock\n")
    assert (rebuilt(store.layout, 2).row, rebuilt(store.layout, 2).lock_sha256) == (UNKNOWN, found.lock_sha256)
    shutil.rmtree(folder / "lib")
    (folder / "pyvenv.cfg").write_text("home = /usr\nversion_info = 3.11.7\n")
    assert rebuilt(store.layout, 2).python == "3.11"


def test_a_receipt_that_is_written_anew_knows_what_the_start_up_file_sets(tmp_path: Path) -> None:
    from tfsetup.ground.start_up import START_UP, start_up_text

    store = make_store(tmp_path)
    finish(store, 1)
    start_up = store.layout.site_packages(store.layout.folder(1), "3.12") / START_UP
    for text, expected in (("", {}), ("import evil\n", {}), (start_up_text({"A": "1"}), {"A": "1"})):
        start_up.write_text(text)
        assert rebuilt(store.layout, 1).cures == expected
