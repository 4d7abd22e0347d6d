"""Digests that are handed on say what the own ones say, in less room, and are believed by their hash alone."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from support.elf_build import Define, Library, build_elf
from support.wheels import wheel_bytes
from tfsetup.loader.bytes import Memory
from tfsetup.loader.digest.contents import DigestedWheel
from tfsetup.loader.digest.handing import handed_on, vouched, write_digests
from tfsetup.loader.digest.sparse import SparseCopy, packed_small
from tfsetup.loader.digest.store import NATIVE, WHEEL, Store
from tfsetup.loader.files.archive import read_archive

ELF = build_elf(
    Library(soname="one.so", defines=[Define(name=f"name_{number}") for number in range(4000)]), padding=400_000
)
NATIVE_SHA = hashlib.sha256(ELF).hexdigest()
WHEEL_DATA = wheel_bytes({"pkg/__init__.py": "import one\n", "pkg/one.so": ELF, "pkg/same.so": ELF})
SHA = hashlib.sha256(WHEEL_DATA).hexdigest()


@pytest.fixture
def own(tmp_path: Path) -> Store:
    store = Store(folder=tmp_path / "own")
    wheel = DigestedWheel(
        sha256=SHA, store=store, real=lambda: read_archive(Memory(WHEEL_DATA)), verified=lambda _archive: True
    )
    for name in wheel.members:
        source = wheel.open(name)
        source.read(0, 10 if name.endswith(".so") else source.size)
    wheel.remember()
    return store


def test_what_is_handed_on_is_what_is_kept_but_smaller(own: Store) -> None:
    found = dict(handed_on(own, [SHA, SHA, "5" * 64]))
    assert set(found) == {f"{SHA}{WHEEL}", f"{NATIVE_SHA}{NATIVE}"}
    kept = own.native(NATIVE_SHA)
    assert kept is not None
    small = SparseCopy(found[f"{NATIVE_SHA}{NATIVE}"])
    assert small.read(0, 4096) == kept.read(0, 4096) == ELF[:4096]
    assert (small.size, small.sha256, small.pages) == (kept.size, kept.sha256, kept.pages)
    assert own.folder is not None
    assert len(found[f"{NATIVE_SHA}{NATIVE}"]) < (own.folder / f"{NATIVE_SHA}{NATIVE}").stat().st_size
    assert packed_small(small) == found[f"{NATIVE_SHA}{NATIVE}"]


def test_whoever_has_the_list_reads_nothing_of_the_wheel(own: Store, tmp_path: Path) -> None:
    hashes, total = write_digests(tmp_path / "given", handed_on(own, [SHA]))
    assert total == sum(path.stat().st_size for path in (tmp_path / "given").iterdir())
    assert hashes == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (tmp_path / "given").iterdir()
    }
    store = Store(folder=tmp_path / "new", given=[tmp_path / "given"], trusts=vouched([{}, hashes]))

    def real() -> None:
        raise AssertionError("the wheel was opened")

    wheel = DigestedWheel(sha256=SHA, store=store, real=real, verified=lambda _archive: False)  # type: ignore[arg-type]
    assert wheel.open("pkg/one.so").read(0, 64) == ELF[:64]
    assert wheel.open("pkg/__init__.py").read(0, 11) == b"import one\n"
    assert store.refused == []


@pytest.mark.parametrize("lists", [[], [{}], [{f"{SHA}{WHEEL}": "5" * 64}]], ids=["no list", "empty", "another's"])
def test_without_a_list_that_knows_them_they_are_nothing(
    own: Store, tmp_path: Path, lists: list[dict[str, str]]
) -> None:
    write_digests(tmp_path / "given", handed_on(own, [SHA]))
    store = Store(folder=None, given=[tmp_path / "given"], trusts=vouched(lists))
    assert store.wheel(SHA) is None
    assert store.refused == [f"{SHA}{WHEEL}"]


def test_of_two_lists_each_is_believed(own: Store, tmp_path: Path) -> None:
    hashes, _ = write_digests(tmp_path / "given", handed_on(own, [SHA]))
    for lists in ([hashes, dict.fromkeys(hashes, "5" * 64)], [dict.fromkeys(hashes, "5" * 64), hashes]):
        assert Store(folder=None, given=[tmp_path / "given"], trusts=vouched(lists)).wheel(SHA) is not None


def test_a_damaged_copy_is_not_handed_on(own: Store) -> None:
    assert own.folder is not None
    path = own.folder / f"{NATIVE_SHA}{NATIVE}"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert [name for name, _ in handed_on(own, [SHA])] == [f"{SHA}{WHEEL}"]
    assert not path.exists()


def test_a_folder_that_cannot_be_written_is_an_error(own: Store, tmp_path: Path) -> None:
    (tmp_path / "given").write_bytes(b"")
    with pytest.raises(OSError, match=r"exists|directory"):
        write_digests(tmp_path / "given", handed_on(own, [SHA]))
