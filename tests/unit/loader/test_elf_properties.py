"""The level of x86-64 in an ELF file's notes: what glibc 2.36 was seen to believe, and what it passes over."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.elf_build import Library, build_elf
from tfsetup.loader.bytes import MalformedImage, Memory
from tfsetup.loader.elf.image import Elf
from tfsetup.loader.elf.properties import x86_level_needed

NOTE_SEGMENT = 64 + 4 * 56


def level(data: bytes) -> int:
    return x86_level_needed(Elf(Memory(data)))


@pytest.mark.parametrize(
    ("marks", "needed"), [(1, 1), (3, 2), (4, 3), (7, 3), (8, 4), (15, 4), (16, 5), (17, 5), (1 << 31, 5)]
)
def test_the_highest_mark_counts(marks: int, needed: int) -> None:
    assert level(build_elf(Library(levels=marks))) == needed


def test_both_classes() -> None:
    assert level(build_elf(Library(levels=4, bits=32, machine=3))) == 3


def test_a_file_without_notes_needs_nothing() -> None:
    assert level(build_elf(Library())) == 0


def test_other_processors_have_other_properties() -> None:
    assert level(build_elf(Library(levels=8, machine=183))) == 0


def note(data: bytes | bytearray) -> int:
    """Return where the note lies."""
    return int(struct.unpack_from("<Q", data, NOTE_SEGMENT + 8)[0])


def put(form: str, offset: int, value: object, *, header: bool = False) -> Callable[[bytearray], None]:
    def edit(data: bytearray) -> None:
        struct.pack_into(form, data, offset + (NOTE_SEGMENT if header else note(data)), value)

    return edit


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(put("<Q", 48, 4, header=True), id="aligned to 4 bytes"),
        pytest.param(put("<I", 0, 0x6474E553, header=True), id="named by PT_GNU_PROPERTY alone"),
        pytest.param(put("4s", 12, b"GNX\0"), id="of another owner"),
        pytest.param(put("<I", 8, 3), id="another kind of note"),
        pytest.param(put("<I", 20, 8), id="a mark of eight bytes"),
        pytest.param(put("<I", 4, 12), id="a length that is no multiple of eight"),
        pytest.param(put("<I", 16, 0xC0008003), id="a property behind the one looked for"),
        pytest.param(put("<I", 24, 0), id="no marks"),
    ],
)
def test_what_is_passed_over(edit: Callable[[bytearray], None]) -> None:
    data = bytearray(build_elf(Library(levels=8)))
    edit(data)
    assert level(bytes(data)) == 0


def properties(*pairs: tuple[int, int]) -> bytes:
    """Build a file whose note has these properties."""
    data = bytearray(build_elf(Library(levels=8)))
    body = b"".join(struct.pack("<IIII", kind, 4, value, 0) for kind, value in pairs)
    whole = struct.pack("<III4s", 4, len(body), 5, b"GNU\0") + body
    data += b"\0" * (-len(data) % 8)
    struct.pack_into("<QQQQQ", data, NOTE_SEGMENT + 8, len(data), len(data), len(data), len(whole), len(whole))
    return bytes(data + whole)


def test_properties_have_to_ascend() -> None:
    features, levels = (0xC0000002, 3), (0xC0008002, 8)
    assert level(properties(features, levels)) == 4
    assert level(properties(levels, features)) == 0


@given(st.data())
def test_damaged_notes_are_read_or_refused(data: st.DataObject) -> None:
    raw = bytearray(build_elf(Library(levels=8)))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(64, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert 0 <= level(bytes(raw)) <= 5
    except MalformedImage:
        return
