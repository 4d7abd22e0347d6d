"""Rebases and binds with their places, in the old form and the new one."""

from __future__ import annotations

import struct

import pytest

from support.tiny_macho import DATA, Tiny, build, uleb
from tfsetup.loader.bytes import MalformedImage, Memory
from tfsetup.loader.macho.binds import Import
from tfsetup.upkeep.xray.fixups import Bind, Rebase, binds, chained, rebases
from tfsetup.upkeep.xray.images import read_image

SEGMENTS = (0, 0x1000, 0x2000)


def _places(data: bytes) -> list[int]:
    return [fixup.place for fixup in rebases(data, SEGMENTS)]


def test_rebases_are_done_in_runs_and_with_gaps() -> None:
    assert _places(b"\x11\x21\x10\x53\0") == [0x1010, 0x1018, 0x1020]
    assert _places(b"\x11\x21\x10\x60" + uleb(200) + b"\0") == [0x1010 + 8 * n for n in range(200)]
    assert _places(b"\x11\x22\x00\x70\x08\x51\0") == [0x2000, 0x2010]
    assert _places(b"\x11\x22\x00\x80\x03\x18\0") == [0x2000, 0x2020, 0x2040]
    assert _places(b"\x11\x22\x00\x30\x20\x42\x51\0") == [0x2030]
    assert _places(b"\x11\x00\x21\x00\x51") == []


def test_a_rebase_in_a_segment_that_is_not_there_is_refused() -> None:
    with pytest.raises(MalformedImage, match="segment 5"):
        _places(b"\x25\x00\x51\0")
    with pytest.raises(MalformedImage, match="opcode is unknown"):
        _places(b"\x91")


def test_binds_have_place_name_and_addend() -> None:
    stream = b"\x11\x40_a\0\x51\x60\x10\x71\x08\x90\x60\x00\x40_b\0\x90\0"
    assert list(binds(stream, SEGMENTS)) == [Bind(0x1008, "_a", 16, False), Bind(0x1010, "_b", 0, False)]


def test_binds_are_done_in_runs_and_with_gaps() -> None:
    head = b"\x40_a\0\x72\x00"
    assert [one.place for one in binds(head + b"\xa0\x08\x90\0", SEGMENTS)] == [0x2000, 0x2010]
    assert [one.place for one in binds(head + b"\xb2\x90\0", SEGMENTS)] == [0x2000, 0x2018]
    assert [one.place for one in binds(head + b"\xc0\x03\x08\0", SEGMENTS)] == [0x2000, 0x2010, 0x2020]
    assert [one.place for one in binds(head + b"\x80\x08\x90\0", SEGMENTS)] == [0x2008]
    assert [one.place for one in binds(head + b"\x20\x81\x01\x90\0", SEGMENTS)] == [0x2000]


def test_a_lazy_stream_goes_on_after_each_end() -> None:
    stream = b"\x71\x00\x11\x40_a\0\x90\0\x71\x08\x11\x40_b\0\x90\0"
    assert [one.symbol for one in binds(stream, SEGMENTS, lazy=True)] == ["_a", "_b"]
    assert [one.symbol for one in binds(stream, SEGMENTS)] == ["_a"]


def test_weak_binds_say_so() -> None:
    assert next(binds(b"\x40_a\0\x71\x00\x90\0", SEGMENTS, weak=True)).weak


def _table(form: int, starts: list[int], page: int = 0x1000) -> bytes:
    head = struct.pack("<7I", 0, 28, 0, 0, 2, 1, 0)
    starts_at = struct.pack("<4I", 3, 0, 16, 0)
    segment = struct.pack("<IHHQIH", 22 + 2 * len(starts), page, form, 0x1000, 0, len(starts))
    return head + starts_at + segment + struct.pack(f"<{len(starts)}H", *starts)


def _pointer(value: int, step: int, *, bind: bool = False) -> bytes:
    return struct.pack("<Q", value | step << 51 | (1 << 63 if bind else 0))


IMPORTS = [Import("_a", 1, False, "chained"), Import("_b", -3, False, "chained")]


def _chained(form: int, content: bytes, starts: list[int]) -> list[Rebase | Bind]:
    return list(chained(_table(form, starts), IMPORTS, [b"", content, b""], SEGMENTS, 0x100))


def test_a_chain_is_followed_through_its_page() -> None:
    content = _pointer(0x40, 4) + bytes(8) + _pointer(1 | 5 << 24, 0, bind=True)
    assert _chained(6, content, [0]) == [Rebase(0x1000, 0x140), Bind(0x1010, "_b", 5, True)]
    assert _chained(2, content, [0])[0] == Rebase(0x1000, 0x40)


def test_pages_without_a_chain_are_passed_over() -> None:
    content = bytes(0x1000) + _pointer(0x40, 0)
    assert _chained(6, content, [0xFFFF, 0]) == [Rebase(0x2000, 0x140)]


def test_a_chain_out_of_its_segment_is_refused() -> None:
    with pytest.raises(MalformedImage):
        _chained(6, _pointer(0x40, 100), [0])


def test_an_import_that_is_not_there_is_refused() -> None:
    with pytest.raises(MalformedImage, match="import 7 of 2"):
        _chained(6, _pointer(7, 0, bind=True), [0])


def test_pointers_of_arm64e_are_refused() -> None:
    with pytest.raises(MalformedImage, match="form 1"):
        _chained(1, _pointer(0, 0), [0])


def test_an_image_is_read_with_its_memory_and_its_exports() -> None:
    tiny = Tiny(data=b"\x01\x02", exports={"_f": 0x1000}, binds={8: "_getenv"}, rebases=[16], initializers=[0x1000])
    image = read_image(Memory(build(tiny)), "arm64")
    assert image.exports == {"_f": 0x1000}
    assert image.imports == {"_getenv"}
    assert [(one.address, len(one.content)) for one in image.segments] == [
        (0, 0x4000),
        (DATA, 0x2000),
        (0x6000, 0x1000),
    ]
    assert image.segments[1].content[:3] == b"\x01\x02\0"
    assert {fixup.place for fixup in image.fixups} == {DATA + 8, DATA + 16, DATA + 0x800}


def test_an_image_for_another_processor_is_refused() -> None:
    with pytest.raises(MalformedImage, match="x86_64, not for arm64"):
        read_image(Memory(build(Tiny(cpu=0x01000007)).replace(b"\0\0\0\0\x06", b"\3\0\0\0\x06", 1)), "arm64")
