"""Generations on disk."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.envs import finish, make_receipt, make_store, quiet
from tfsetup.envs.store import existing, layout_for, unwritable
from tfsetup.errors import BuildError, Code, InvalidFileError, UsageError


def test_nothing_stands_at_a_new_prefix(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    assert store.current() is None
    assert store.numbers() == []
    assert store.next_number() == 1


def test_switching_makes_the_prefix_a_link_to_the_generation(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    folder = finish(store, 1)
    store.switch(1)
    assert store.current() == 1
    assert store.layout.prefix.resolve() == folder.resolve()


def test_the_link_survives_a_move_of_the_project(tmp_path: Path) -> None:
    store = make_store(tmp_path / "before")
    finish(store, 1)
    store.switch(1)
    (tmp_path / "before").rename(tmp_path / "after")
    assert (tmp_path / "after" / ".venv" / "bin" / "python").exists()
    assert make_store(tmp_path / "after").current() == 1


def test_switching_again_replaces_the_link_only(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    finish(store, 1)
    finish(store, 2)
    store.switch(1)
    store.switch(2)
    assert store.current() == 2
    assert store.numbers() == [1, 2]
    assert sorted(path.name for path in tmp_path.iterdir()) == [".venv", ".venv.generations"]


def untouched(path: Path) -> tuple[int, ...]:
    """Return all of a file's facts that change with it; the time it was last read is none."""
    facts = path.lstat()
    return facts.st_mode, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_nlink


@pytest.mark.parametrize("kind", ["folder", "file", "foreign link", "dangling link", "link into another prefix"])
def test_what_is_not_ours_is_refused_and_left_alone(tmp_path: Path, kind: str) -> None:
    store = make_store(tmp_path)
    prefix = store.layout.prefix
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    match kind:
        case "folder":
            prefix.mkdir()
            (prefix / "pyvenv.cfg").write_text("home = /usr\n")
        case "file":
            prefix.write_text("mine")
        case "foreign link":
            prefix.symlink_to(elsewhere)
        case "dangling link":
            prefix.symlink_to(tmp_path / "nowhere")
        case _:
            other = make_store(tmp_path, "other")
            finish(other, 1)
            prefix.symlink_to("other.generations/1")
    before = untouched(prefix)
    with pytest.raises(BuildError) as caught:
        store.current()
    assert caught.value.code is Code.BUILD
    if kind == "dangling link":
        gone = f"{prefix} is a link to {tmp_path}/nowhere, which is not there, and was not made by tfsetup."
        assert caught.value.message == gone
        assert f"rm {prefix}" in caught.value.hint
    else:
        assert caught.value.message == f"{prefix} exists and was not made by tfsetup; it is left as it is."
        assert "--replace" in caught.value.hint
    assert "--prefix OTHER" in caught.value.hint
    assert untouched(prefix) == before


