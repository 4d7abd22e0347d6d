"""The readers of the formats find in a sparse copy whatever they find in the file, whatever they are asked."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support import through
from support.elf_build import Define, Import, Library, build_elf
from support.macho import Offered, Plan, Wanted, build, fat
from support.pe_build import Dll, build_pe
from support.through import HOLES, Sparse
from tfsetup.loader.bytes import ByteSource, MalformedImage, Memory
from tfsetup.loader.digest import extents as module
from tfsetup.loader.digest.extents import extents, holes, images_of
from tfsetup.loader.elf.image import Elf
from tfsetup.loader.elf.properties import x86_level_needed
from tfsetup.loader.elf.relocations import Relocations
from tfsetup.loader.elf.symbols import Query, Symbols
from tfsetup.loader.elf.versions import read_versions
from tfsetup.loader.macho import binds
from tfsetup.loader.macho.exports import ExportTable
from tfsetup.loader.macho.image import read_macho, slices
from tfsetup.loader.macho.signature import read_code_directory
from tfsetup.loader.pe.image import Pe

NAMES = st.text("abcdefgh_", min_size=1, max_size=12)
SOME = st.lists(NAMES, min_size=1, max_size=30, unique=True)
FAR = 300_000
"""Bytes without meaning behind a file, or in it: so that what is kept is a part."""


def same(data: bytes, ask: Callable[[ByteSource], object]) -> None:
    """Ask the file and its copy the same question: one answer, and nothing fetched."""
    HOLES.clear()
    through._copied.cache_clear()
    sparse = Sparse(data)
    assert ask(sparse) == ask(Memory(data))
    assert HOLES == []


def elf_answers(names: list[str]) -> Callable[[ByteSource], object]:
    def ask(source: ByteSource) -> object:
        elf = Elf(source)
        symbols = Symbols(elf)
        relocations = Relocations(symbols)
        return (
            elf.needed, elf.soname, elf.runpath, elf.flags, read_versions(elf), x86_level_needed(elf),
            relocations.references(), relocations.uses_static_tls, relocations.uses_tls_descriptors,
            [symbols.lookup(Query(name.encode())) for name in names],
        )  # fmt: skip

    return ask


@given(
    defined=SOME,
    wanted=SOME,
    asked=SOME,
    style=st.sampled_from(["gnu", "sysv", "both"]),
    bits=st.sampled_from([32, 64]),
    padding=st.sampled_from([0, FAR]),
)
def test_an_elf_file_is_asked_anything(
    defined: list[str], wanted: list[str], asked: list[str], style: str, bits: int, padding: int
) -> None:
    library = Library(
        soname="libx.so.1",
        needed=["libc.so.6", "liby.so"],
        runpath="$ORIGIN/../lib",
        defines=[Define(name=name) for name in defined],
        imports=[Import(name=f"{name}_", slot=index % 2 == 0) for index, name in enumerate(wanted)],
        versions=["libx.so.1", "X_1.0"],
        needs={"libc.so.6": ["GLIBC_2.17"]},
        hash_style="gnu" if style == "both" else style,
        bits=bits,
        machine=62 if bits == 64 else 3,
        levels=2,
    )
    same(build_elf(library, padding=padding), elf_answers([*defined, *asked, *wanted]))


@pytest.mark.parametrize("length", [255, 300, 700, 3000])
def test_a_long_name_at_the_end_of_its_table_is_read_no_further_than_is_kept(length: int) -> None:
    """As C++ has them; what lies behind the table is code."""
    names = ["short", "x" * length]
    defines = [Define(name=name) for name in names]
    for bits, machine in ((64, 62), (32, 3)):
        library = Library(soname="a", defines=defines, bits=bits, machine=machine)
        for padding in (0, FAR):
            same(build_elf(library, padding=padding), elf_answers([*names, "x" * (length - 1)]))


@given(exports=SOME, asked=SOME, imports=SOME)
def test_a_pe_file_is_asked_anything(exports: list[str], asked: list[str], imports: list[str]) -> None:
    dll = Dll(imports={"kernel32.dll": imports, "y.dll": [7, *imports]}, exports=exports, forwards={"zz": "OTHER.f"})

    names: list[str | int] = [*exports, *asked, "zz", 1]

    def ask(source: ByteSource) -> object:
        image = Pe(source)
        return image.imports, image.machine, image.linker, [*map(image.export, names)]

    same(build_pe(dll) + bytes(FAR), ask)


def mach_answers(names: list[str]) -> Callable[[ByteSource], object]:
    def ask(source: ByteSource) -> object:
        fat_slices = slices(source)
        images = [read_macho(each.source, each.offset) for each in fat_slices] if fat_slices else [read_macho(source)]
        found = []
        for image in images:
            table = ExportTable(image)
            directory = read_code_directory(image)
            found.append((
                image.dylibs, image.rpaths, image.uuid, image.platform, list(binds.imports(image)),
                binds.coalesced(image), table.find_all(names), sorted(table.below(b"_")),
                directory and (directory.page_size, directory.limit, directory.digest),
            ))  # fmt: skip
        return found

    return ask


@given(exports=SOME, asked=SOME, imports=SOME, chained=st.booleans(), universal=st.booleans(), signed=st.booleans())
def test_a_mach_o_file_is_asked_anything(
    exports: list[str], asked: list[str], imports: list[str], chained: bool, universal: bool, signed: bool
) -> None:
    plan = Plan(
        install_name="@rpath/x.dylib",
        dylibs=[("/usr/lib/libSystem.B.dylib", "normal")],
        rpaths=["@loader_path"],
        exports=[Offered(symbol=f"_{name}") for name in exports],
        imports=[Wanted(symbol=f"_{name}", lazy=index % 2 == 0) for index, name in enumerate(imports)],
        coalesced=[f"_{name}" for name in imports[:2]],
        chained=chained,
        signed=signed,
    )
    data = build(plan)
    if universal:
        data = fat(("arm64", data), ("x86_64", build(Plan(arch="x86_64"))))
    same(data, mach_answers([f"_{name}" for name in [*exports, *asked]]))


@pytest.mark.parametrize("data", [b"", b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"#!/bin/sh\n", bytes(5000)])
def test_of_a_file_of_no_format_the_beginning_is_kept(data: bytes) -> None:
    assert extents(Memory(data)) == ((range(min(4096, len(data))),) if data else ())
    assert holes(images_of(Memory(data))) == ()


@given(cut=st.integers(0, 20_000), data=st.sampled_from([
    build_elf(Library(soname="x", defines=[Define(name="a")], imports=[Import(name="b")])),
    build(Plan(exports=[Offered(symbol="_a")])),
    build_pe(Dll(exports=["a"], imports={"k.dll": ["b"]})),
]))  # fmt: skip
def test_of_a_damaged_file_a_copy_is_made_all_the_same(cut: int, data: bytes) -> None:
    cut_off = data[:cut]
    assert all(0 <= one.start < one.stop <= len(cut_off) for one in extents(Memory(cut_off)))


def test_hashes_of_pages_are_shown_as_zeros_and_their_verdict_is_kept() -> None:
    data = build(Plan(exports=[Offered(symbol="_a")]))
    (hole,) = holes(images_of(Memory(data)))
    assert any(data[hole.start : hole.stop])
    sparse = Sparse(data)
    assert not any(sparse.read(hole.start, len(hole)))
    assert sparse.copy.pages == {0: (False, False)}
    wrong = bytearray(data)
    wrong[0x1100] ^= 1
    assert Sparse(bytes(wrong)).copy.pages[0][1]


def test_a_reading_outside_of_the_tables_is_a_hole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_strings", lambda _elf: iter(()))
    monkeypatch.setattr(module, "_symbols", lambda _elf: iter(()))
    defined = [f"name_{number}" for number in range(3000)]
    data = build_elf(Library(soname="x", defines=[Define(name=name) for name in defined]))
    through._copied.cache_clear()
    HOLES.clear()
    sparse = Sparse(data)
    assert elf_answers(defined)(sparse) == elf_answers(defined)(Memory(data))
    assert HOLES
    HOLES.clear()
    through._copied.cache_clear()


def test_a_malformed_image_is_malformed_through_its_copy_too() -> None:
    data = build_elf(Library(soname="x"))[:200]
    for source in (Memory(data), Sparse(data)):
        with pytest.raises(MalformedImage):
            _ = Elf(source).soname
