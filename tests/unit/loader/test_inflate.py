from __future__ import annotations

import hashlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.outcome import outcome
from tfsetup.loader.bytes import MalformedImage, Memory
from tfsetup.loader.files import inflate
from tfsetup.loader.files.inflate import BlockCache, Deflated


class Counting:
    """A source that remembers how much was read from it."""

    def __init__(self, data: bytes) -> None:
        self._inner, self.read_bytes = Memory(data), 0

    @property
    def size(self) -> int:
        return self._inner.size

    def read(self, offset: int, length: int) -> bytes:
        self.read_bytes += length
        return self._inner.read(offset, length)


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inflate, "BLOCK", 1000)


def deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def opened(data: bytes, cache: BlockCache | None = None) -> Deflated:
    return Deflated(Memory(deflate(data)), size=len(data), crc=zlib.crc32(data), cache=cache)


def noise(length: int) -> bytes:
    """Return bytes that do not compress, the same each time."""
    return hashlib.shake_128(b"noise").digest(length)


CONTENT = noise(20_000) + b"\0" * 30_000 + b"abc" * 3_333


@given(st.lists(st.tuples(st.integers(0, len(CONTENT)), st.integers(0, 7_000)), min_size=1, max_size=12))
def test_reading_anywhere_in_any_order_gives_the_inflated_bytes(places: list[tuple[int, int]]) -> None:
    source = opened(CONTENT, BlockCache(2))
    for offset, wanted in places:
        length = min(wanted, len(CONTENT) - offset)
        assert source.read(offset, length) == CONTENT[offset : offset + length]


def test_going_back_costs_a_stride_and_not_the_whole_stream() -> None:
    data = noise(400_000)
    packed = Counting(deflate(data))
    source = Deflated(packed, size=len(data), crc=zlib.crc32(data), cache=BlockCache(1))
    assert source.read(len(data) - 10, 10) == data[-10:]
    once = packed.read_bytes
    assert once == packed.size
    assert source.read(200_500, 10) == data[200_500:200_510]
    assert packed.read_bytes - once <= inflate.STRIDE * 1000 + 2 * (1 << 16)


def test_nothing_behind_what_is_wanted_is_inflated() -> None:
    data = noise(900_000)
    packed = Counting(deflate(data))
    Deflated(packed, size=len(data), crc=zlib.crc32(data)).read(0, 100)
    assert packed.read_bytes <= 1 << 16


def test_an_empty_member_and_an_empty_range() -> None:
    assert opened(b"").read(0, 0) == b""
    assert opened(b"abc").read(1, 0) == b""


def test_outside_of_the_member_is_malformed() -> None:
    with pytest.raises(MalformedImage):
        opened(b"abc").read(1, 3)


def test_a_checksum_that_does_not_match_is_malformed_when_the_end_is_reached() -> None:
    source = Deflated(Memory(deflate(CONTENT)), size=len(CONTENT), crc=1)
    assert source.read(0, 10) == CONTENT[:10]
    with pytest.raises(MalformedImage, match="checksum"):
        source.read(len(CONTENT) - 10, 10)


@pytest.mark.parametrize("promised", [len(CONTENT) + 1, len(CONTENT) * 1000])
def test_a_member_shorter_than_promised_is_malformed(promised: int) -> None:
    source = Deflated(Memory(deflate(CONTENT)), size=promised, crc=0)
    with pytest.raises(MalformedImage, match="ends too early"):
        source.read(promised - 1, 1)


@given(st.binary(max_size=300), st.integers(0, 5000))
def test_any_bytes_are_inflated_or_malformed(packed: bytes, size: int) -> None:
    source = Deflated(Memory(packed), size=size, crc=0)
    assert outcome(lambda: source.read(0, size))


def test_two_members_share_a_cache_without_mixing_their_blocks() -> None:
    cache = BlockCache(10)
    one, two = opened(b"1" * 5000, cache), opened(b"2" * 5000, cache)
    assert (one.read(0, 5000), two.read(0, 5000)) == (b"1" * 5000, b"2" * 5000)
    assert (one.read(10, 5), two.read(10, 5)) == (b"11111", b"22222")


def test_the_cache_drops_what_was_not_used_for_longest() -> None:
    cache = BlockCache(2)
    cache.put(1, 0, b"a")
    cache.put(1, 1, b"b")
    assert cache.get(1, 0) == b"a"
    cache.put(1, 2, b"c")
    assert cache.get(1, 1) is None
    assert (cache.get(1, 0), cache.get(1, 2)) == (b"a", b"c")


@given(st.lists(st.tuples(st.integers(0, len(CONTENT)), st.integers(0, 7_000)), max_size=5))
def test_the_hash_of_the_file_is_taken_on_the_way_whatever_was_read(places: list[tuple[int, int]]) -> None:
    source = Deflated(Memory(deflate(CONTENT)), size=len(CONTENT), crc=zlib.crc32(CONTENT), hashing=True)
    for offset, wanted in places:
        source.read(offset, min(wanted, len(CONTENT) - offset))
    assert source.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert opened(CONTENT).sha256 is None


def test_a_damaged_file_has_no_hash() -> None:
    source = Deflated(Memory(deflate(CONTENT)), size=len(CONTENT), crc=7, hashing=True)
    with pytest.raises(MalformedImage):
        _ = source.sha256


def test_a_table_that_is_read_again_from_front_to_back_is_inflated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    inflated, take = list[int](), inflate._Stream.take

    def counted(stream: inflate._Stream, length: int) -> bytes:
        inflated.append(length)
        return take(stream, length)

    source = opened(CONTENT, BlockCache(1))
    source.read(len(CONTENT) - 1, 1)
    monkeypatch.setattr(inflate._Stream, "take", counted)
    assert b"".join(source.read(at, 500) for at in range(0, 20_000, 500)) == CONTENT[:20_000]
    assert sum(inflated) == 20_000
