from __future__ import annotations

import struct
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.macho import BUNDLE, Offered, Plan, Wanted, build, fat, packed
from support.outcome import outcome
from tfsetup.loader.bytes import MalformedImage, Memory
from tfsetup.loader.macho import binds
from tfsetup.loader.macho import image as macho
from tfsetup.loader.macho.binds import Import, imports
from tfsetup.loader.macho.exports import ExportTable
from tfsetup.loader.macho.image import Dylib, read_macho, slices
from tfsetup.loader.macho.signature import read_code_directory

PLAN = Plan(
    install_name="@rpath/a.dylib",
    dylibs=[
        ("/usr/lib/libSystem.B.dylib", "normal"),
        ("@rpath/w.dylib", "weak"),
        ("@rpath/r.dylib", "reexport"),
        ("@rpath/u.dylib", "upward"),
    ],
    rpaths=["@loader_path/", "/opt/y"],
    minos="12.1.3",
    sdk="15.2",
    imports=[
        Wanted(symbol="_a"),
        Wanted(symbol="_b", ordinal=-2, weak=True),
        Wanted(symbol="_c", ordinal=3, lazy=True),
    ],
    exports=[Offered(symbol="_f"), Offered(symbol="_fg"), Offered(symbol="_r", ordinal=3, alias="_q")],
)
GOOD = build(PLAN)


def test_what_the_load_commands_say_is_read() -> None:
    image = read_macho(Memory(GOOD))
    assert image.architecture == "arm64"
    assert image.file_type == macho.DYLIB
    assert image.install_name == "@rpath/a.dylib"
    assert image.dylibs == tuple(Dylib(name=name, link=link) for name, link in PLAN.dylibs)  # type: ignore[arg-type]
    assert image.rpaths == ("@loader_path/", "/opt/y")
    assert image.uuid == PLAN.uuid
    assert (image.platform, image.minos, image.sdk) == ("macOS", (12, 1, 3), (15, 2, 0))
    assert [segment.name for segment in image.segments] == ["__TEXT", "__DATA", "__LINKEDIT"]
    assert image.signature is not None


@pytest.mark.parametrize("arch", ["arm64", "arm64e", "x86_64", "x86_64h"])
def test_architectures_are_named_as_dyld_names_them(arch: str) -> None:
    assert macho.architecture(Memory(build(Plan(arch=arch)))) == arch


@pytest.mark.parametrize(
    ("cpu", "subtype", "name"),
    [
        (0x01000007, 0x80000003, "x86_64"),
        (0x0100000C, 0xC0000002, "arm64e"),
        (7, 3, "i386"),
        (0x01000012, 0, "unknown"),
        (0x0100000C, 9, "unknown"),
    ],
)
def test_capability_bits_of_the_subtype_do_not_count(cpu: int, subtype: int, name: str) -> None:
    assert macho.architecture_name(cpu, subtype) == name


def test_an_image_without_optional_commands() -> None:
    image = read_macho(Memory(build(Plan(file_type=BUNDLE, has_uuid=False, platform=None, signed=False))))
    assert (image.uuid, image.platform, image.minos, image.sdk) == (None, None, None, None)
    assert (image.install_name, image.dylibs, image.rpaths, image.signature) == (None, (), (), None)


def test_the_old_command_for_the_minimum_version_counts_too() -> None:
    old = struct.pack("<4I", 0x24, 16, packed("10.15"), packed("11.1"))
    image = read_macho(Memory(build(Plan(platform=None, extra=[old]))))
    assert (image.platform, image.minos, image.sdk) == ("macOS", (10, 15, 0), (11, 1, 0))


def test_of_two_platforms_macos_counts() -> None:
    catalyst = struct.pack("<6I", 0x32, 24, 6, packed("14.0"), packed("14.0"), 0)
    image = read_macho(Memory(build(Plan(minos="12.0", extra=[catalyst]))))
    assert (image.platform, image.minos) == ("macOS", (12, 0, 0))


@pytest.mark.parametrize("wide", [False, True])
def test_slices_of_a_universal_file(wide: bool) -> None:
    data = fat(("x86_64", build(Plan(arch="x86_64"))), ("arm64", GOOD), wide=wide)
    found = slices(Memory(data))
    assert found is not None
    assert [each.architecture for each in found] == ["x86_64", "arm64"]
    assert read_macho(found[1].source, found[1].offset).install_name == "@rpath/a.dylib"
    assert slices(Memory(GOOD)) is None
    assert slices(Memory(b"")) is None


