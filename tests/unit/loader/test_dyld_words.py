"""The texts that differ between the dylds of macOS 10.13, 11, 12, 12.5, 13, 14, 14.4, 15, 15.4 and 26."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.loader.dyld import words
from tfsetup.loader.dyld.words import Mac, Named
from tfsetup.loader.model import Mode

BY = Named(path="/S/p.dylib", uuid="0A-1")
FROM = Named(path="/S/t.dylib", uuid="0B-2")
NEW = Named(path="/S/p.dylib", uuid="0A-1", minos=(14, 2, 0))


def mac(*version: int, arch: str = "arm64", rosetta: bool = False) -> Mac:
    return Mac(
        version=(version[0], version[1]), architecture="x86_64" if arch == "x86_64" else "arm64", rosetta=rosetta
    )


@pytest.mark.parametrize(
    ("mode", "number"),
    [
        (Mode(now=True), 2),
        (Mode(now=False), 1),
        (Mode(now=True, scope="local"), 6),
        (Mode(now=True, scope="global"), 10),
        (Mode(now=False, scope="global"), 9),
    ],
)
def test_modes_as_dlfcn_has_them(mode: Mode, number: int) -> None:
    assert words.mode_number(mode) == number
    assert words.dlopen_failed(mac(11, 7), "/p", mode, "why") == f"dlopen(/p, {number}): why"
    assert words.dlopen_failed(mac(12, 0), "/p", mode, "why") == f"dlopen(/p, 0x{number:04X}): why"


TRIES = [("/a", "no such file"), ("/b", "wrong"), ("/c", "damaged")]


def test_what_was_tried() -> None:
    assert words.tried(mac(12, 0), TRIES) == "tried: '/a' (no such file), '/b' (wrong), '/c' (damaged)"
    assert words.tried(mac(26, 0), TRIES[:1]) == "tried: '/a' (no such file)"


def test_macos_11_speaks_of_what_it_found_only() -> None:
    assert words.tried(mac(11, 7), TRIES) == "no suitable image found.  Did find:\n\t/b: wrong\n\t/c: damaged"
    assert words.tried(mac(11, 7), TRIES[:1]) == "image not found"
    assert words.tried(mac(11, 7), []) == "image not found"


@pytest.mark.parametrize(
    ("version", "path", "disk_only", "said"),
    [
        ((12, 6), "/usr/lib/x.dylib", False, "no such file"),
        ((13, 0), "/usr/lib/x.dylib", False, "no such file, not in dyld cache"),
        ((13, 0), "/usr/lib/x.dylib", True, "no such file"),
        ((14, 4), "/System/Library/F/x", False, "no such file, not in dyld cache"),
        ((14, 4), "/usr/local/lib/x.dylib", False, "no such file"),
    ],
)
def test_a_file_that_is_not_there(version: tuple[int, int], path: str, disk_only: bool, said: str) -> None:
    assert words.missing(mac(*version), path, disk_only=disk_only) == said


@pytest.mark.parametrize(
    ("version", "present", "said"),
    [
        ((13, 0), False, ""),
        ((14, 0), False, "no LC_RPATH's found"),
        ((14, 4), True, ""),
        (
            (15, 0),
            True,
            "no LC_RPATH's used.  They may be invalid, eg, not start with '@loader_path' or '@executable_path'",
        ),
    ],
)
def test_no_rpath_led_anywhere(version: tuple[int, int], present: bool, said: str) -> None:
    assert words.no_rpaths(mac(*version), present=present) == said


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ((11, 7), "Library not loaded: @rpath/l\n  Referenced from: /S/p.dylib\n  Reason: why"),
        ((12, 4), "Library not loaded: @rpath/l\n  Referenced from: /S/p.dylib\n  Reason: why"),
        ((12, 5), "Library not loaded: '@rpath/l'\n  Referenced from: '/S/p.dylib'\n  Reason: why"),
        ((13, 0), "Library not loaded: @rpath/l\n  Referenced from: <0A-1> /S/p.dylib\n  Reason: why"),
        ((26, 0), "Library not loaded: @rpath/l\n  Referenced from: <0A-1> /S/p.dylib\n  Reason: why"),
    ],
)
def test_a_library_that_is_not_loaded(version: tuple[int, int], said: str) -> None:
    assert words.library_not_loaded(mac(*version), "@rpath/l", BY, "why") == said


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ((11, 7), "Symbol not found: _f\n  Referenced from: /S/p.dylib\n  Expected in: /S/t.dylib\n in /S/p.dylib"),
        ((12, 4), "Symbol not found: _f\n  Referenced from: /S/p.dylib\n  Expected in: /S/t.dylib"),
        ((12, 5), "Symbol not found: (_f)\n  Referenced from: '/S/p.dylib'\n  Expected in: '/S/t.dylib'"),
        ((13, 0), "Symbol not found: _f\n  Referenced from: <0A-1> /S/p.dylib\n  Expected in:     <0B-2> /S/t.dylib"),
    ],
)
def test_a_symbol_that_its_library_lacks(version: tuple[int, int], said: str) -> None:
    assert words.symbol_not_found(mac(*version), "_f", BY, FROM) == said


def test_a_library_that_was_linked_weakly_and_is_absent() -> None:
    said = words.symbol_not_found(mac(14, 4), "_f", BY, words.system_library(None))
    assert said.endswith("Expected in:     <no uuid> unknown")


def test_the_uuid_of_a_library_of_macos_is_left_open() -> None:
    said = words.symbol_not_found(mac(14, 4), "_f", BY, words.system_library("/usr/lib/libc++.1.dylib"))
    assert said.endswith("Expected in:     <…> /usr/lib/libc++.1.dylib")


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ((11, 7), "Symbol not found: _f\n  Referenced from: /S/p.dylib\n  Expected in: flat namespace\n in /S/p.dylib"),
        ((12, 0), "symbol not found in flat namespace '_f'"),
        ((12, 6), "symbol not found in flat namespace (_f)"),
        ((14, 4), "symbol not found in flat namespace '_f'"),
    ],
)
def test_a_symbol_that_nobody_has(version: tuple[int, int], said: str) -> None:
    assert words.flat_not_found(mac(*version), "_f", BY) == said


def test_a_coalesced_symbol_that_nobody_has() -> None:
    assert words.weak_def_not_found(mac(11, 7), "_f", NEW) == (
        "Symbol not found: _f\n  Referenced from: /S/p.dylib\n  Expected in: weak\n in /S/p.dylib"
    )
    assert words.weak_def_not_found(mac(14, 4), "_f", BY) == "weak-def symbol not found '_f'"
    assert words.weak_def_not_found(mac(15, 0), "_f", BY) == (
        "Symbol not found: _f\n  Referenced from: <0A-1> /S/p.dylib\n"
        "  Expected as weak-def export from some loaded dylib"
    )


def test_ordinals_that_lead_nowhere() -> None:
    assert words.reexport_out_of_range(9, BY, "_f") == "re-export ordinal 9 in /S/p.dylib out of range for _f"
    assert words.unknown_ordinal(9, BY, "_f") == "unknown library ordinal 9 in /S/p.dylib when binding '_f'"


@pytest.mark.parametrize(
    ("system", "need"),
    [
        (mac(12, 0), "'arm64e'"),
        (mac(12, 6), "(arm64e)"),
        (mac(13, 0), "'arm64'"),
        (mac(14, 4), "'arm64e' or 'arm64'"),
        (mac(26, 0), "'arm64e' or 'arm64e.v1' or 'arm64' or 'arm64'"),
        (mac(12, 0, arch="x86_64"), "'x86_64h'"),
        (mac(14, 4, arch="x86_64"), "'x86_64h' or 'x86_64'"),
        (mac(14, 4, arch="x86_64", rosetta=True), "'x86_64'"),
    ],
)
def test_the_architectures_a_process_needs(system: Mac, need: str) -> None:
    said = words.wrong_architecture(system, ["ppc"], fat=False)
    assert said.startswith("mach-o file, but is an incompatible architecture (have ")
    assert said.endswith(f"need {need})")


def test_a_universal_file_without_a_slice() -> None:
    assert words.wrong_architecture(mac(14, 4), ["i386", "x86_64"], fat=True) == (
        "fat file, but missing compatible architecture (have 'i386,x86_64', need 'arm64e' or 'arm64')"
    )
    assert words.wrong_architecture(mac(11, 7), ["i386"], fat=True) == "no matching architecture in universal wrapper"
    assert words.wrong_architecture(mac(11, 7), ["i386"], fat=False) == "mach-o, but wrong architecture"


def test_a_file_for_another_platform() -> None:
    assert words.wrong_platform(mac(14, 4), "/p", "'iOS'").startswith(
        "mach-o file (/p), but incompatible platform (have "
    )
    assert words.wrong_platform(mac(12, 6), "/p", "iOS") == (
        "mach-o file (/p), but incompatible platform (have (iOS), need (macOS))"
    )


@pytest.mark.parametrize(
    ("version", "remark"),
    [
        ((11, 7), " (which was built for Mac OS X 14.2)"),
        ((12, 4), ""),
        ((13, 0), " (built for macOS 14.2 which is newer than running OS)"),
        ((14, 2), ""),
        ((15, 0), ""),
    ],
)
def test_an_image_built_for_a_later_macos(version: tuple[int, int], remark: str) -> None:
    said = words.symbol_not_found(mac(*version), "_f", NEW, FROM)
    assert f"/S/p.dylib{remark}\n" in said
    assert remark or "built for" not in said
    missing = words.library_not_loaded(mac(*version), "l", NEW, "why")
    assert f"/S/p.dylib{'' if version < (12, 0) else remark}\n" in missing  # dyld 2 remarks on symbols only


def test_a_patch_level_is_named_where_there_is_one() -> None:
    later = Named(path="/S/p.dylib", uuid=None, minos=(14, 2, 1))
    assert "built for macOS 14.2.1 which" in words.symbol_not_found(mac(13, 0), "_f", later, FROM)
    assert "(which was built for Mac OS X 14.2)" in words.symbol_not_found(mac(10, 15), "_f", later, FROM)


@given(
    st.tuples(st.integers(10, 26), st.integers(0, 9)),
    st.text(st.characters(codec="ascii", exclude_categories=["C"]), min_size=1),
)
def test_every_macos_names_the_symbol_and_both_images(version: tuple[int, int], symbol: str) -> None:
    said = words.symbol_not_found(mac(*version), symbol, BY, FROM)
    assert all(part in said for part in (symbol, BY.path, FROM.path))
    assert bool(re.search("<0A-1>.*<0B-2>", said, re.DOTALL)) is (version >= (13, 0))
