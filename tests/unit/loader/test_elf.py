"""The ELF reader on small files of both classes and byte orders."""

from __future__ import annotations

import struct

import pytest

from support.elf_build import Define, Import, Library, build_elf
from support.elf_damage import put, retag
from tfsetup.loader.bytes import MalformedImage, Memory
from tfsetup.loader.elf.image import PAGE, PT_DYNAMIC, PT_LOAD, PT_TLS, Elf, Mapped, Tag, read_header

KINDS = [(64, "<", 62), (64, "<", 183), (32, "<", 3), (32, ">", 40), (64, ">", 62)]


def elf_of(library: Library) -> Elf:
    return Elf(Memory(build_elf(library)))


@pytest.mark.parametrize(("bits", "order", "machine"), KINDS)
def test_header_and_names(bits: int, order: str, machine: int) -> None:
    elf = elf_of(
        Library(
            soname="libp.so.1",
            needed=["liba.so.1", "libb.so.2"],
            runpath="$ORIGIN/../lib",
            rpath="/old",
            flags=8,
            flags_1=1,
            bits=bits,
            order=order,
            machine=machine,
        )
    )
    assert (elf.header.bits, elf.header.order, elf.header.machine, elf.header.type) == (bits, order, machine, 3)
    assert (elf.soname, elf.needed, elf.runpath) == ("libp.so.1", ("liba.so.1", "libb.so.2"), "$ORIGIN/../lib")
    assert elf.rpath is None
    assert (elf.flags, elf.flags_1, elf.binds_now, elf.symbolic) == (8, 1, True, False)


def test_rpath_counts_without_runpath() -> None:
    elf = elf_of(Library(rpath="/old"))
    assert (elf.rpath, elf.runpath) == ("/old", None)


def test_an_empty_library() -> None:
    elf = elf_of(Library())
    assert (elf.soname, elf.needed, elf.flags, elf.binds_now) == (None, (), 0, False)


@pytest.mark.parametrize(("tag", "flags", "flags_1"), [(Tag.BIND_NOW, 0, 0), (None, 8, 0), (None, 0, 1)])
def test_three_ways_to_say_bind_now(tag: int | None, flags: int, flags_1: int) -> None:
    tags = [] if tag is None else [(int(tag), 0)]
    assert elf_of(Library(flags=flags, flags_1=flags_1, tags=tags)).binds_now


@pytest.mark.parametrize(("tag", "flags"), [(Tag.SYMBOLIC, 0), (None, 2)])
def test_two_ways_to_say_symbolic(tag: int | None, flags: int) -> None:
    assert elf_of(Library(flags=flags, tags=[] if tag is None else [(int(tag), 0)])).symbolic


def test_the_last_of_two_equal_tags_counts() -> None:
    elf = elf_of(Library(flags_1=1, tags=[(int(Tag.FLAGS_1), 0x40)]))
    assert elf.flags_1 == 0x40


def test_segments() -> None:
    elf = elf_of(Library(tls=100))
    tls = elf.segment(PT_TLS)
    assert tls is not None
    assert (tls.memsz, tls.filesz) == (100, 0)
    assert [segment.type for segment in elf.segments] == [PT_LOAD, PT_DYNAMIC, 0x6474E551, PT_TLS]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "16 bytes wanted"),
        (b"MZ" + bytes(100), "not an ELF file"),
        (b"\x7fELF" + bytes(100), "class or byte order"),
        (b"\x7fELF\x02\x01\x01" + bytes(20), "bytes wanted at offset 16"),
    ],
)
def test_what_is_no_elf_file(data: bytes, words: str) -> None:
    with pytest.raises(MalformedImage, match=words):
        read_header(Memory(data))


def test_program_headers_outside_of_the_file() -> None:
    data = put(32, "<Q", 1 << 60)(build_elf(Library()))
    with pytest.raises(MalformedImage, match="bytes wanted"):
        Elf(Memory(data))


def test_program_headers_of_another_size() -> None:
    data = put(54, "<H", 32)(build_elf(Library()))
    with pytest.raises(MalformedImage, match="program headers of 32 bytes instead of 56"):
        Elf(Memory(data))


def test_a_dynamic_section_without_end() -> None:
    data = build_elf(Library())
    elf = Elf(Memory(data))
    segment = elf.segment(PT_DYNAMIC)
    assert segment is not None
    endless = data[: segment.offset] + struct.pack("<qQ", 1, 1) * 5000
    grown = put(64 + 32, "<QQ", len(endless), len(endless))(endless)
    with pytest.raises(MalformedImage, match="the dynamic section has no end"):
        _ = Elf(Memory(grown)).dynamic


def test_an_address_in_no_segment() -> None:
    with pytest.raises(MalformedImage, match="address 0xffffffff is in no segment"):
        elf_of(Library()).offset_of(0xFFFFFFFF)


def test_strings_without_a_table() -> None:
    data = retag(build_elf(Library(soname="x")), Tag.STRTAB, 0x6FFFFF00)
    with pytest.raises(MalformedImage, match="no string table"):
        _ = Elf(Memory(data)).soname


def test_a_mapped_file_ends_in_zeros() -> None:
    mapped = Mapped(Memory(b"abc"))
    assert mapped.size == PAGE
    assert mapped.read(0, 5) == b"abc\0\0"
    assert mapped.read(10, 2) == b"\0\0"
    with pytest.raises(MalformedImage):
        mapped.read(PAGE - 1, 2)
    with pytest.raises(MalformedImage):
        mapped.read(-1, 2)


def test_names_that_are_not_text_stay_readable() -> None:
    data = build_elf(Library(soname="ab")).replace(b"ab\0", b"\xff\xfe\0")
    assert Elf(Memory(data)).soname == "\\xff\\xfe"


def test_a_library_name_beyond_belief() -> None:
    with pytest.raises(MalformedImage, match="a string has no end"):
        _ = elf_of(Library(needed=["x" * 5000])).needed


def test_versions_of_both_kinds() -> None:
    imports = [
        Import(name="f", version=("liba.so", "A_1")),
        Import(name="g", version=("libb.so", "B_1")),
        Import(name="h", version=("liba.so", "A_2")),
    ]
    library = Library(soname="p", versions=["p", "P_1"], defines=[Define(name="d", version="P_1")], imports=imports)
    from tfsetup.loader.elf.symbols import Symbols

    versions = Symbols(elf_of(library)).versions
    assert [(need.file, [v.name for v in need.versions]) for need in versions.needs] == [
        ("liba.so", ["A_1", "A_2"]),
        ("libb.so", ["B_1"]),
    ]
    assert versions.definitions is not None
    assert [(d.version.name, d.base) for d in versions.definitions] == [("p", True), ("P_1", False)]
    assert versions.by_index is not None
    assert sorted(version.name for version in versions.by_index.values()) == ["A_1", "A_2", "B_1", "P_1"]
