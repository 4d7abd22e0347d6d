from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.upkeep.index.ranged import RangedFile, metadata_of

METADATA = "Metadata-Version: 2.1\nName: thing\nRequires-Dist: numpy<2\n"


class Server:
    """Bytes that are served by range, and a record of what was asked."""

    def __init__(self, body: bytes, *, ranges: bool = True) -> None:
        self.body = body
        self.ranges = ranges
        self.asked: list[tuple[int | None, int]] = []

    def __call__(self, start: int | None, end: int) -> tuple[bytes, int, int]:
        self.asked.append((start, end))
        if not self.ranges:
            return self.body, 0, len(self.body)
        begin = max(0, len(self.body) - end) if start is None else start
        return self.body[begin : None if start is None else end], begin, len(self.body)


def wheel(*, code: int = 0, entry: str = "thing-1.0.dist-info/METADATA", text: str = METADATA) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("thing/code.so", b"\0" * code)
        archive.writestr(entry, text)
    return buffer.getvalue()


def test_metadata_of_a_large_wheel_without_reading_the_large_part() -> None:
    server = Server(wheel(code=3_000_000))
    assert metadata_of(RangedFile(server), "thing.whl") == METADATA
    read = sum(min(end, 3_000_000) if start is None else end - start for start, end in server.asked)
    assert read < 200_000


def test_a_server_without_ranges_sends_the_whole_file_once() -> None:
    server = Server(wheel(code=500_000), ranges=False)
    assert metadata_of(RangedFile(server), "thing.whl") == METADATA
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("body", "error", "words"),
    [
        (b"no archive at all" * 10, ValueError, "not a zip file"),
        (b"", ValueError, "not a zip file"),
        (wheel(entry="thing/METADATA"), KeyError, "has no METADATA"),
        (wheel(text="x" * 5_000_000), ValueError, "claims 5,000,000 bytes"),
        (wheel()[:-30], ValueError, "not a zip file"),
    ],
)
def test_what_is_no_wheel(body: bytes, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        metadata_of(RangedFile(Server(body)), "thing.whl")


@given(st.binary(max_size=400), st.lists(st.tuples(st.integers(0, 500), st.integers(-1, 500)), max_size=8))
def test_it_reads_like_a_file(body: bytes, steps: list[tuple[int, int]]) -> None:
    ours, real = RangedFile(Server(body)), io.BytesIO(body)
    for place, size in steps:
        assert ours.seek(place) == real.seek(place)
        assert ours.read(size) == real.read(size)
        assert min(ours.tell(), len(body)) == min(real.tell(), len(body))
    assert ours.seek(0, io.SEEK_END) == len(body)
    assert ours.readable()
    assert ours.seekable()


def test_a_file_that_becomes_another_one_is_not_read_on() -> None:
    server = Server(wheel(code=3_000_000))
    file = RangedFile(server)
    assert file.read(10) == server.body[:10]
    server.body += b"more"
    file.seek(1_000_000)
    with pytest.raises(ValueError, match=r"it had .* bytes at first, and then"):
        file.read(10)
