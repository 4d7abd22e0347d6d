"""The folder of digests: damage, strangers' files, other processes and full disks change no answer."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support.elf_build import Library, build_elf
from tfsetup.loader.bytes import Memory
from tfsetup.loader.digest import claims
from tfsetup.loader.digest.claims import claimed
from tfsetup.loader.digest.making import copy_of_file
from tfsetup.loader.digest.sparse import READER
from tfsetup.loader.digest.store import NATIVE, WHEEL, Store, own_store
from tfsetup.loader.digest.wheel import WheelDigest, encode
from tfsetup.loader.files.archive import Member

FILE = build_elf(Library(soname="one.so"), padding=20_000)
SHA = hashlib.sha256(FILE).hexdigest()
COPY = copy_of_file(Memory(FILE), SHA)
OTHER = "5" * 64
MEMBER = Member(name="a", method=0, crc=1, compressed=1, size=1, header=0)


def digest(sha256: str) -> WheelDigest:
    return WheelDigest(sha256=sha256, members={"a": MEMBER})


DIGEST = digest(OTHER)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(folder=tmp_path / "kept")


def test_what_is_kept_is_found_by_its_hash(store: Store) -> None:
    assert store.native(SHA) is None
    store.keep(SHA, NATIVE, COPY)
    store.keep(OTHER, WHEEL, encode(DIGEST))
    found = store.native(SHA)
    assert found is not None
    assert found.read(0, 64) == FILE[:64]
    assert store.wheel(OTHER) == DIGEST
    assert store.wheel(SHA) is None
    assert store.keeps


DAMAGES: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(COPY[:-1] if path.suffix == NATIVE else b"tfsetup"),
    "another file": lambda path: path.write_bytes(encode(DIGEST) if path.suffix == NATIVE else COPY),
    "a folder": lambda path: (path.unlink(), path.mkdir()),  # type: ignore[func-returns-value]
    "a link to nothing": lambda path: (path.unlink(), path.symlink_to("nothing")),  # type: ignore[func-returns-value]
    "no JSON": lambda path: path.write_bytes(path.read_bytes()[:21] + bytes(60)),
}


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_file_is_none(store: Store, how: str) -> None:
    assert store.folder is not None
    store.keep(SHA, NATIVE, COPY)
    store.keep(OTHER, WHEEL, encode(DIGEST))
    DAMAGES[how](store.folder / f"{SHA}{NATIVE}")
    DAMAGES[how](store.folder / f"{OTHER}{WHEEL}")
    assert store.native(SHA) is None
    assert store.wheel(OTHER) is None


def test_a_copy_under_another_s_name_is_none(store: Store) -> None:
    store.keep(OTHER, NATIVE, COPY)
    store.keep(SHA, WHEEL, encode(DIGEST))
    assert store.native(OTHER) is None
    assert store.wheel(SHA) is None


@pytest.mark.parametrize("name", ["", "../x", "5" * 63, "g" * 64, f"{'5' * 64}\n"])
def test_a_name_that_is_no_hash_is_neither_kept_nor_found(store: Store, name: str) -> None:
    store.keep(name, NATIVE, COPY)
    assert store.folder is not None
    assert not store.folder.exists()
    assert store.native(name) is None


def test_what_was_used_longest_ago_goes_first(store: Store) -> None:
    assert store.folder is not None
    names = [f"{number}" * 64 for number in range(4)]
    for age, name in enumerate(reversed(names)):
        store.keep(name, WHEEL, encode(digest(name)))
        os.utime(store.folder / f"{name}{WHEEL}", (1_000_000 + age, 1_000_000 + age))
    assert store.wheel(names[3]) == digest(names[3])  # the oldest was used just now
    one = len(encode(DIGEST))
    store.sweep(2 * one)
    assert {path.name[0] for path in store.folder.iterdir()} == {"3", "0"}
    store.sweep(2 * one - 1)
    assert {path.name[0] for path in store.folder.iterdir()} == {"3"}
    store.sweep(0)
    assert not list(store.folder.iterdir())


def test_nothing_is_kept_without_a_folder() -> None:
    store = Store(folder=None)
    store.keep(SHA, NATIVE, COPY)
    store.sweep(0)
    assert not store.keeps
    assert store.native(SHA) is None
    with store.alone(SHA):
        pass


def test_a_folder_that_cannot_be_written_is_no_harm(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"a file stands where the folder should")
    store = Store(folder=tmp_path / "kept" / "v1")
    store.keep(SHA, NATIVE, COPY)
    store.sweep(0)
    assert store.native(SHA) is None
    with store.alone(SHA):
        pass


def test_a_stranger_s_file_is_not_believed_and_is_named(tmp_path: Path) -> None:
    given = Store(folder=tmp_path / "given")
    given.keep(SHA, NATIVE, COPY)
    told = hashlib.sha256(COPY).hexdigest()

    def trusts(name: str, data: bytes) -> bool:
        return (name, hashlib.sha256(data).hexdigest()) == (f"{SHA}{NATIVE}", told)

    stranger = Store(folder=tmp_path / "own", given=[tmp_path / "given"])
    assert stranger.native(SHA) is None
    assert stranger.refused == [f"{SHA}{NATIVE}"]
    friend = Store(folder=tmp_path / "own", given=[tmp_path / "given"], trusts=trusts)
    assert friend.native(SHA) is not None
    assert friend.refused == []
    assert not (tmp_path / "own").exists()


def test_a_file_handed_on_is_not_touched(tmp_path: Path) -> None:
    given = Store(folder=tmp_path / "given")
    given.keep(SHA, NATIVE, COPY)
    path = tmp_path / "given" / f"{SHA}{NATIVE}"
    os.utime(path, (1_000_000, 1_000_000))
    store = Store(folder=None, given=[tmp_path / "given"], trusts=lambda _name, _data: True)
    assert store.native(SHA) is not None
    assert path.stat().st_mtime == 1_000_000


def test_one_makes_a_copy_and_the_others_wait_for_it(store: Store) -> None:
    order = list[str]()
    inside = threading.Event()

    def second() -> None:
        inside.wait()
        with store.alone(SHA):
            order.append("second")

    other = threading.Thread(target=second)
    other.start()
    with store.alone(SHA), store.alone(OTHER):
        inside.set()
        other.join(0.1)
        order.append("first")
    other.join()
    assert order == ["first", "second"]
    assert store.folder is not None
    assert not list(store.folder.iterdir())


def test_nobody_waits_for_ever(tmp_path: Path) -> None:
    with claimed(tmp_path / "one.making"), claimed(tmp_path / "one.making", 0.05):
        assert (tmp_path / "one.making").exists()
    assert not (tmp_path / "one.making").exists()


def test_where_there_are_no_locks_two_may_do_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_descriptor: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(claims, "_lock", none)
    with claimed(tmp_path / "one.making"), claimed(tmp_path / "one.making"):
        pass


def test_what_the_killed_have_left_goes_after_an_hour(store: Store) -> None:
    assert store.folder is not None
    store.keep(OTHER, WHEEL, encode(DIGEST))
    old = time.time() - 3601
    for name in (f"{SHA}.making", f"{SHA}{NATIVE}.7-7.draft"):
        (store.folder / name).touch()
        os.utime(store.folder / name, (old, old))
        (store.folder / f"new{name}").touch()
    store.sweep()
    assert {path.name[:3] for path in store.folder.iterdir()} == {"new", OTHER[:3]}


def test_a_damaged_copy_is_made_anew_and_found_again(store: Store) -> None:
    store.keep(SHA, NATIVE, COPY)
    store.spoilt(SHA)
    assert store.native(SHA) is None
    store.keep(SHA, NATIVE, COPY)
    assert store.native(SHA) is not None


def test_a_damaged_copy_handed_on_is_read_once(tmp_path: Path) -> None:
    Store(folder=tmp_path / "given").keep(SHA, NATIVE, COPY)
    store = Store(folder=None, given=[tmp_path / "given"], trusts=lambda _name, _data: True)
    store.spoilt(SHA)
    assert store.native(SHA) is None
    assert len(list((tmp_path / "given").iterdir())) == 1


def test_our_own_store_lies_in_the_cache_by_the_version_of_the_readers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFSETUP_CACHE_DIR", str(tmp_path))
    assert own_store().folder == tmp_path / "digests" / f"v{READER}"
