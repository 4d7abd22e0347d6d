"""Facts about Linux systems: version levels of stock libraries, search folders, hwcaps, the library cache."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.tree import Tree
from tfsetup.ground.platforms import Arch
from tfsetup.host.model import Cpu, Host, Libc
from tfsetup.loader.bytes import MalformedImage, Memory
from tfsetup.loader.elf.image import Machine
from tfsetup.loader.glibc.ld_cache import read_cache
from tfsetup.loader.glibc.stock import parse_libraries, parse_symbols, stock_library
from tfsetup.loader.glibc.system import CACHE, System, system_of
from tfsetup.loader.shipped import load_glibc_symbols, load_linux_libraries

V3 = ("cx16", "popcnt", "sse4_1", "sse4_2", "ssse3", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe")


def entry(flags: int, key: int, value: int, hwcap: int = 0) -> bytes:
    return struct.pack("<iIIIQ", flags, key, value, 0, hwcap)


def cache_file(
    rows: list[tuple[int, str, str, int]], subdirectories: tuple[str, ...] = (), *, old: bool = False
) -> bytes:
    """Build a cache; `old`: with the format of libc5 before it."""
    strings, places = b"", {}
    base = 48 + 24 * len(rows)
    for text in dict.fromkeys([*(t for row in rows for t in row[1:3]), *subdirectories]):
        places[text] = base + len(strings)
        strings += text.encode() + b"\0"
    strings += b"\0" * (-(base + len(strings)) % 4)
    extension = base + len(strings)
    words = struct.pack(f"<{len(subdirectories)}I", *(places[name] for name in subdirectories))
    tail = struct.pack("<II4I", 0xEAA42174, 1, 1, 0, extension + 24, len(words)) + words if subdirectories else b""
    head = b"glibc-ld.so.cache1.1" + struct.pack("<IIB3xI12x", len(rows), len(strings), 2, extension if tail else 0)
    body = b"".join(entry(flags, places[name], places[path], hwcap) for flags, name, path, hwcap in rows)
    front = b"ld.so-1.7.0\0" + struct.pack("<I", 1) + bytes(12) + bytes(4) if old else b""
    return front + head + body + strings + tail


ROWS = [
    (0x0303, "liba.so.1", "/lib/x86_64-linux-gnu/liba.so.1", 0),
    (0x0A03, "liba.so.1", "/lib/aarch64-linux-gnu/liba.so.1", 0),
    (0x0003, "liba.so.1", "/lib/i386-linux-gnu/liba.so.1", 0),
    (0x0303, "libb.so", "/usr/lib/libb.so", 0),
]


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize(
    ("arch", "path"),
    [
        ("x86_64", "/lib/x86_64-linux-gnu/liba.so.1"),
        ("aarch64", "/lib/aarch64-linux-gnu/liba.so.1"),
        ("i686", "/lib/i386-linux-gnu/liba.so.1"),
    ],
)
def test_the_cache_by_architecture(arch: Arch, path: str, old: bool) -> None:
    assert read_cache(Memory(cache_file(ROWS, old=old)), arch)["liba.so.1"] == path


def test_the_cache_prefers_the_best_subdirectory_of_the_cpu() -> None:
    rows = [
        (0x0303, "liba.so.1", "/lib/glibc-hwcaps/x86-64-v3/liba.so.1", 1 << 62 | 0),
        (0x0303, "liba.so.1", "/lib/glibc-hwcaps/x86-64-v2/liba.so.1", 1 << 62 | 1),
        (0x0303, "liba.so.1", "/lib/liba.so.1", 0),
        (0x0303, "libold.so", "/lib/tls/libold.so", 1 << 3),
    ]
    data = Memory(cache_file(rows, ("x86-64-v3", "x86-64-v2")))
    assert read_cache(data, "x86_64", ("x86-64-v3", "x86-64-v2"))["liba.so.1"].endswith("v3/liba.so.1")
    assert read_cache(data, "x86_64", ("x86-64-v2",))["liba.so.1"].endswith("v2/liba.so.1")
    assert read_cache(data, "x86_64") == {"liba.so.1": "/lib/liba.so.1"}


@pytest.mark.parametrize("data", [b"", b"text", b"glibc-ld.so.cache1.1", b"ld.so-1.7.0\0" + bytes(40)])
def test_what_is_no_cache(data: bytes) -> None:
    with pytest.raises(MalformedImage):
        read_cache(Memory(data), "x86_64")


@given(st.data())
def test_a_damaged_cache_is_read_or_refused(data: st.DataObject) -> None:
    raw = bytearray(cache_file(ROWS, ("x86-64-v3",)))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = read_cache(Memory(bytes(raw[: data.draw(st.integers(0, len(raw)))])), "x86_64")
    except MalformedImage:
        return
    assert set(found) <= {name for _, name, _, _ in ROWS} | set(found)
    assert all(isinstance(path, str) for path in found.values())


def test_a_cache_that_lies_about_its_length() -> None:
    data = bytearray(cache_file(ROWS))
    data[20:24] = (1 << 20).to_bytes(4, "little")
    with pytest.raises(MalformedImage, match="a cache of 1048576 libraries"):
        read_cache(Memory(bytes(data)), "x86_64")


# -- systems -----------------------------------------------------------------------------------------------------------


def make_system(
    arch: Arch = "x86_64", version: str | None = "2.36", *, files: Tree | None = None, **changes: object
) -> System:
    host = Host(os="linux", libc=Libc(name="glibc", version=version), cpu=Cpu(features=V3))
    return system_of(host, arch, files or Tree({}), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("version", "release"),
    [("2.36", (2, 36)), ("2.17", (2, 17)), ("2.31.1", (2, 31)), (None, None), ("strange", None), ("2", None)],
)
def test_releases(version: str | None, release: tuple[int, int] | None) -> None:
    assert make_system(version=version).glibc == release


@pytest.mark.parametrize(
    ("system", "folder"),
    [
        ("debian 12", "/lib/x86_64-linux-gnu"),
        ("ubuntu 22.04", "/lib/x86_64-linux-gnu"),
        ("linuxmint 21", "/lib/x86_64-linux-gnu"),
        ("fedora 40", "/lib64"),
        ("rocky 9.3", "/lib64"),
        ("opensuse-leap 15.6", "/lib64"),
        ("something else", "/lib64"),
        (None, "/lib64"),
    ],
)
def test_the_folder_of_a_machine_that_is_not_at_hand(system: str | None, folder: str) -> None:
    found = system_of(Host(os="linux", os_version=system), "x86_64", Tree({}))
    assert found.directories[0] == folder
    assert found.is_debian == folder.endswith("gnu")


def test_folders_of_debian_and_of_others() -> None:
    assert make_system(files=Tree({}, ["/usr/lib/x86_64-linux-gnu"]), real=True).directories == (
        "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib", "/usr/lib",
    )  # fmt: skip
    assert make_system(real=True).directories == ("/lib64", "/usr/lib64")
    assert make_system(arch="i686", real=True).directories == ("/lib", "/usr/lib")
    assert make_system(real=True).lib == "lib64"


@pytest.mark.parametrize(
    ("arch", "machine", "bits"),
    [
        ("x86_64", Machine.X86_64, 64),
        ("aarch64", Machine.AARCH64, 64),
        ("i686", Machine.I386, 32),
        ("armv7l", Machine.ARM, 32),
    ],
)
def test_machines(arch: Arch, machine: Machine, bits: int) -> None:
    system = make_system(arch=arch)
    assert (system.machine, system.bits) == (machine, bits)


def test_hwcaps_need_a_release_that_knows_them() -> None:
    assert make_system().hwcaps == ("x86-64-v3", "x86-64-v2")
    assert make_system(version="2.32").hwcaps == ()
    assert make_system(arch="aarch64").hwcaps == ()


@pytest.mark.parametrize(
    ("cpu", "levels"),
    [
        (None, (1, 4)),
        (Cpu(brand="x"), (1, 4)),
        (Cpu(features=()), (1, 1)),
        (Cpu(features=("avx", "avx2", "fma")), (1, 3)),
        (Cpu(features=("sse4_2",)), (1, 2)),
        (Cpu(features=V3), (3, 3)),
        (Cpu(features=tuple(name for name in V3 if name != "movbe")), (2, 3)),
        (Cpu(features=(*V3, "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl")), (4, 4)),
        (Cpu(features=(*V3, "avx512f")), (3, 3)),
    ],
)
def test_levels_for_certain_and_at_best(cpu: Cpu | None, levels: tuple[int, int]) -> None:
    assert system_of(Host(os="linux", cpu=cpu), "x86_64", Tree({})).levels == levels


def test_the_cache_of_a_real_system() -> None:
    host = Host(os="linux", libc=Libc(name="glibc", version="2.36"))
    assert system_of(host, "x86_64", Tree({CACHE: cache_file(ROWS)}), real=True).cache["libb.so"] == "/usr/lib/libb.so"
    assert system_of(host, "x86_64", Tree({CACHE: b"damaged"}), real=True).cache == {}
    assert system_of(host, "x86_64", Tree({CACHE: cache_file(ROWS)})).cache == {}


# -- stock libraries ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("soname", "version", "glibc", "answer"),
    [
        ("libc.so.6", "GLIBC_2.17", (2, 17), True),
        ("libc.so.6", "GLIBC_2.18", (2, 17), False),
        ("libc.so.6", "GLIBC_2.2.5", (2, 17), True),
        ("libm.so.6", "GLIBC_2.27", (2, 26), False),
        ("libc.so.6", "GLIBC_2.17", None, True),
        ("libc.so.6", "GLIBC_2.30", None, None),
        ("libc.so.6", "GLIBC_ABI_DT_RELR", (2, 36), True),
        ("libc.so.6", "GLIBC_ABI_DT_RELR", (2, 35), False),
        ("libc.so.6", "GLIBC_ABI_DT_RELR", None, None),
        ("libc.so.6", "GLIBC_PRIVATE", (2, 36), True),
        ("libc.so.6", "NONSENSE", (2, 36), None),
        ("libstdc++.so.6", "GLIBCXX_3.4", (2, 17), True),
        ("libstdc++.so.6", "GLIBCXX_3.4.19", (2, 17), True),
        ("libstdc++.so.6", "GLIBCXX_3.4.20", (2, 17), None),
        ("libstdc++.so.6", "GLIBCXX_3.4.29", (2, 34), True),
        ("libstdc++.so.6", "CXXABI_1.3.13", (2, 36), True),
        ("libstdc++.so.6", "GLIBCXX_3.4.30", None, None),
        ("libgcc_s.so.1", "GCC_3.0", (2, 17), True),
        ("libgcc_s.so.1", "GCC_14.0.0", (2, 36), None),
        ("libgcc_s.so.1", "GLIBC_2.0", (2, 36), True),
        ("libz.so.1", "ZLIB_1.2.0", (2, 17), True),
        ("libz.so.1", "ZLIB_1.2.9", (2, 17), None),
        ("libz.so.1", "ZLIB_1.2.9", (2, 24), None),
        ("libz.so.1", "ZLIB_1.2.9", (2, 26), True),
        ("libz.so.1", "ZLIB_1.2.12", (2, 35), None),
        ("libz.so.1", "ZLIB_1.2.12", (2, 36), True),
        ("libz.so.1", "ZLIB_1.2.7.1", None, None),
        ("libGL.so.1", "ANY_1", (2, 36), None),
    ],
)
def test_version_levels(soname: str, version: str, glibc: tuple[int, int] | None, answer: bool | None) -> None:
    stock = stock_library(soname, "x86_64", glibc)
    assert stock is not None
    assert stock.provides(version) is answer


@pytest.mark.parametrize(
    "soname",
    [
        "libtensorflow_cc.so.2",
        "libtensorflow_framework.so.2",
        "libtorch_cpu.so",
        "libc10.so",
        "ld-linux-aarch64.so.1",
        "_pywrap_tensorflow_internal.so",
        "libzstd-0badcafe.so.1.5.5",
        "libgfortran-040039e1.so.5.0.0",
        "data.txt",
    ],
)
def test_what_no_stock_system_has(soname: str) -> None:
    assert stock_library(soname, "x86_64", (2, 36)) is None


@pytest.mark.parametrize(
    ("soname", "presence"),
    [
        ("ld-linux-x86-64.so.2", "always"),
        ("libstdc++.so.6", "always"),
        ("libpython3.12.so.1.0", "unknown"),
        ("libhsa-runtime64.so.1", "unknown"),
        ("libamdhip64.so.5", "unknown"),
        ("librocm_smi64.so.5", "unknown"),
        ("libMIOpen.so.1", "unknown"),
        ("libpython3.so", "unknown"),
        ("libX11.so.6", "unknown"),
        ("libcudart.so.12", "unknown"),
        ("libzstd.so.1", "unknown"),
        ("libxcb-cursor.so.0", "unknown"),
        ("libnss3.so", "unknown"),
        ("libglib-2.0.so.0", "unknown"),
    ],
)
def test_presence(soname: str, presence: str) -> None:
    stock = stock_library(soname, "x86_64", (2, 36))
    assert stock is not None
    assert stock.presence == presence


def test_libraries_by_version() -> None:
    text = "# c\nliba.so.1 A_1\n  0000000a 0000000b\n  0000000c\nliba.so.1 A_2\n  0000000d\nlibb.so B\n  0000000a\n"
    assert parse_libraries(text) == {
        "liba.so.1": {10: "A_1", 11: "A_1", 12: "A_1", 13: "A_2"},
        "libb.so": {10: "B"},
    }


@pytest.mark.parametrize(
    ("soname", "glibc", "arch", "name", "answer"),
    [
        ("libstdc++.so.6", (2, 17), "x86_64", b"_ZTVN10__cxxabiv117__class_type_infoE", True),
        ("libstdc++.so.6", (2, 17), "aarch64", b"__gxx_personality_v0", True),
        ("libstdc++.so.6", (2, 17), "x86_64", b"_ZSt28__throw_bad_array_new_lengthv", None),
        ("libstdc++.so.6", (2, 35), "x86_64", b"_ZSt28__throw_bad_array_new_lengthv", True),
        ("libstdc++.so.6", (2, 35), "x86_64", b"_ZN3own8functionEv", False),
        ("libstdc++.so.6", (2, 35), "armv7l", b"_ZN3own8functionEv", None),
        ("libgcc_s.so.1", (2, 17), "x86_64", b"_Unwind_Resume", True),
        ("libgcc_s.so.1", (2, 35), "x86_64", b"deflate", False),
        ("libz.so.1", (2, 17), "x86_64", b"deflate", True),
        ("libz.so.1", (2, 17), "x86_64", b"crc32_combine_op", None),
        ("libzstd.so.1", (2, 35), "x86_64", b"ZSTD_compress", None),
    ],
)
def test_names_without_version(
    soname: str, glibc: tuple[int, int], arch: Arch, name: bytes, answer: bool | None
) -> None:
    stock = stock_library(soname, arch, glibc, load_linux_libraries())
    assert stock is not None
    assert stock.answers(name) is answer


def test_symbols_by_release() -> None:
    assert parse_symbols("# c\n2.17\n  a b\n  c\n2.30\n  d\n") == {
        "a": (2, 17),
        "b": (2, 17),
        "c": (2, 17),
        "d": (2, 30),
    }


@pytest.mark.parametrize(
    ("name", "glibc", "there"),
    [
        ("dlopen", "2.17", True),
        ("pthread_create", "2.17", True),
        ("nextafter", "2.17", True),
        ("arc4random", "2.35", False),
        ("arc4random", "2.36", True),
        ("arc4random", None, True),
        ("no_such_function", "2.36", False),
    ],
)
def test_what_the_c_library_defines(name: str, glibc: str | None, there: bool) -> None:
    assert make_system(version=glibc, symbols=load_glibc_symbols()).c_library_defines(name) is there
