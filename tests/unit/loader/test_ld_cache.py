"""ldconfig's cache, built here byte by byte as glibc's dl-cache.h lays it out."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.ground.platforms import Arch
from tfsetup.loader.bytes import MalformedImage, Memory
from tfsetup.loader.glibc.ld_cache import FLAGS, MAX_LIBRARIES, MAX_SIZE, read_cache

X86_64, I386, BY_NAME = FLAGS["x86_64"], FLAGS["i686"], 1 << 62
HEADER, ENTRY = struct.Struct("<20sIIB3xI12x"), struct.Struct("<iIIIQ")


@dataclass(frozen=True, kw_only=True)
class Line:
    """A library in the cache. `hwcap` is the number of a subdirectory, None: the plain folder."""

    name: str
    path: str
    flags: int = X86_64
    hwcap: int | None = None
    mask: int = 0


def cache(lines: Sequence[Line], subdirectories: Sequence[str] = (), *, magic: int = 0xEAA42174) -> bytes:
    """Return a cache of the new format; offsets count from its own start."""
    strings, places = b"", []
    start = HEADER.size + ENTRY.size * len(lines)
    for line in lines:
        places.append((start + len(strings), start + len(strings) + len(line.name) + 1))
        strings += line.name.encode() + b"\0" + line.path.encode() + b"\0"
    words = []
    for name in subdirectories:
        words.append(start + len(strings))
        strings += name.encode() + b"\0"
    entries = b"".join(
        ENTRY.pack(line.flags, *place, 0, line.mask if line.hwcap is None else BY_NAME | line.hwcap)
        for line, place in zip(lines, places, strict=True)
    )
    strings += b"\0" * (-(start + len(strings)) % 4)
    extension = start + len(strings) if subdirectories else 0
    whole = HEADER.pack(b"glibc-ld.so.cache1.1", len(lines), len(strings), 0, extension) + entries + strings
    if subdirectories:
        behind = extension + 8 + 16
        whole += struct.pack("<II", magic, 1) + struct.pack("<4I", 1, 0, behind, 4 * len(words))
        whole += struct.pack(f"<{len(words)}I", *words)
    return whole


def behind_the_old_format(new: bytes, libraries: int = 3) -> bytes:
    old = struct.pack("<11sxI", b"ld.so-1.7.0", libraries) + b"\xff" * 12 * libraries
    return old + b"\0" * (-len(old) % 8) + new


def read(data: bytes, arch: Arch = "x86_64", hwcaps: Sequence[str] = ()) -> dict[str, str]:
    return read_cache(Memory(data), arch, hwcaps)


LIBZ = Line(name="libz.so.1", path="/lib/libz.so.1")


def test_a_name_leads_to_its_path() -> None:
    assert read(cache([LIBZ])) == {"libz.so.1": "/lib/libz.so.1"}


def test_an_empty_cache_leads_nowhere() -> None:
    assert read(cache([])) == {}


def test_the_new_format_may_follow_the_old_one() -> None:
    assert read(behind_the_old_format(cache([LIBZ]))) == {"libz.so.1": "/lib/libz.so.1"}


@pytest.mark.parametrize("libraries", [0, 1, 2, 7])
def test_the_new_format_begins_at_a_multiple_of_eight(libraries: int) -> None:
    assert read(behind_the_old_format(cache([LIBZ]), libraries)) == {"libz.so.1": "/lib/libz.so.1"}


def test_the_old_format_alone_is_not_read() -> None:
    with pytest.raises(MalformedImage, match="not a cache of ldconfig"):
        read(behind_the_old_format(b""))


@pytest.mark.parametrize("arch", FLAGS)
def test_an_entry_of_another_architecture_is_none(arch: Arch) -> None:
    lines = [Line(name=f"lib{flags:x}.so", path=f"/{flags:x}", flags=flags) for flags in sorted({*FLAGS.values()})]
    assert read(cache(lines), arch) == {f"lib{FLAGS[arch]:x}.so": f"/{FLAGS[arch]:x}"}


def test_the_first_of_two_equal_entries_counts() -> None:
    lines = [LIBZ, Line(name="libz.so.1", path="/usr/lib/libz.so.1")]
    assert read(cache(lines)) == {"libz.so.1": "/lib/libz.so.1"}


NAMES = ["x86-64-v2", "x86-64-v3", "x86-64-v4"]
LEVELS = [
    LIBZ,
    Line(name="libz.so.1", path="/lib/v2/libz.so.1", hwcap=0),
    Line(name="libz.so.1", path="/lib/v3/libz.so.1", hwcap=1),
    Line(name="libz.so.1", path="/lib/v4/libz.so.1", hwcap=2),
]


@pytest.mark.parametrize(
    ("hwcaps", "path"),
    [
        ([], "/lib/libz.so.1"),
        (["x86-64-v2"], "/lib/v2/libz.so.1"),
        (["x86-64-v3", "x86-64-v2"], "/lib/v3/libz.so.1"),
        (["x86-64-v4", "x86-64-v3", "x86-64-v2"], "/lib/v4/libz.so.1"),
        (["of-another-cpu"], "/lib/libz.so.1"),
    ],
)
def test_the_best_subdirectory_that_this_cpu_uses(hwcaps: list[str], path: str) -> None:
    assert read(cache(LEVELS, NAMES), hwcaps=hwcaps) == {"libz.so.1": path}
    assert read(cache(LEVELS[::-1], NAMES), hwcaps=hwcaps) == {"libz.so.1": path}


def test_a_subdirectory_without_a_name_is_for_no_cpu() -> None:
    lines = [Line(name="libz.so.1", path="/lib/x/libz.so.1", hwcap=9)]
    assert read(cache(lines, NAMES), hwcaps=NAMES) == {}


def test_masks_of_old_hardware_capabilities_are_for_no_cpu_of_today() -> None:
    assert read(cache([Line(name="libz.so.1", path="/lib/tls/libz.so.1", mask=1)])) == {}


def test_a_foreign_extension_names_no_subdirectory() -> None:
    assert read(cache(LEVELS[1:], NAMES, magic=7), hwcaps=NAMES) == {}


def test_a_file_that_is_no_cache() -> None:
    with pytest.raises(MalformedImage, match="not a cache of ldconfig"):
        read(b"\x7fELF" + b"\0" * 100)


def test_more_libraries_than_any_system_has() -> None:
    data = bytearray(cache([]))
    data[20:24] = (MAX_LIBRARIES + 1).to_bytes(4, "little")
    with pytest.raises(MalformedImage, match="a cache of 65537 libraries"):
        read(bytes(data))


def test_a_cache_beyond_belief_is_not_even_read() -> None:
    class Endless:
        size = MAX_SIZE + 1

        def read(self, offset: int, length: int) -> bytes:
            raise AssertionError(f"read {length} at {offset}")

    with pytest.raises(MalformedImage, match="a cache of 67108865 bytes"):
        read_cache(Endless(), "x86_64")


def read_or_reason(data: bytes) -> dict[str, str]:
    """Return what is read, or nothing where the reader says why it reads nothing."""
    try:
        return read(data, hwcaps=NAMES)
    except MalformedImage:
        return {}


@given(st.integers(min_value=0), st.binary(min_size=1, max_size=8))
def test_damage_ends_in_a_reading_or_a_reason(at: int, damage: bytes) -> None:
    data = bytearray(cache(LEVELS, NAMES))
    at %= len(data)
    data[at : at + len(damage)] = damage
    assert len(read_or_reason(bytes(data))) <= len(LEVELS)


@given(st.integers(min_value=0, max_value=len(cache(LEVELS, NAMES)) - 1))
def test_a_cut_cache_ends_in_a_reading_or_a_reason(length: int) -> None:
    assert {*read_or_reason(cache(LEVELS, NAMES)[:length])} <= {"libz.so.1"}


@given(
    st.dictionaries(
        st.from_regex(r"lib[a-z]{1,9}\.so\.[0-9]", fullmatch=True),
        st.from_regex(r"/[a-z/]{1,20}", fullmatch=True),
        max_size=20,
    )
)
def test_what_was_written_is_read(table: dict[str, str]) -> None:
    assert read(cache([Line(name=name, path=path) for name, path in table.items()])) == table
