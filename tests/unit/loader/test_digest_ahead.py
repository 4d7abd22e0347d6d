"""Copies that threads make before anybody asks: the same digests and the same answers as without them."""

from __future__ import annotations

import hashlib
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.elf_build import Define, Library, build_elf
from support.macho import Offered, Plan, build
from support.through import InMemory
from support.wheels import wheel_bytes
from tfsetup.ground.ahead import Ahead
from tfsetup.loader.bytes import ByteSource, MalformedImage, Memory
from tfsetup.loader.digest import extents, making
from tfsetup.loader.digest.contents import Counted, DigestedWheel
from tfsetup.loader.digest.making import Made
from tfsetup.loader.digest.opening import holds_modules, seen_as
from tfsetup.loader.digest.sparse import SparseCopy
from tfsetup.loader.digest.store import NATIVE, WHEEL
from tfsetup.loader.files import sums
from tfsetup.loader.files.archive import Archive, read_archive
from tfsetup.loader.files.inflate import BlockCache, Deflated, joined
from tfsetup.loader.files.sums import Sums, SumsBeside
from tfsetup.loader.macho import binds
from tfsetup.loader.macho.image import read_macho

FAR = 300_000
ELF = build_elf(Library(soname="one.so", defines=[Define(name=f"name_{number}") for number in range(300)]), padding=FAR)
MACH = build(
    Plan(exports=[Offered(symbol=f"_{number}") for number in range(300)], coalesced=["_weak_one", "_weak_two"])
)
FILES: Mapping[str, bytes | str] = {
    "pkg/__init__.py": "from pkg import one\n",
    "pkg/one.so": ELF,
    "pkg/two.so": MACH + bytes(FAR),
    "pkg/three.so": build_elf(Library(soname="three.so"), padding=2 * FAR),
}
NATIVES = ("pkg/one.so", "pkg/two.so", "pkg/three.so")


@dataclass
class Wheel:
    """A wheel, how often it was opened, and where its members were read."""

    data: bytes
    store: InMemory = field(default_factory=InMemory)
    opened: int = 0
    ahead: Ahead[Made] | None = None

    def archive(self) -> Archive:
        self.opened += 1
        return read_archive(Memory(self.data))

    def digested(self, *, verified: bool | None = True, seen: str = "") -> DigestedWheel:
        return DigestedWheel(
            sha256=hashlib.sha256(self.data).hexdigest(), store=self.store, real=self.archive,
            verified=lambda _archive: verified, ahead=self.ahead, seen=seen, counted=Counted(),
        )  # fmt: skip


def read_all(wheel: DigestedWheel) -> list[bytes]:
    return [wheel.open(name).read(0, 64) for name in NATIVES]


def settled(ahead: Ahead[Made]) -> None:
    while ahead._running:
        time.sleep(0.005)