def damaged_fat(at: int, value: int) -> bytes:
    data = bytearray(fat(("arm64", GOOD)))
    data[at : at + 4] = struct.pack(">I", value)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (damaged_fat(4, 1000), "too many"),
        (damaged_fat(16, 0x4001), "aligned"),
        (damaged_fat(16, 0x40000000), "beyond end"),
        (damaged_fat(20, 0x40000000), "beyond end"),
        (damaged_fat(8, 0x01000007), "does not match"),
        (fat(("arm64", GOOD))[:20], "wanted"),
    ],
)
def test_a_damaged_table_of_slices_is_malformed(data: bytes, reason: str) -> None:
    with pytest.raises(MalformedImage, match=reason):
        slices(Memory(data))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (GOOD[:31], "header exceeds"),
        (GOOD[:33], "load commands exceed"),
        (b"\xce\xfa\xed\xfe" + GOOD[4:], "not a mach-o"),
        (GOOD[:36] + b"\0\0\0\0" + GOOD[40:], "load command"),
        (GOOD[:36] + b"\xff\xff\xff\x7f" + GOOD[40:], "load command"),
    ],
)
def test_a_damaged_header_is_malformed(data: bytes, reason: str) -> None:
    with pytest.raises(MalformedImage, match=reason):
        read_macho(Memory(data))


def test_a_command_too_short_for_its_kind_is_malformed() -> None:
    with pytest.raises(MalformedImage):
        read_macho(Memory(build(Plan(extra=[struct.pack("<2I", 0x32, 8)]))))


def test_imports_in_binding_order() -> None:
    found = list(imports(read_macho(Memory(GOOD))))
    assert found == [
        Import("_a", 1, weak=False, stream="regular"),
        Import("_b", -2, weak=True, stream="regular"),
        Import("_c", 3, weak=False, stream="lazy"),
    ]


@pytest.mark.parametrize("form", [1, 2, 3])
def test_chained_imports(form: int) -> None:
    image = read_macho(Memory(build(replace(PLAN, chained=True, chained_format=form))))
    found = [(each.symbol, each.ordinal, each.weak, each.stream) for each in imports(image)]
    assert found == [("_a", 1, False, "chained"), ("_b", -2, True, "chained"), ("_c", 3, False, "chained")]
    assert ExportTable(image).find("_f") is not None


@pytest.mark.parametrize("ordinal", [1, 15, 16, 130, -1, -2, -3])
def test_ordinals_of_every_size(ordinal: int) -> None:
    image = read_macho(Memory(build(Plan(imports=[Wanted(symbol="_a", ordinal=ordinal)]))))
    assert [each.ordinal for each in imports(image)] == [ordinal]


def test_a_symbol_bound_at_many_places_is_named_once() -> None:
    stream = b"\x11\x40_a\0\x51\x72\0" + b"\x90" * 5 + b"\xa0\x08\xb3\xc0\x03\x08" + b"\x40_b\0\x90" + b"\x12\x90\0"
    assert [(each.symbol, each.ordinal) for each in binds_of(stream)] == [("_a", 1), ("_b", 1), ("_b", 2)]


def test_a_symbol_that_is_set_and_never_bound_is_no_import() -> None:
    assert [each.symbol for each in binds_of(b"\x11\x40_a\0\x40_b\0\x72\0\x90\0")] == ["_b"]


def test_the_regular_stream_ends_at_done_and_the_lazy_one_does_not() -> None:
    stream = b"\x11\x40_a\0\x90\0\x40_b\0\x90\0"
    assert [each.symbol for each in binds_of(stream)] == ["_a"]
    assert [each.symbol for each in binds_of(stream, lazy=True)] == ["_a", "_b"]


@pytest.mark.parametrize("stream", [b"\x40_a", b"\x72\x80", b"\xe0", b"\xc0\x01", b"\xd5"])
def test_an_opcode_that_is_unknown_or_cut_off_is_malformed(stream: bytes) -> None:
    with pytest.raises(MalformedImage, match="opcode"):
        list(binds_of(stream))


