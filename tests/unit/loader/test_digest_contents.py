"""A wheel read twice: the second time nothing of it is read, and whatever is asked has the same answer."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO

import pytest

from support.elf_build import Library, build_elf
from support.macho import Offered, Plan, build, fat
from support.through import InMemory
from support.wheels import wheel_bytes
from tfsetup.loader.bytes import ByteSource, MalformedImage, Memory, answers
from tfsetup.loader.digest import making
from tfsetup.loader.digest.contents import Counted, DigestedWheel
from tfsetup.loader.digest.making import copy_of_file
from tfsetup.loader.digest.sparse import SparseCopy
from tfsetup.loader.digest.store import NATIVE, WHEEL, Store
from tfsetup.loader.files.archive import Archive, read_archive
from tfsetup.loader.model import Entry, holds
from tfsetup.loader.sonames import _same_bytes

ELF = build_elf(Library(soname="one.so"), padding=300_000)
FILES: Mapping[str, bytes | str] = {
    "pkg/__init__.py": "from pkg import one\n",
    "pkg/late.py": "value = 1\n",
    "pkg/one.so": ELF,
    "pkg/two.so": build(Plan(exports=[Offered(symbol="_a")])) + b"\0pkg.late.deep\0" + bytes(300_000),
    "pkg/data.bin": b"not code",
}
NATIVES = ("pkg/one.so", "pkg/two.so")


@dataclass
class Wheel:
    """A wheel, and how often it was opened."""

    data: bytes
    store: InMemory = field(default_factory=InMemory)
    opened: int = 0
    counted: Counted = field(default_factory=Counted)

    def archive(self) -> Archive:
        self.opened += 1
        return read_archive(Memory(self.data))

    def digested(self, *, verified: bool = True, sha256: str = "") -> DigestedWheel:
        return DigestedWheel(
            sha256=sha256 or hashlib.sha256(self.data).hexdigest(),
            store=self.store,
            real=self.archive,
            verified=lambda _archive: verified,
            counted=self.counted,
        )


def heads(wheel: DigestedWheel, *names: str) -> list[bytes]:
    return [wheel.open(name).read(0, 64) for name in names]


def whole(wheel: DigestedWheel, name: str) -> bytes:
    source = wheel.open(name)
    return source.read(0, source.size)


@pytest.fixture
def wheel() -> Wheel:
    return Wheel(wheel_bytes(FILES))


def test_a_second_reading_does_not_open_the_wheel(wheel: Wheel) -> None:
    first = wheel.digested()
    said = heads(first, *NATIVES), whole(first, "pkg/__init__.py"), dict(first.members), first.twice
    assert wheel.counted == Counted(kept=0, fetched=3, made=2)
    first.remember()
    assert not wheel.digested(sha256="5" * 64).known
    assert wheel.opened == 1
    second = wheel.digested()
    assert second.known
    assert (heads(second, *NATIVES), whole(second, "pkg/__init__.py"), dict(second.members), second.twice) == said
    assert wheel.opened == 1
    assert wheel.counted == Counted(kept=3, fetched=3, made=2)
    second.remember()  # nothing was read that was not known
    assert wheel.opened == 1


def test_what_was_not_read_before_is_fetched_and_added(wheel: Wheel) -> None:
    first = wheel.digested()
    heads(first, NATIVES[0])
    first.remember()
    second = wheel.digested()
    assert whole(second, "pkg/late.py") == b"value = 1\n"
    heads(second, *NATIVES)
    second.remember()
    assert wheel.opened == 2
    third = wheel.digested()
    assert whole(third, "pkg/late.py") == b"value = 1\n"
    heads(third, *NATIVES)
    assert wheel.opened == 2


def test_a_text_of_which_a_part_was_read_is_not_remembered(wheel: Wheel) -> None:
    first = wheel.digested()
    first.open("pkg/late.py").read(0, 3)
    first.open("pkg/late.py").read(3, 7)
    first.open("pkg/__init__.py").read(0, 20)
    first.remember()
    known = wheel.store.wheel(first.sha256)
    assert known is not None
    assert set(known.texts) == {"pkg/__init__.py"}


def test_a_reading_outside_of_the_tables_is_answered_by_the_wheel(wheel: Wheel) -> None:
    first = wheel.digested()
    heads(first, *NATIVES)
    first.remember()
    source = wheel.digested().open("pkg/one.so")
    assert source.read(len(ELF) - 200_000, 100) == ELF[-200_000 : -200_000 + 100]
    assert wheel.opened == 2
    assert source.read(0, 64) == ELF[:64]


def test_a_damaged_copy_is_answered_by_the_wheel_and_made_anew(wheel: Wheel) -> None:
    first = wheel.digested()
    heads(first, *NATIVES)
    first.remember()
    name = hashlib.sha256(ELF).hexdigest() + NATIVE
    good = wheel.store.files[name]
    wheel.store.files[name] = good[:-4] + bytes(4)
    assert heads(wheel.digested(), *NATIVES) == heads(first, *NATIVES)
    assert wheel.store.files[name] == good
    assert (wheel.opened, wheel.counted.made) == (2, 3)
    heads(wheel.digested(), *NATIVES)
    assert wheel.opened == 2


def test_a_lost_copy_is_made_anew_and_a_lost_table_too(wheel: Wheel) -> None:
    first = wheel.digested()
    heads(first, *NATIVES)
    first.remember()
    kept = dict(wheel.store.files)
    for name in kept:
        del wheel.store.files[name]
        again = wheel.digested()
        assert heads(again, *NATIVES) == heads(first, *NATIVES)
        again.remember()
        assert wheel.store.files == kept


def test_a_copy_of_another_size_is_not_this_file_s(wheel: Wheel) -> None:
    first = wheel.digested()
    heads(first, *NATIVES)
    first.remember()
    sha256 = hashlib.sha256(ELF).hexdigest()
    wheel.store.files[sha256 + NATIVE] = copy_of_file(Memory(ELF + b"longer"), sha256)
    assert wheel.digested().open("pkg/one.so").read(0, 64) == ELF[:64]
    assert wheel.opened == 2


def test_a_wheel_that_is_not_the_one_that_was_meant_is_never_remembered(wheel: Wheel) -> None:
    first = wheel.digested(verified=False, sha256="5" * 64)
    heads(first, *NATIVES)
    whole(first, "pkg/__init__.py")
    first.remember()
    assert not [name for name in wheel.store.files if name.endswith(WHEEL)]
    assert len(wheel.store.files) == len(NATIVES)  # the files in it are known by their own hashes


def test_where_nothing_is_kept_the_wheel_is_read(wheel: Wheel) -> None:
    for _ in range(2):
        one = wheel.digested()
        one.store = Store(folder=None)
        assert heads(one, *NATIVES) == [ELF[:64], b"\xcf\xfa\xed\xfe" + wheel.digested().open("pkg/two.so").read(4, 60)]
        one.remember()
    assert not any(name.endswith(WHEEL) for name in wheel.store.files)


@pytest.mark.parametrize("at_once", [0, making._AT_ONCE], ids=["large", "small"])
@pytest.mark.parametrize("where", [0.0, 0.3, 0.98])
def test_a_damaged_member_is_told_in_the_same_words(
    where: float, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "_AT_ONCE", at_once)
    data = bytearray(wheel_bytes({"pkg/one.so": ELF + hashlib.shake_128(b"x").digest(3_000_000), "pkg/ok.so": ELF}))
    info = zipfile.ZipFile(BytesIO(data)).getinfo("pkg/one.so")
    data[40 + int(where * (info.compress_size - 1))] ^= 0xFF
    wheel = Wheel(bytes(data))
    expected = [said(read_archive(Memory(wheel.data)).open("pkg/one.so"), at) for at in (0, info.file_size - 10)]
    one = wheel.digested()
    for _ in range(2):
        one = wheel.digested()
        source = one.open("pkg/one.so")
        assert [said(source, at) for at in (0, info.file_size - 10)] == expected
        assert one.open("pkg/ok.so").read(0, 64) == ELF[:64]
        one.remember()
    known = wheel.store.wheel(one.sha256)
    assert known is not None
    assert set(known.natives) == {"pkg/ok.so"}


def said(source: ByteSource, at: int) -> str:
    """Return the words in which a reading ends, or what it gives."""
    try:
        return source.read(at, 10).hex()
    except MalformedImage as error:
        return str(error)


class Files:
    """One file, as a loader sees it."""

    def __init__(self, source: ByteSource) -> None:
        self.source = source

    def lookup(self, path: str) -> Entry | None:
        return Entry(path=path, identity=path, source=self.source)

    def listdir(self, _path: str) -> list[str]:
        return []


@pytest.mark.parametrize(("wanted", "found"), [(b"pkg.late", True), (b"pkg.late.deep", True), (b"pkg.other", False)])
def test_a_search_in_a_native_file_does_not_open_the_wheel(wheel: Wheel, wanted: bytes, found: bool) -> None:
    first = wheel.digested()
    heads(first, *NATIVES)
    first.remember()
    assert holds(Files(wheel.digested().open("pkg/two.so")), "/x", wanted, 1 << 20) == found
    assert wheel.opened == 1
    assert holds(Files(wheel.digested().open("pkg/two.so")), "/x", b"late.deep", 1 << 20)  # not told by the names
    assert wheel.opened == 2


def test_two_files_are_compared_by_their_hashes(wheel: Wheel) -> None:
    first = wheel.digested()
    heads(first, *NATIVES)
    first.remember()
    one, two = wheel.digested().open(NATIVES[0]), wheel.digested().open(NATIVES[0])
    assert _same_bytes(one, two)
    assert wheel.opened == 1
    assert _same_bytes(one, Memory(ELF))  # of which no hash is known
    assert wheel.opened > 1


def test_files_of_one_size_and_other_bytes_are_not_the_same() -> None:
    files: dict[str, bytes | str] = {"pkg/one.so": ELF + b"1", "pkg/two.so": ELF + b"2"}
    wheel = Wheel(wheel_bytes(files))
    first = wheel.digested()
    heads(first, *NATIVES)
    first.remember()
    second = wheel.digested()
    assert not _same_bytes(second.open("pkg/one.so"), second.open("pkg/two.so"))
    assert wheel.opened == 1


def test_each_image_of_a_universal_file_has_its_own_verdict() -> None:
    arm, intel = build(Plan(exports=[Offered(symbol="_a")])), build(Plan(arch="x86_64"))
    data = bytearray(fat(("x86_64", intel), ("arm64", arm)))
    at = data.index(arm[:400])
    copy = SparseCopy(copy_of_file(Memory(bytes(data)), "5" * 64))
    assert copy.pages == {at: (False, False)}
    data[at + 0x1100] ^= 1
    copy = SparseCopy(copy_of_file(Memory(bytes(data)), "5" * 64))
    assert copy.pages == {at: (False, True)}
    data[at + 0x300] ^= 1  # behind the load commands, on the page that holds them
    copy = SparseCopy(copy_of_file(Memory(bytes(data)), "5" * 64))
    assert copy.pages == {at: (True, True)}


def test_a_part_of_a_file_knows_where_it_lies(wheel: Wheel) -> None:
    heads(wheel.digested(), *NATIVES)
    source = wheel.digested().open(NATIVES[0])
    known = answers(source, 7)
    assert known is not None
    assert (known[0].sha256, known[1]) == (hashlib.sha256(ELF).hexdigest(), 7)
    assert answers(Memory(ELF)) is None
