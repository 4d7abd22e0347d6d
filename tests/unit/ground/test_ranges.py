"""What answers to range requests may say: everything else is refused in words, nothing is believed."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.ground.ranges import LARGEST, Part, Span, length_of, part_of, unpacked

TAIL = Span(first=None, last=100)
MIDDLE = Span(first=10, last=19)


def said(content_range: str, **more: str) -> dict[str, str]:
    return {"Content-Range": content_range, **{name.replace("_", "-"): value for name, value in more.items()}}


def test_what_is_asked_for() -> None:
    assert (TAIL.header, TAIL.length) == ("bytes=-100", 100)
    assert (MIDDLE.header, MIDDLE.length) == ("bytes=10-19", 10)


@pytest.mark.parametrize(
    ("span", "content_range", "known", "part"),
    [
        (TAIL, "bytes 900-999/1000", None, Part(first=900, length=100, total=1000)),
        (TAIL, "bytes 0-49/50", None, Part(first=0, length=50, total=50)),
        (MIDDLE, "bytes 10-19/1000", 1000, Part(first=10, length=10, total=1000)),
        (MIDDLE, "bytes 10-14/15", 15, Part(first=10, length=5, total=15)),
    ],
)
def test_a_part_that_was_asked_for(span: Span, content_range: str, known: int | None, part: Part) -> None:
    assert part_of(206, said(content_range), span, known) == part


@pytest.mark.parametrize(
    ("content_range", "words"),
    [
        ("", "Content-Range that is none"),
        ("bytes */1000", "Content-Range that is none"),
        ("bytes 10-19/*", "Content-Range that is none"),
        ("bytes 10-19", "Content-Range that is none"),
        ("bytes -10-19/1000", "Content-Range that is none"),
        ("bytes 10--19/1000", "Content-Range that is none"),
        ("bytes 1e1-19/1000", "Content-Range that is none"),
        ("bytes ten-19/1000", "Content-Range that is none"),
        ("bytes ١٠-19/1000", "Content-Range that is none"),  # noqa: RUF001 - digits, but not of HTTP
        ("items 10-19/1000", "Content-Range that is none"),
        ("bytes 10-19/9999999999999999999", "claims a file of"),
        ("bytes 19-10/1000", "contradicts itself"),
        ("bytes 10-19/15", "contradicts itself"),
        ("bytes 10-19/0", "contradicts itself"),
        ("bytes 0-9/1000", "another part"),
        ("bytes 11-19/1000", "another part"),
        ("bytes 10-18/1000", "another part"),
        ("bytes 10-20/1000", "another part"),
        ("bytes 0-999/1000", "another part"),
        (f"bytes 10-19/{2**62}", "claims a file of"),
        (f"bytes 10-19/{LARGEST + 1}", "claims a file of"),
    ],
)
def test_a_part_that_lies(content_range: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        part_of(206, said(content_range), MIDDLE, None)


def test_a_part_without_a_place() -> None:
    with pytest.raises(ValueError, match="does not say which part"):
        part_of(206, {}, MIDDLE, None)


@pytest.mark.parametrize("content_range", ["bytes 800-899/1000", "bytes 0-999/1000", "bytes 901-999/1000"])
def test_another_end_than_the_one_asked_for(content_range: str) -> None:
    with pytest.raises(ValueError, match="another part"):
        part_of(206, said(content_range), TAIL, None)


@pytest.mark.parametrize("status", [200, 206])
def test_a_total_that_changes(status: int) -> None:
    headers = said("bytes 10-19/2000") if status == 206 else {"Content-Length": "2000"}
    with pytest.raises(ValueError, match="has 2,000 bytes, and an earlier one said 1,000"):
        part_of(status, headers, MIDDLE, 1000)


@pytest.mark.parametrize("status", [200, 206])
@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd", "deflate", "GZIP"])
def test_packed_bytes_have_other_places(status: int, encoding: str) -> None:
    with pytest.raises(ValueError, match="is packed"):
        part_of(status, said("bytes 10-19/1000", Content_Encoding=encoding), MIDDLE, None)
    assert part_of(206, said("bytes 10-19/1000", Content_Encoding="identity"), MIDDLE, None).first == 10


def test_a_length_of_another_part() -> None:
    with pytest.raises(ValueError, match="Content-Length of 5 for a part of 10"):
        part_of(206, said("bytes 10-19/1000", Content_Length="5"), MIDDLE, None)


def test_the_whole_file_where_ranges_are_not_known() -> None:
    assert part_of(200, {"Content-Length": "50"}, TAIL, None) == Part(first=0, length=50, total=50)
    assert part_of(200, {}, TAIL, None) == Part(first=0, length=None, total=None)
    assert part_of(200, {}, TAIL, 50) == Part(first=0, length=50, total=50)
    with pytest.raises(ValueError, match="claims a file of"):
        part_of(200, {"Content-Length": str(2**40)}, TAIL, None)


@given(st.text(max_size=60), st.one_of(st.none(), st.integers(0, 10**6)), st.booleans())
def test_any_content_range_is_the_part_asked_for_or_an_error_in_words(
    text: str, known: int | None, suffix: bool
) -> None:
    span = TAIL if suffix else MIDDLE
    try:
        part = part_of(206, said(text), span, known)
    except ValueError:
        return
    assert part.length is not None
    assert part.length <= span.length


@given(
    first=st.integers(0, 2**63),
    last=st.integers(0, 2**63),
    total=st.integers(0, 2**63),
    known=st.one_of(st.none(), st.integers(0, 5000)),
)
def test_what_is_believed_lies_inside_the_file(first: int, last: int, total: int, known: int | None) -> None:
    try:
        part = part_of(206, said(f"bytes {first}-{last}/{total}"), MIDDLE, known)
    except ValueError:
        return
    assert part.length is not None
    assert part.total is not None
    assert part.first + part.length <= part.total <= LARGEST
    assert part.first == MIDDLE.first
    assert known in (None, part.total)


@pytest.mark.parametrize(
    ("stated", "length"), [("12", 12), (" 12 ", 12), ("-1", None), ("", None), ("1_0", None), ("²", None)]
)
def test_a_length_is_digits(stated: str, length: int | None) -> None:
    assert length_of({"Content-Length": stated}) == length


@given(st.binary(max_size=5000), st.integers(1, 700))
def test_what_was_packed_comes_out_in_whatever_pieces_it_came(body: bytes, size: int) -> None:
    packed = gzip.compress(body)
    pieces = [packed[at : at + size] for at in range(0, len(packed), size)]
    assert b"".join(unpacked(pieces, "gzip", 5000)) == body
    assert b"".join(unpacked([body], "", 5000)) == body


def test_a_few_bytes_that_stand_for_many_are_stopped() -> None:
    taken = 0
    with pytest.raises(ValueError, match="larger than 1,000,000 bytes"):  # noqa: PT012 - counts on the way
        for piece in unpacked([gzip.compress(bytes(200_000_000))], "gzip", 1_000_000):
            taken += len(piece)
    assert taken <= 1_000_000


@pytest.mark.parametrize(
    ("body", "encoding", "words"),
    [
        (b"x", "br", "nobody asked for"),
        (b"\x1f\x8bno", "gzip", "damaged"),
        (gzip.compress(b"x" * 500, mtime=0)[:-4], "gzip", "ends in the middle"),
        (zlib.compress(b"x"), "gzip", "damaged"),
    ],
    ids=["unknown", "damaged", "cut", "other"],
)
def test_packed_in_a_way_that_cannot_be_undone(body: bytes, encoding: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        list(unpacked([body], encoding, 1000))