def test_numbers_are_never_used_twice(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    finish(store, 1)
    store.layout.folder(7).mkdir()
    assert store.next_number() == 8
    store.layout.receipt(9).write_text("{}")
    assert store.next_number() == 10


def test_a_receipt_comes_back_as_it_was_written(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    receipt = make_receipt(3, verify={"devices": [{"name": "CPU:0"}]})
    store.layout.root.mkdir()
    store.write_receipt(receipt)
    assert store.receipt(3) == receipt
    assert [path.name for path in store.layout.root.iterdir()] == ["3.json"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"generation": "three"}', "\xff", '{"generation": 1}'])
def test_a_damaged_receipt_is_named(tmp_path: Path, text: str) -> None:
    store = make_store(tmp_path)
    finish(store, 1)
    store.layout.receipt(1).write_text(text, encoding="latin-1")
    with pytest.raises(InvalidFileError) as caught:
        store.receipt(1)
    assert str(caught.value.where) == str(store.layout.receipt(1))
    assert "tfsetup install" in caught.value.hint


def test_a_receipt_of_another_format_is_not_guessed_at(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    finish(store, 1, schema=99)
    with pytest.raises(InvalidFileError, match="another version of tfsetup"):
        store.receipt(1)


def test_cleaning_removes_only_what_no_receipt_vouches_for(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    finish(store, 1)
    finish(store, 2)
    store.switch(2)
    unfinished = store.layout.folder(3) / "lib"
    unfinished.mkdir(parents=True)
    (store.layout.root / ".4.json.999").write_text("half a receipt")
    (store.layout.root / ".link-999").symlink_to("nowhere")
    (store.layout.root / "notes").mkdir()
    store.clean()
    assert sorted(path.name for path in store.layout.root.iterdir()) == ["1", "1.json", "2", "2.json", "notes"]
    assert store.current() == 2


def test_cleaning_never_follows_a_link(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    store.layout.root.mkdir()
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis").write_text("years")
    (store.layout.root / "5").symlink_to(precious)
    store.clean()
    assert (precious / "thesis").read_text() == "years"
    assert not (store.layout.root / "5").is_symlink()


def test_discarding_refuses_a_link_in_place_of_a_generation(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    store.layout.root.mkdir()
    store.layout.folder(1).symlink_to(tmp_path)
    with pytest.raises(BuildError, match="is a link, not a generation"):
        store.discard(1)
    assert tmp_path.is_dir()


def test_discarding_takes_the_receipt_first(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    finish(store, 1)
    store.discard(1)
    assert list(store.layout.root.iterdir()) == []


def test_adopting_keeps_the_folder_as_a_generation(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    store.layout.prefix.mkdir()
    (store.layout.prefix / "mine").write_text("kept")
    finish(store, 1)
    store.adopt(make_receipt(0, row="adopted", packages=()), 1)
    assert store.current() == 1
    assert (store.layout.folder(0) / "mine").read_text() == "kept"
    assert store.numbers() == [0, 1]
    store.switch(0)
    assert (store.layout.prefix / "mine").read_text() == "kept"


def test_an_unknown_generation_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    finish(store, 1)
    finish(store, 4)
    assert existing(store, 4) == 4
    with pytest.raises(UsageError) as caught:
        existing(store, 2)
    assert caught.value.hint == "There are: 1, 4."


def test_the_layout_keeps_the_link_and_resolves_the_rest(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (tmp_path / "alias").symlink_to(real)
    (real / ".venv").symlink_to("somewhere")
    layout = layout_for(tmp_path / "alias" / "x" / ".." / ".venv")
    assert layout.prefix == real / ".venv"
    assert layout.root == real / ".venv.generations"


def test_one_process_at_a_time(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    waited: list[str] = []
    with store.locked(say=waited.append):
        assert waited == []
    with store.locked(say=waited.append):
        assert waited == []


@pytest.mark.process
def test_the_second_process_waits_and_a_killed_one_gives_the_lock_back(tmp_path: Path) -> None:
    script = (
        "import sys, time; sys.path[:0] = sys.argv[1:3]\n"
        "from pathlib import Path; from support.envs import make_store\n"
        "with make_store(Path(sys.argv[3])).locked(say=lambda text: print(text, flush=True)):\n"
        "    print('in', flush=True); time.sleep(60)\n"
    )
    here = Path(__file__).parents[2]
    argv = [sys.executable, "-c", script, str(here), str(here.parent / "installer"), str(tmp_path)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "in\n"
        with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as second:
            assert second.stdout is not None
            waiting = second.stdout.readline()
            assert waiting.startswith(f"Another tfsetup (process {first.pid}, since 20")
            assert waiting.endswith(") is working on this prefix; waiting for it.\n")
            first.kill()
            assert second.stdout.readline() == "in\n"
            second.kill()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / ".venv.generations").write_text("a file in the way")
    with pytest.raises(BuildError, match="cannot be written") as caught, make_store(tmp_path).locked(say=quiet):
        pass
    assert "--prefix" in caught.value.hint


@pytest.mark.parametrize(("code", "words"), [(28, "The disk is full: "), (122, "The disk is full: "), (13, "")])
def test_a_full_disk_is_called_that(tmp_path: Path, code: int, words: str) -> None:
    error = unwritable(tmp_path, OSError(code, "no"))
    assert error.message == f"{words}{tmp_path} cannot be written: no."
    assert ("df -i" in error.hint) is bool(words)


def test_what_goes_has_another_name_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program of a killed run that still writes into the generation finds no folder then."""
    store = make_store(tmp_path)
    folder = finish(store, 1)
    going: list[str] = []

    def note(path: Path) -> None:
        assert not folder.exists()
        assert not store.layout.receipt(1).exists()
        going.append(path.name)

    monkeypatch.setattr(shutil, "rmtree", note)
    store.discard(1)
    assert [name.startswith(".gone-1-") for name in going] == [True]


def test_the_old_link_is_there_until_the_new_one_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = make_store(tmp_path)
    finish(store, 1)
    finish(store, 2)
    store.switch(1)
    real, seen = Path.replace, []

    def note(draft: Path, target: Path) -> Path:
        seen.append(store.current())
        return real(draft, target)

    monkeypatch.setattr(Path, "replace", note)
    store.switch(2)
    assert (seen, store.current()) == ([1], 2)