@pytest.fixture(params=[0, 1 << 40], ids=["left", "made at once"])
def _large(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """All files are large, of which the copy is left to whoever has time; or none is."""
    monkeypatch.setattr(making, "_AT_ONCE", request.param)
    monkeypatch.setattr(making, "_LARGEST", request.param)
    monkeypatch.setattr(sums, "LARGE", request.param)


@pytest.mark.usefixtures("_large")
@pytest.mark.parametrize("wait", [False, True], ids=["asked at once", "asked later"])
def test_threads_make_the_digests_that_are_made_without_them(wait: bool) -> None:
    alone, beside = Wheel(wheel_bytes(FILES)), Wheel(wheel_bytes(FILES), ahead=Ahead(threads=2))
    first, second = alone.digested(), beside.digested()
    second.begin()
    if wait and beside.ahead:
        settled(beside.ahead)
    assert read_all(second) == read_all(first)
    first.remember()
    second.remember()
    assert beside.store.files == alone.store.files
    assert second.counted == first.counted == Counted(kept=0, fetched=3, made=3)
    opened = beside.opened
    assert read_all(beside.digested()) == read_all(second)
    assert beside.opened == opened


def test_what_nobody_asks_for_stands_in_no_table() -> None:
    wheel = Wheel(wheel_bytes(FILES), ahead=Ahead(threads=2))
    one = wheel.digested()
    one.begin()
    assert wheel.ahead
    settled(wheel.ahead)
    one.open("pkg/one.so").read(0, 4)
    one.remember()
    known = wheel.store.wheel(one.sha256)
    assert known is not None
    assert set(known.natives) == {"pkg/one.so"}


def test_a_damaged_member_is_told_as_without_threads() -> None:
    data = bytearray(wheel_bytes({"pkg/one.so": ELF + hashlib.shake_128(b"x").digest(500_000), "pkg/ok.so": ELF}))
    data[400_000] ^= 0xFF
    said = list[str]()
    for ahead in (None, Ahead[Made](threads=1)):
        one = Wheel(bytes(data), ahead=ahead).digested()
        one.begin()
        source = one.open("pkg/one.so")
        with pytest.raises(MalformedImage) as found:
            source.read(0, source.size)
        said.append(str(found.value))
    assert said[0] == said[1]


class Listening:
    """A file that remembers where it was read."""

    def __init__(self, data: bytes) -> None:
        self._data, self.size, self.asked = Memory(data), len(data), list[tuple[int, int]]()

    def read(self, offset: int, length: int) -> bytes:
        self.asked.append((offset, length))
        return self._data.read(offset, length)


def remembered(wheel: Wheel) -> DigestedWheel:
    first = wheel.digested()
    read_all(first)
    first.remember()
    return wheel.digested()


def test_a_hole_sends_only_its_own_reading_to_the_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = Wheel(wheel_bytes(FILES))
    again = remembered(wheel)
    listening = Listening(ELF)
    source = again.open("pkg/one.so")
    monkeypatch.setattr(source, "_real", lambda: listening)
    hole = len(ELF) - FAR // 2
    assert source.read(hole, 10) == ELF[hole : hole + 10]
    for at in (0, 64, 128):
        assert source.read(at, 64) == ELF[at : at + 64]
    assert listening.asked == [(hole, 10)]


def test_what_was_missing_once_is_kept_from_then_on() -> None:
    wheel = Wheel(wheel_bytes(FILES))
    again = remembered(wheel)
    hole = len(ELF) - FAR // 2
    assert again.open("pkg/one.so").read(hole, 10) == ELF[hole : hole + 10]
    again.remember()
    opened = wheel.opened
    assert opened == 2
    third = wheel.digested().open("pkg/one.so")
    assert (third.read(hole, 10), third.read(0, 64)) == (ELF[hole : hole + 10], ELF[:64])
    assert wheel.opened == opened


def test_a_file_that_was_searched_as_a_whole_is_not_kept_as_a_whole() -> None:
    wheel = Wheel(wheel_bytes(FILES))
    again = remembered(wheel)
    before = dict(wheel.store.files)
    source = again.open("pkg/one.so")
    assert source.read(0, source.size) == ELF
    again.remember()
    assert {name: data for name, data in wheel.store.files.items() if name.endswith(NATIVE)} == {
        name: data for name, data in before.items() if name.endswith(NATIVE)
    }


@pytest.mark.usefixtures("_large")
@pytest.mark.parametrize("readings", [1, 2], ids=["asked the first time", "asked the second time"])
@pytest.mark.parametrize("ahead", [False, True])
def test_a_large_table_of_weak_binds_is_kept_once_somebody_asked(
    ahead: bool, readings: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extents, "MOST_WEAK", 1)
    plan = Plan(
        exports=[Offered(symbol=f"_{number}") for number in range(300)],
        coalesced=[f"_{hashlib.shake_128(bytes([number])).hexdigest(100)}" for number in range(200)],
    )
    mach = build(plan) + bytes(FAR)
    wheel = Wheel(wheel_bytes({**FILES, "pkg/two.so": mach}), ahead=Ahead(threads=1) if ahead else None)
    expected = binds.coalesced(read_macho(Memory(mach)))
    assert len(expected) == 200
    for reading in range(readings):
        one = wheel.digested()
        one.begin()
        if ahead and wheel.ahead:
            settled(wheel.ahead)
        source = one.open("pkg/two.so")
        assert source.read(0, 64) == mach[:64]
        if reading == readings - 1:
            assert binds.coalesced(read_macho(source)) == expected
        one.remember()
    before = wheel.opened
    assert binds.coalesced(read_macho(wheel.digested().open("pkg/two.so"))) == expected
    assert wheel.opened == before


@pytest.mark.parametrize(
    ("name", "holds"),
    [
        ("a-1-cp312-cp312-macosx_12_0_arm64.whl", True),
        ("a-1-cp310-abi3-macosx_12_0_arm64.whl", True),
        ("libclang-1-py2.py3-none-macosx_11_0_arm64.whl", False),
        ("nvidia_cublas-1-2-py3-none-manylinux_2_27_x86_64.whl", False),
    ],
)
def test_only_wheels_with_modules_are_read_before_anybody_asks(name: str, holds: bool) -> None:
    assert holds_modules(name) == holds


def test_what_was_seen_of_a_wheel_that_was_not_fetched_holds_for_its_address_alone() -> None:
    wheel = Wheel(wheel_bytes(FILES))
    here, there = seen_as("5" * 64, "https://a.example/x"), seen_as("5" * 64, "https://b.example/x")
    assert here != there
    first = wheel.digested(verified=None, seen=here)
    said = read_all(first)
    first.remember()
    assert wheel.store.wheel(first.sha256) is None
    assert (read_all(wheel.digested(seen=here)), wheel.opened) == (said, 1)
    assert (read_all(wheel.digested(seen=there)), wheel.opened) == (said, 2)


def test_of_a_wheel_that_is_another_nothing_is_remembered() -> None:
    wheel = Wheel(wheel_bytes(FILES))
    first = wheel.digested(verified=False, seen=seen_as("5" * 64, "https://a.example/x"))
    read_all(first)
    first.remember()
    assert not [name for name in wheel.store.files if name.endswith(WHEEL)]


def test_a_wheel_of_which_nothing_was_needed_can_be_kept_too() -> None:
    wheel = Wheel(wheel_bytes(FILES))
    first = wheel.digested()
    first.remember()
    assert wheel.store.wheel(first.sha256) is None
    first.remember(whole=True)
    known = wheel.store.wheel(first.sha256)
    assert known is not None
    assert dict(known.members) == dict(first.members)


@given(st.lists(st.binary(max_size=50)), st.booleans())
def test_sums_taken_by_a_thread_are_those_of_the_bytes(blocks: list[bytes], hashing: bool) -> None:
    taken: list[Sums] = [Sums(hashing=hashing), SumsBeside(hashing=hashing)]
    whole = b"".join(blocks)
    for each in taken:
        for block in blocks:
            each.add(block)
        assert each.crc() == zlib.crc32(whole)
        assert each.sha256() == (hashlib.sha256(whole).hexdigest() if hashing else None)


@given(st.lists(st.binary(min_size=1, max_size=9), min_size=1), st.data())
def test_blocks_are_joined_to_what_lies_in_them(blocks: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(blocks)
    start = data.draw(st.integers(0, len(blocks[0]) - 1))
    length = data.draw(st.integers(0, len(whole) - start))
    assert joined(blocks, start, length) == whole[start : start + length]


def test_a_twin_reads_what_the_first_has_read() -> None:
    packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(ELF) + packer.flush()
    first = Deflated(Memory(packed), size=len(ELF), crc=zlib.crc32(ELF), cache=BlockCache(1), hashing=True)
    other = first.twin(BlockCache(1))
    assert first.sha256 == hashlib.sha256(ELF).hexdigest()
    readers: list[Callable[[], ByteSource]] = [lambda: first, lambda: other]
    for reader in readers:
        assert reader().read(len(ELF) - 100, 100) == ELF[-100:]
        assert reader().read(0, 100) == ELF[:100]


def test_a_copy_says_the_same_wherever_its_blocks_end() -> None:
    copy = SparseCopy(making.copy_of_file(Memory(ELF), "5" * 64))
    for start, stop in copy.head.kept:
        for at in range(start, stop, 977):
            assert copy.read(at, min(3_000, stop - at)) == ELF[at : min(at + 3_000, stop)]
