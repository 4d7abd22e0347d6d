from __future__ import annotations

import pytest

from support.elf_build import Define, Library, build_elf
from support.macho import Offered, Plan, build, fat
from support.pe_build import Dll, build_pe
from tfsetup.loader.bytes import Memory
from tfsetup.loader.defined import defines, own_name

GOOD = build(Plan(install_name="@rpath/a.so", exports=[Offered(symbol="_PyInit_a")]))


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (GOOD, True),
        (build(Plan()), False),
        (fat(("x86_64", build(Plan(arch="x86_64"))), ("arm64", GOOD)), True),
        (build_elf(Library(soname="a.so", defines=[Define(name="PyInit_a")])), True),
        (build_elf(Library(soname="a.so", defines=[Define(name="PyInit_b")])), False),
        (build_pe(Dll(exports=["PyInit_a"])), True),
        (build_pe(Dll(exports=["PyInit_b"])), False),
        (b"", None),
        (b"hello", None),
        (GOOD[:40], None),
        (b"\x7fELF" + b"\0" * 100, None),
        (b"MZ" + b"\0" * 100, None),
    ],
)
def test_what_a_file_by_itself_defines(data: bytes, answer: bool | None) -> None:
    assert defines(Memory(data), "PyInit_a") is answer


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (GOOD, "@rpath/a.so"),
        (fat(("arm64", GOOD)), "@rpath/a.so"),
        (build(Plan()), None),
        (GOOD[:40], None),
        (b"", None),
    ],
)
def test_the_name_a_library_wants_to_be_found_by(data: bytes, name: str | None) -> None:
    assert own_name(Memory(data)) == name
