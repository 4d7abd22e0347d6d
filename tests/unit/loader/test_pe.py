"""The PE reader on small files of both forms."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.pe_build import OFFSET, Dll, build_pe
from tfsetup.loader.bytes import MalformedImage, Memory
from tfsetup.loader.pe.image import Export, Machine, Pe


def pe_of(dll: Dll) -> Pe:
    return Pe(Memory(build_pe(dll)))


@pytest.mark.parametrize(("bits", "machine"), [(64, Machine.AMD64), (64, Machine.ARM64), (32, Machine.I386)])
def test_everything(bits: int, machine: int) -> None:
    pe = pe_of(
        Dll(
            name="p.dll",
            imports={"KERNEL32.dll": ["Sleep", "ExitProcess"], "dep.dll": [7, "f"]},
            delayed=["late.dll", "later.dll"],
            exports=["beta", "alpha"],
            forwards={"gone": "dep.#3"},
            base=10,
            bits=bits,
            machine=machine,
        )
    )
    assert (pe.bits, pe.machine) == (bits, machine)
    assert [(entry.library, entry.symbols) for entry in pe.imports] == [
        ("KERNEL32.dll", ("Sleep", "ExitProcess")),
        ("dep.dll", (7, "f")),
    ]
    assert pe.export("alpha") == pe.export(10) == Export()
    assert pe.export("gone") == pe.export(12) == Export(forward="dep.#3")
    assert pe.export("zeta") is pe.export(13) is pe.export(9) is None


def test_a_file_without_tables() -> None:
    pe = pe_of(Dll())
    assert (pe.imports, pe.export("f"), pe.export(1)) == ((), None, None)


@given(st.sets(st.text("abcdef_@?", min_size=1, max_size=8), max_size=40), st.text("abcdef_@?", min_size=1, max_size=8))
def test_export_is_membership(names: set[str], wanted: str) -> None:
    pe = pe_of(Dll(exports=sorted(names)))
    assert (pe.export(wanted) is not None) == (wanted in names)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "64 bytes wanted"),
        (b"\x7fELF" + bytes(100), "not a PE file"),
        (b"MZ" + bytes(58) + struct.pack("<I", 64) + b"NE" + bytes(60), "no PE signature"),
        (b"MZ" + bytes(58) + struct.pack("<I", 1 << 30), "bytes wanted at offset 1073741824"),
        (b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + bytes(60), "not an executable image"),
    ],
)
def test_what_is_no_pe_file(data: bytes, words: str) -> None:
    with pytest.raises(MalformedImage, match=words):
        Pe(Memory(data))


def test_more_sections_than_any_file_has() -> None:
    data = bytearray(build_pe(Dll()))
    data[70:72] = (5000).to_bytes(2, "little")
    with pytest.raises(MalformedImage, match=r"5000 sections|bytes wanted"):
        Pe(Memory(bytes(data) + bytes(40 * 5000)))


def test_tables_outside_of_the_sections() -> None:
    data = build_pe(Dll(imports={"a.dll": ["f"]}))
    with pytest.raises(MalformedImage, match="is in no section"):
        _ = Pe(Memory(data.replace(struct.pack("<II", 0x1000, 0x1000), b""))).offset_of(0x99999999)
    with pytest.raises(MalformedImage):
        _ = Pe(Memory(data[: OFFSET + 8])).imports


def test_no_directories_at_all() -> None:
    data = bytearray(build_pe(Dll(imports={"a.dll": ["f"]})))
    optional = 64 + 24
    data[optional + 108 : optional + 112] = bytes(4)
    assert Pe(Memory(bytes(data))).imports == ()
