"""Whatever the bytes are: a result or `MalformedImage`, nothing else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from support.elf_build import Define, Import, Library, build_elf
from support.examples import examples
from support.fuzz import glibc_process, mutations, open_elf, open_pe, read_elf, read_pe
from support.pe_build import Dll, build_pe
from tfsetup.loader.elf.image import Tag
from tfsetup.loader.model import Mode

_RICH = Library(
    soname="p.so",
    needed=["liba.so.1", "libc.so.6"],
    runpath="$ORIGIN:$ORIGIN/../lib",
    defines=[Define(name="f", version="P_1"), Define(name="g")],
    imports=[
        Import(name="a", version=("liba.so.1", "A_1")),
        Import(name="malloc", version=("libc.so.6", "GLIBC_2.2.5"), slot=True),
        Import(name="PyList_New"),
    ],
    versions=["p.so", "P_1"],
    hash_style="both",
    tls=64,
    static_tls=True,
)
_DEPENDENCY = Library(soname="liba.so.1", versions=["liba.so.1", "A_1"], defines=[Define(name="a", version="A_1")])
ELFS = [
    build_elf(_RICH),
    build_elf(Library(imports=[Import(name="f")], hash_style="sysv")),
    build_elf(Library(imports=[Import(name="f")], bits=32, machine=3)),
    build_elf(Library(imports=[Import(name="f")], order=">")),
]
PES = [
    build_pe(
        Dll(
            imports={"dep.dll": ["f", 2], "kernel32.dll": ["Sleep"]},
            delayed=["late.dll"],
            exports=["f", "g"],
            forwards={"h": "dep.f", "loop": "p.loop"},
        )
    ),
    build_pe(Dll(bits=32, machine=0x14C, exports=["f"])),
]
_OTHERS = {"/case/liba.so.1": build_elf(_DEPENDENCY)}
_DLLS = {"C:/case/dep.dll": build_pe(Dll(exports=["f", "g"], forwards={"h": "p.h"}))}


@examples(5)
@given(mutations(ELFS))
def test_reading_a_mutated_elf_file(data: bytes) -> None:
    read_elf(data)


@examples(5)
@given(mutations(ELFS))
def test_opening_a_mutated_elf_file(data: bytes) -> None:
    open_elf(data, _OTHERS)


@examples(3.4)
@given(mutations([_OTHERS["/case/liba.so.1"]]))
def test_opening_with_a_mutated_dependency(data: bytes) -> None:
    open_elf(ELFS[0], {"/case/liba.so.1": data})


@examples(5)
@given(mutations(PES))
def test_reading_a_mutated_pe_file(data: bytes) -> None:
    read_pe(data)


@examples(5)
@given(mutations(PES))
def test_opening_a_mutated_pe_file(data: bytes) -> None:
    open_pe(data, _DLLS)


@examples(3.4)
@given(st.binary(max_size=2000))
def test_reading_anything(data: bytes) -> None:
    read_elf(data)
    read_elf(b"\x7fELF\x02\x01\x01" + data)
    read_pe(data)
    read_pe(b"MZ" + data)


def test_a_soname_that_cannot_be_read() -> None:
    """Found by the coverage-guided run: the name is read late, when another library is compared with it."""
    data = build_elf(Library(needed=["liba.so.1"], tags=[(int(Tag.SONAME), 1 << 45)]))
    failure = glibc_process({"/case/p.so": data}).dlopen("/case/p.so", Mode())
    assert failure is not None
    assert failure.kind == "malformed-image"
    assert failure.message.startswith("/case/p.so: the process is killed while loading it: ")
