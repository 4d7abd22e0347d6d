"""Architecture from a header's bytes, the process's map, and which wheel a library belongs to."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.verify.probes import images, wheels


def elf(machine: int, *, big: bool = False) -> bytes:
    head = b"\x7fELF\x02" + (b"\x02" if big else b"\x01") + bytes(10)
    return head + struct.pack(">HH" if big else "<HH", 3, machine)


def universal(*cpus: int) -> bytes:
    return struct.pack(">II", 0xCAFEBABE, len(cpus)) + b"".join(struct.pack(">IIIII", cpu, 0, 0, 0, 0) for cpu in cpus)


def pe(machine: int) -> bytes:
    return (b"MZ" + bytes(58) + struct.pack("<I", 128)).ljust(128, b"\0") + b"PE\0\0" + struct.pack("<H", machine)


@pytest.mark.parametrize(
    ("head", "arch"),
    [
        (elf(62), "x86_64"),
        (elf(183), "aarch64"),
        (elf(40), "armv7l"),
        (elf(21, big=True), "ppc64le"),
        (elf(9999), "elf-9999"),
        (struct.pack("<II", 0xFEEDFACF, 0x0100000C), "arm64"),
        (struct.pack("<II", 0xFEEDFACF, 0x01000007), "x86_64"),
        (universal(0x01000007, 0x0100000C), "x86_64+arm64"),
        (pe(0x8664), "x86_64"),
        (pe(0xAA64), "arm64"),
        (b"", ""),
        (b"#!/bin/sh\n", ""),
        (b"MZ", ""),
        (b"\x7fELF", ""),
    ],
)
def test_the_header_tells_the_architecture(head: bytes, arch: str) -> None:
    assert images.header_architecture(head) == arch


@given(st.binary(max_size=200), st.sampled_from([b"", b"\x7fELF", b"MZ", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe"]))
def test_no_bytes_break_the_header_reader(tail: bytes, magic: bytes) -> None:
    assert isinstance(images.header_architecture(magic + tail), str)


def test_the_map_of_a_process_is_read_by_columns() -> None:
    text = (
        "55d0-55d1 r--p 00000000 08:01 1  /usr/bin/python3.12\n"
        "7f00-7f01 r-xp 00001000 08:01 2  /env/lib/my lib.so\n"
        "7f01-7f02 rw-p 00001000 08:01 2  /env/lib/data-only.so\n"
        "7f02-7f03 r-xp 00000000 08:01 3  /env/lib/gone.so (deleted)\n"
        "7f03-7f04 r-xp 00000000 00:00 0\n"
        "7ffc-7ffd r-xp 00000000 00:00 0  [vdso]\n"
        "7f02-7f03 r-xp 00000000 08:01 3  /env/lib/gone.so (deleted)\n"
    )
    assert images.parse_maps(text) == ["/env/lib/gone.so", "/env/lib/my lib.so"]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_this_very_process_maps_a_c_library_of_its_own_architecture() -> None:
    found = dict(images.mapped_images())
    own = images.file_architecture("/proc/self/exe")
    assert own
    assert {arch for path, arch in found.items() if "libc.so" in path or "libc-" in path} == {own}


class Function:
    """Stands in for a function of libSystem."""

    restype: object = None

    def __init__(self, answers: list[object]) -> None:
        self.answers = answers

    def __call__(self, index: object = None) -> object:
        return self.answers[getattr(index, "value", 0)]


def test_dylds_list_takes_the_architecture_from_memory() -> None:
    import ctypes

    headers = [ctypes.create_string_buffer(struct.pack("<II", 0xFEEDFACF, cpu), 32) for cpu in (0x0100000C, 0x01000007)]
    system = type("System", (), {})()
    system._dyld_image_count = Function([2])
    system._dyld_get_image_name = Function([b"/usr/lib/libSystem.B.dylib", b"/env/libtensorflow_cc.2.dylib"])
    system._dyld_get_image_header = Function([ctypes.addressof(header) for header in headers])
    assert images._dyld_images(system) == [
        ("/env/libtensorflow_cc.2.dylib", "x86_64"),
        ("/usr/lib/libSystem.B.dylib", "arm64"),
    ]


def test_a_library_belongs_to_the_wheel_whose_record_lists_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "numpy.libs").mkdir()
    library = tmp_path / "numpy.libs" / "libopenblas-1a.so.0.3"
    library.touch()
    stray = tmp_path / "stray.so"
    stray.touch()
    info = tmp_path / "numpy-2.5.5.dist-info"
    info.mkdir()
    (info / "RECORD").write_text("numpy/__init__.py,sha256=x,1\nnumpy.libs/libopenblas-1a.so.0.3,sha256=y,2\n")
    (tmp_path / "broken-1.0.dist-info").mkdir()
    monkeypatch.setattr(sys, "path", [str(tmp_path), str(tmp_path / "nowhere")])
    assert wheels.owners([str(library), str(stray)]) == {str(library): "numpy 2.5.5"}


def test_a_library_that_is_gone_or_cut_short_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site-packages"
    info = site / "tensorflow-2.21.0.dist-info"
    info.mkdir(parents=True)
    (site / "whole.so").write_bytes(b"1234")
    (site / "short.so").write_bytes(b"12")
    (site / "unsized.so").write_bytes(b"12")
    (info / "RECORD").write_text("whole.so,sha256=x,4\nshort.so,sha256=x,4\ngone.so,sha256=x,4\nunsized.so,,\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), str(site)])
    assert wheels.damaged() == [
        {"path": str(site / "short.so"), "wheel": "tensorflow 2.21.0", "recorded": 4, "actual": 2},
        {"path": str(site / "gone.so"), "wheel": "tensorflow 2.21.0", "recorded": 4, "actual": None},
    ]


def test_a_record_is_searched_for_native_files_only(tmp_path: Path) -> None:
    record = tmp_path / "RECORD"
    lines = ["a/b.py,,", '"a/with,comma.so",sha256=x,12', "a/c.pyd,,", "a/d.dylib,,7", "a/e.so.2.1,,\r", "a/sofa.txt,,"]
    record.write_bytes("\n".join(lines).encode())
    assert wheels.native_files(str(record)) == [
        ("a/with,comma.so", 12), ("a/c.pyd", None), ("a/d.dylib", 7), ("a/e.so.2.1", None),
    ]  # fmt: skip
    assert wheels.native_files(str(tmp_path / "none")) == []
