from __future__ import annotations

from struct import Struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.macho import uleb as write_uleb
from tfsetup.errors import Code
from tfsetup.loader import bytes as readings
from tfsetup.loader.bytes import MalformedImage, Memory, Slice

DATA = bytes(range(200))


def test_memory_gives_exactly_what_was_asked_for() -> None:
    assert Memory(DATA).read(10, 5) == DATA[10:15]
    assert Memory(DATA).read(200, 0) == b""
    assert Memory(DATA).size == 200


@pytest.mark.parametrize(("offset", "length"), [(-1, 1), (0, -1), (0, 201), (199, 2), (1 << 70, 1)])
def test_nothing_outside_of_the_file_is_read(offset: int, length: int) -> None:
    with pytest.raises(MalformedImage) as caught:
        Memory(DATA).read(offset, length)
    assert caught.value.offset == offset


def test_a_slice_is_a_file_of_its_own() -> None:
    part = Slice(Memory(DATA), 50, 20)
    assert part.size == 20
    assert part.read(0, 20) == DATA[50:70]
    with pytest.raises(MalformedImage):
        part.read(0, 21)
    with pytest.raises(MalformedImage):
        Slice(Memory(DATA), 190, 20)


def test_a_malformed_image_that_escapes_is_an_invalid_file_and_no_bug() -> None:
    error = MalformedImage("the header is odd", offset=7)
    assert error.code is Code.INVALID_FILE
    assert error.reason == "the header is odd"
    assert str(error) == "the header is odd (at offset 7)"


def test_structs_are_read_within_bounds() -> None:
    form = Struct("<I")
    assert readings.unpack(Memory(b"\1\0\0\0"), form, 0) == (1,)
    assert readings.unpack_from(b"\0\2\0\0\0", form, 1) == (2,)
    with pytest.raises(MalformedImage):
        readings.unpack_from(b"\0\2\0\0", form, 1)
    with pytest.raises(MalformedImage):
        readings.unpack_from(b"\0\2\0\0", form, -1)


@given(st.integers(0, (1 << 64) - 1), st.binary(max_size=4))
def test_uleb_reads_what_was_written(value: int, before: bytes) -> None:
    raw = write_uleb(value)
    assert readings.uleb(before + raw + b"rest", len(before)) == (value, len(before) + len(raw))


@pytest.mark.parametrize("raw", [b"", b"\x80", b"\x80" * 10, b"\xff" * 9 + b"\x7f", b"\x80" * 20 + b"\1"])
def test_uleb_refuses_numbers_without_end_and_wider_than_64_bits(raw: bytes) -> None:
    with pytest.raises(MalformedImage):
        readings.uleb(raw, 0)


@pytest.mark.parametrize(
    ("raw", "value"), [(b"\x02", 2), (b"\x7e", -2), (b"\xff\x00", 127), (b"\x81\x7f", -127), (b"\x80\x7f", -128)]
)
def test_sleb_examples_of_the_dwarf_standard(raw: bytes, value: int) -> None:
    assert readings.sleb(raw, 0) == (value, len(raw))


@given(st.binary(max_size=12), st.integers(-2, 14))
def test_numbers_in_any_bytes_are_read_or_refused(data: bytes, at: int) -> None:
    for read in (readings.uleb, readings.sleb):
        try:
            _, behind = read(data, at)
        except MalformedImage:
            continue
        assert at < behind <= len(data)


def test_strings_end_at_their_nul() -> None:
    assert readings.cstring(b"ab\0cd\0", 3) == b"cd"
    assert readings.cstring(b"\0", 0) == b""


@pytest.mark.parametrize(("data", "at"), [(b"ab", 0), (b"ab\0", 3), (b"ab\0", -1), (b"", 0)])
def test_strings_without_end_or_start_are_refused(data: bytes, at: int) -> None:
    with pytest.raises(MalformedImage):
        readings.cstring(data, at)
    with pytest.raises(MalformedImage):
        readings.source_cstring(Memory(data), at)


def test_a_string_longer_than_its_limit_is_refused() -> None:
    assert readings.cstring(b"aaa\0", 0, limit=3) == b"aaa"
    with pytest.raises(MalformedImage):
        readings.cstring(b"aaaa\0", 0, limit=3)
    with pytest.raises(MalformedImage):
        readings.source_cstring(Memory(b"a" * 100_000 + b"\0"), 0)


@given(st.binary(max_size=2000).filter(lambda raw: 0 not in raw), st.integers(0, 50))
def test_strings_are_read_the_same_from_memory_and_from_a_source(text: bytes, before: int) -> None:
    data = b"x" * before + text + b"\0tail"
    assert readings.cstring(data, before) == text
    assert readings.source_cstring(Memory(data), before) == text


def test_names_that_are_not_utf_8_stay_visible() -> None:
    assert readings.text("_größe".encode()) == "_größe"
    assert readings.text(b"_\xff") == "_\\xff"


@given(st.integers(0, 5_000), st.integers(0, 700))
def test_a_string_is_read_no_further_than_a_step_behind_its_end(length: int, before: int) -> None:
    class Listening(Memory):
        furthest = 0

        def read(self, offset: int, length: int) -> bytes:
            self.furthest = max(self.furthest, offset + length)
            return super().read(offset, length)

    data = Listening(b"x" * before + b"a" * length + b"\0" + bytes(20_000))
    assert readings.source_cstring(data, before) == b"a" * length
    assert data.furthest <= before + length + readings.STEP
