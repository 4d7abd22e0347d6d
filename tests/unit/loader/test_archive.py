from __future__ import annotations

import io
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.outcome import outcome
from support.wheels import wheel_bytes
from tfsetup.loader.bytes import MalformedImage, Memory
from tfsetup.loader.files.archive import read_archive

FILES = {"a/b.so": b"\x7fELF" * 5000, "a/": b"", "c.txt": b"hello", "empty": b"", "größe.py": b"x"}
GOOD = wheel_bytes(FILES)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_are_listed_and_read(method: int) -> None:
    archive = read_archive(Memory(wheel_bytes(FILES, method=method)))
    assert set(archive.members) == {"a/b.so", "c.txt", "empty", "größe.py"}
    for name, member in archive.members.items():
        source = archive.open(name)
        assert source.size == member.size
        assert source.read(0, source.size) == FILES[name]


def test_the_last_of_two_members_with_one_name_wins() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("x", b"first")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("x", b"second")
    assert read_archive(Memory(out.getvalue())).open("x").read(0, 6) == b"second"


def test_a_comment_behind_the_end_record_is_skipped() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("x", b"1")
        archive.comment = b"a comment " * 1000
    assert set(read_archive(Memory(out.getvalue())).members) == {"x"}


def test_zip64_sizes_and_offsets_are_read_from_their_extra_field() -> None:
    content, name = b"content", b"big.so"
    local = struct.pack("<4s5H3L2H", b"PK\3\4", 45, 0, 0, 0, 0, 0, 0xFFFFFFFF, 0xFFFFFFFF, len(name), 20)
    local += name + struct.pack("<2H2Q", 1, 16, len(content), len(content))
    extra = struct.pack("<2H3Q", 1, 24, len(content), len(content), 0)
    fields = (b"PK\1\2", 45, 45, 0, 0, 0, 0, 0, 0xFFFFFFFF, 0xFFFFFFFF, len(name), len(extra), 0, 0, 0, 0, 0xFFFFFFFF)
    central = struct.pack("<4s6H3L5H2L", *fields) + name + extra
    at = len(local) + len(content)
    end64 = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, len(central), at)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, at + len(central), 1)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    archive = read_archive(Memory(local + content + central + end64 + locator + end))
    assert archive.members["big.so"].size == len(content)
    assert archive.open("big.so").read(0, len(content)) == content


@pytest.mark.parametrize("data", [b"", b"PK", b"<html>Not Found</html>" * 100, GOOD[:-30]])
def test_what_is_no_zip_file_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedImage):
        read_archive(Memory(data))


def test_a_compression_wheels_do_not_use_is_malformed() -> None:
    archive = read_archive(Memory(wheel_bytes({"x": b"1" * 1000}, method=zipfile.ZIP_BZIP2)))
    with pytest.raises(MalformedImage, match="method 12"):
        archive.open("x")


def test_a_damaged_local_header_is_malformed() -> None:
    data = bytearray(wheel_bytes({"x": b"1" * 1000}))
    data[0:4] = b"QQQQ"
    with pytest.raises(MalformedImage, match="header in the archive"):
        read_archive(Memory(bytes(data))).open("x")


def test_who_expects_ranges_is_told_before_a_member_is_read() -> None:
    from dataclasses import replace

    told: list[tuple[int, int]] = []
    archive = replace(read_archive(Memory(GOOD)), expect=lambda offset, length: told.append((offset, length)))
    archive.open("c.txt")
    member = archive.members["c.txt"]
    assert [offset for offset, _ in told] == [member.header]
    assert told[0][1] >= 30 + len("c.txt") + member.compressed


@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), max_size=6), st.integers(0, len(GOOD)))
def test_a_damaged_archive_gives_members_or_is_malformed(changes: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(GOOD)
    for at, value in changes:
        data[at] = value
    part = bytes(data[cut:] if cut < len(GOOD) // 2 else data)
    assert outcome(lambda: read_all(part))


def read_all(data: bytes) -> None:
    archive = read_archive(Memory(data))
    for name in archive.members:
        source = archive.open(name)
        source.read(0, min(source.size, 100_000))