def binds_of(stream: bytes, *, lazy: bool = False) -> list[Import]:
    places = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    places[6 if lazy else 2 : 8 if lazy else 4] = [0x4000, len(stream)]
    image = read_macho(Memory(build(Plan(signed=False))))
    data = image.source.read(0, 0x4000) + stream
    info = macho.DyldInfo(*(macho.Range(offset=places[at], size=places[at + 1]) for at in range(0, 10, 2)))
    return list(imports(replace(image, source=Memory(data), dyld_info=info)))


def test_page_hashes_agree_with_the_bytes() -> None:
    image = read_macho(Memory(GOOD))
    directory = read_code_directory(image)
    assert directory is not None
    pages = directory.pages(macho.Range(offset=0, size=len(GOOD)))
    assert (directory.page_size, list(pages)) == (4096, [0, 1, 2, 3, 4])
    assert directory.wrong_pages(image, pages) == []


@pytest.mark.parametrize("at", [100, 4096, 0x2FFF, 0x4001])
def test_one_changed_byte_is_one_wrong_page(at: int) -> None:
    data = GOOD[:at] + bytes((GOOD[at] ^ 1,)) + GOOD[at + 1 :]
    image = replace(read_macho(Memory(GOOD)), source=Memory(data))
    directory = read_code_directory(image)
    assert directory is not None
    assert directory.wrong_pages(image, range(5)) == [at // 4096]


def test_no_signature_and_a_damaged_one() -> None:
    assert read_code_directory(read_macho(Memory(build(Plan(signed=False))))) is None
    image = read_macho(Memory(GOOD))
    assert image.signature is not None
    at = image.signature.offset
    for change in (at, at + 20, at + 20 + 36, at + 20 + 28):
        damaged = replace(image, source=Memory(GOOD[:change] + b"\xff\xff" + GOOD[change + 2 :]))
        with pytest.raises(MalformedImage):
            read_code_directory(damaged)


def read_everything(data: bytes) -> None:
    """Read all there is to read of a file."""
    source = Memory(data)
    found = slices(source)
    images = [each.source for each in found] if found else [source]
    for each in images:
        image = read_macho(each)
        list(imports(image))
        ExportTable(image).find_all(["_f", "_fg", "_missing", ""])
        directory = read_code_directory(image)
        if directory:
            directory.wrong_pages(image, directory.pages(macho.Range(offset=0, size=1 << 30)))


BASES = (
    GOOD,
    build(replace(PLAN, chained=True)),
    build(replace(PLAN, signed=False)),
    fat(("x86_64", build(Plan(arch="x86_64"))), ("arm64", GOOD)),
)


@given(
    st.sampled_from(BASES),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=8),
    st.lists(st.tuples(st.integers(0x4000, 0x4200), st.integers(0, 255)), max_size=4),
    st.integers(0, 1 << 16),
)
def test_mutated_files_are_read_or_malformed(
    base: bytes, head: list[tuple[int, int]], tables: list[tuple[int, int]], cut: int
) -> None:
    data = bytearray(base)
    for at, value in (*head, *tables):
        data[at % len(data)] = value
    assert outcome(lambda: read_everything(bytes(data[:cut] if cut < len(data) else data)))


@given(st.binary(max_size=400))
def test_any_bytes_behind_a_magic_are_read_or_malformed(data: bytes) -> None:
    for magic in (b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf", b""):
        assert outcome(partial(read_everything, magic + data))


def test_a_table_larger_than_any_librarys_is_not_read() -> None:
    image = read_macho(Memory(GOOD))
    with pytest.raises(MalformedImage, match="larger than any"):
        image.table(macho.Range(offset=0, size=macho.MAX_TABLE + 1))


wanted = st.builds(
    Wanted,
    symbol=st.text(st.sampled_from("_abc"), min_size=1, max_size=4),
    ordinal=st.sampled_from([-2, -1, 0, 1, 3, 20]),
    lazy=st.booleans(),
)


@given(st.lists(wanted, max_size=12), st.booleans())
def test_bare_names_are_those_of_the_imports(plan: list[Wanted], lazy: bool) -> None:
    image = read_macho(Memory(build(Plan(imports=plan))))
    expected: dict[int, set[bytes]] = {}
    for each in imports(image):
        if lazy or each.stream != "lazy":
            expected.setdefault(each.ordinal, set()).add(each.symbol.encode())
    assert binds.names(image, lazy=lazy) == expected
