"""What is kept of a wheel comes back as it was, or not at all; a search in it answers as a search in the file does."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tfsetup.loader.bytes import MalformedImage, Memory
from tfsetup.loader.digest import wheel as module
from tfsetup.loader.digest.sparse import DamagedCopy
from tfsetup.loader.digest.wheel import Native, WheelDigest, decode, encode, names_in, searched
from tfsetup.loader.files.archive import Member

NUMBER = st.integers(0, 2**40)
TEXT = st.text(min_size=1, max_size=20)
MEMBERS = st.builds(
    Member, name=TEXT, method=st.sampled_from([0, 8, 14]), crc=NUMBER, compressed=NUMBER, size=NUMBER, header=NUMBER
)
DOTTED = st.text("ab._1", min_size=1, max_size=9).map(str.encode)
NATIVES = st.builds(
    Native, sha256=st.text("0123456789abcdef", min_size=64, max_size=64), names=st.none() | st.frozensets(DOTTED)
)
DIGESTS = st.builds(
    WheelDigest,
    sha256=TEXT,
    members=st.lists(MEMBERS, max_size=5).map(lambda found: {one.name: one for one in found}),
    twice=st.lists(TEXT, max_size=2).map(tuple),
    texts=st.dictionaries(TEXT, st.binary(max_size=50), max_size=4),
    natives=st.dictionaries(TEXT, NATIVES, max_size=4),
)
ONE = WheelDigest(
    sha256="6" * 64,
    members={"p/a.so": Member(name="p/a.so", method=8, crc=7, compressed=5, size=9, header=0)},
    texts={"p/__init__.py": b"from p import a\n" * 20, "p/empty.py": b""},
    natives={"p/a.so": Native(sha256="7" * 64, names=frozenset({b"p.b.c"}))},
)
KEPT = encode(ONE)


@given(DIGESTS)
def test_what_was_kept_comes_back(digest: WheelDigest) -> None:
    assert decode(encode(digest)) == digest


@given(DIGESTS)
def test_one_digest_is_the_same_bytes_always(digest: WheelDigest) -> None:
    turned = WheelDigest(
        sha256=digest.sha256,
        members=digest.members,
        twice=digest.twice,
        texts=dict(reversed(list(digest.texts.items()))),
        natives=dict(reversed(list(digest.natives.items()))),
    )
    assert encode(turned) == encode(digest)


@given(at=st.integers(0, len(KEPT) - 1), bit=st.integers(0, 7))
def test_one_changed_bit_is_never_a_digest(at: int, bit: int) -> None:
    damaged = bytearray(KEPT)
    damaged[at] ^= 1 << bit
    with pytest.raises(DamagedCopy):
        decode(bytes(damaged))


@given(st.integers(0, len(KEPT) - 1))
def test_a_digest_that_was_cut_off_is_none(length: int) -> None:
    with pytest.raises(DamagedCopy):
        decode(KEPT[:length])


@given(st.binary(max_size=200))
def test_any_bytes_are_no_digest(data: bytes) -> None:
    with pytest.raises(DamagedCopy):
        decode(data)


def test_a_digest_of_other_readers_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "READER", 99)
    with pytest.raises(DamagedCopy):
        decode(KEPT)


PIECES = st.lists(
    st.sampled_from([b"pkg.", b"pkg", b".", b"a", b"_b1", b"\0", b" ", b"x", b"pkg.a._b1", b"\xff"]), max_size=30
).map(b"".join)


@given(data=PIECES, wanted=st.text("pkga._b1x", min_size=1, max_size=8).map(lambda text: b"pkg." + text.encode()))
@example(data=b"xpkg.pkg.a", wanted=b"pkg.a")
@example(data=b"pkg.ab", wanted=b"pkg.a")
@example(data=b"pkg.pkg.", wanted=b"pkg.pkg.")
@example(data=b"pkg.a\0b", wanted=b"pkg.ab")
def test_a_search_answers_as_one_in_the_file_does(data: bytes, wanted: bytes) -> None:
    assert searched(names_in(Memory(data), "pkg/x.so"), "pkg/x.so", wanted) == (wanted in data)


@pytest.mark.parametrize("wanted", [b"other.a", b"pkg", b"pkg.a b", b"pkg.\xc3\xa4", b""])
def test_what_the_names_do_not_tell_is_not_answered(wanted: bytes) -> None:
    assert searched(frozenset({b"pkg.a"}), "pkg/x.so", wanted) is None


@pytest.mark.parametrize("member", ["x.so", "1pkg/x.so", "p-kg/x.so", "p.kg/x.so", "pk\u00e4/x.so"])
def test_a_file_outside_of_a_package_is_not_searched(member: str) -> None:
    assert names_in(Memory(b"pkg.a"), member) is None
    assert searched(frozenset({b"pkg.a"}), member, b"pkg.a") is None


def test_a_file_that_nobody_would_search_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_SEARCHED", 4)
    assert names_in(Memory(b"pkg.a"), "pkg/x.so") is None
    assert names_in(Memory(b"pkg."), "pkg/x.so") == frozenset({b"pkg."})


def test_a_file_that_cannot_be_read_has_no_names() -> None:
    class Damaged(Memory):
        def read(self, offset: int, length: int) -> bytes:  # noqa: ARG002 - the signature of a source
            raise MalformedImage("its compressed data ends too early")

    assert names_in(Damaged(b"pkg.a"), "pkg/x.so") is None
