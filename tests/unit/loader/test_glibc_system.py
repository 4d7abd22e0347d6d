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
from tfsetup.loader.glibc.stock import parse_symbols, stock_library
from tfsetup.loader.glibc.system import CACHE, System, system_of
from tfsetup.loader.shipped import load_glibc_symbols

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


def make_system(arch: Arch = "x86_64", version: str | None = "2.36", **changes: object) -> System:
    libc = Libc(name="glibc", version=version)
    return system_of(Host(os="linux", libc=libc, cpu=Cpu(features=V3)), arch, Tree({}), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("version", "release"),
    [("2.36", (2, 36)), ("2.17", (2, 17)), ("2.31.1", (2, 31)), (None, None), ("strange", None), ("2", None)],
)
def test_releases(version: str | None, release: tuple[int, int] | None) -> None:
    assert make_system(version=version).glibc == release


def test_folders_of_debian_and_of_others() -> None:
    assert make_system().directories == (
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
        ("libGL.so.1", "ANY_1", (2, 36), None),
    ],
)
def test_version_levels(soname: str, version: str, glibc: tuple[int, int] | None, answer: bool | None) -> None:
    stock = stock_library(soname, "x86_64", glibc)
    assert stock is not None
    assert stock.provides(version) is answer


@pytest.mark.parametrize(
    "soname",
    ["libtensorflow_cc.so.2", "libcudart.so.12", "ld-linux-aarch64.so.1", "libfoo.so", "libamdhip64.so", "libhip.so.1"],
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
    ],
)
def test_presence(soname: str, presence: str) -> None:
    stock = stock_library(soname, "x86_64", (2, 36))
    assert stock is not None
    assert stock.presence == presence


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
