"""A sparse copy gives the file's bytes or says that it does not have them, and never takes damage for bytes."""

from __future__ import annotations

import hashlib
import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tfsetup.loader.bytes import MalformedImage, Memory
from tfsetup.loader.digest.extents import merged
from tfsetup.loader.digest.sparse import BLOCK, DamagedCopy, NotKept, SparseCopy, sparse_copy
from tfsetup.loader.files.inflate import BlockCache

DATA = hashlib.shake_128(b"sparse").digest(3 * BLOCK + 12_345)
KEPT = (range(4096), range(8192, 2 * BLOCK + 77), range(3 * BLOCK, len(DATA)))
ZEROS = (range(9000, 9100),)
COPY = sparse_copy(Memory(DATA), sha256="5" * 64, kept=KEPT, zeros=ZEROS, pages={0: (False, True)})


def shown(data: bytes) -> bytes:
    return data[:9000] + bytes(100) + data[9100:]


@given(offset=st.integers(0, len(DATA)), length=st.integers(0, BLOCK + 10))
@example(offset=4090, length=10)
@example(offset=4095, length=1)
@example(offset=BLOCK, length=BLOCK)
@example(offset=8192, length=2 * BLOCK + 77 - 8192)
def test_what_is_kept_is_the_file_and_the_rest_is_said_to_be_missing(offset: int, length: int) -> None:
    copy = SparseCopy(COPY, BlockCache(2))
    inside = any(one.start <= offset and offset + length <= one.stop for one in KEPT)
    if offset + length > len(DATA):
        with pytest.raises(MalformedImage):
            copy.read(offset, length)
    elif inside or not length:
        assert copy.read(offset, length) == shown(DATA)[offset : offset + length]
    else:
        with pytest.raises(NotKept):
            copy.read(offset, length)


def test_what_stands_beside_the_bytes() -> None:
    copy = SparseCopy(COPY)
    assert (copy.size, copy.sha256, copy.pages) == (len(DATA), "5" * 64, {0: (False, True)})
    assert len(COPY) < len(DATA)


@given(at=st.integers(0, len(COPY) - 1), bit=st.integers(0, 7))
def test_one_changed_bit_is_never_a_byte(at: int, bit: int) -> None:
    damaged = bytearray(COPY)
    damaged[at] ^= 1 << bit
    try:
        copy = SparseCopy(bytes(damaged))
        found = b"".join(copy.read(one.start, len(one)) for one in KEPT)
    except DamagedCopy:
        return
    assert found == b"".join(shown(DATA)[one.start : one.stop] for one in KEPT)


@pytest.mark.parametrize("length", [0, 1, 20, 30, len(COPY) // 2, len(COPY) - 1])
def test_a_copy_that_was_cut_off_is_none(length: int) -> None:
    with pytest.raises(DamagedCopy):
        SparseCopy(COPY[:length])


def test_a_copy_of_other_readers_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tfsetup.loader.digest.sparse.READER", 99)
    with pytest.raises(DamagedCopy):
        SparseCopy(COPY)


@given(st.lists(st.tuples(st.integers(0, 40_000), st.integers(0, 9_000)), max_size=8), st.integers(1, 40_000))
def test_merged_ranges_hold_all_of_the_others_and_do_not_touch(pairs: list[tuple[int, int]], size: int) -> None:
    wanted = [range(start, start + length) for start, length in pairs]
    found = merged(wanted, size)
    assert all(0 <= one.start < one.stop <= size for one in found)
    assert all(left.stop < right.start for left, right in itertools.pairwise(found))
    for one in wanted:
        for at in {one.start, one.stop - 1} if one else ():
            assert at >= size or any(at in each for each in found)
