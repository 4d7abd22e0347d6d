"""Where ld.so looks, in which order, and which files it takes; texts as elf/dl-load.c has them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.elf_build import Library, build_elf
from support.tree import Tree
from tfsetup.ground.platforms import Arch
from tfsetup.host.model import Cpu, Host, Libc
from tfsetup.loader.bytes import MalformedImage, Memory
from tfsetup.loader.elf.image import DF_1_NODEFLIB, Elf
from tfsetup.loader.glibc.search import (
    MAX_FOLDERS,
    Opened,
    Place,
    Refusal,
    Skip,
    candidates,
    examine,
    expand,
    origin_of,
    place_of,
    search,
)
from tfsetup.loader.glibc.system import System, system_of

PLAIN = Place(origin="/app", runpath=None, rpaths=())
GOOD = build_elf(Library(soname="lib.so"))


def system(
    files: Mapping[str, bytes] | None = None,
    *,
    arch: Arch = "x86_64",
    library_path: str = "",
    features: tuple[str, ...] = (),
    folders: tuple[str, ...] = (),
    real: bool = False,
) -> System:
    host = Host(
        os="linux",
        os_version="debian 12",
        arch=arch,
        libc=Libc(name="glibc", version="2.36"),
        cpu=Cpu(features=features),
    )
    return system_of(host, arch, Tree(files or {}, folders), real=real, library_path=library_path)


def elf_of(library: Library) -> Elf:
    return Elf(Memory(build_elf(library)))


def changed(at: int, *values: int) -> bytes:
    return GOOD[:at] + bytes(values) + GOOD[at + len(values) :]


# ------------------------------------------------------------------------------------------- where it is looked for


def test_runpath_comes_behind_the_variable_and_rpath_before_it() -> None:
    here = system(library_path="/variable")
    with_runpath = Place(origin="/app", runpath="/runpath", rpaths=(("/above", "/"),))
    assert list(candidates("l.so", with_runpath, here))[:2] == ["/variable/l.so", "/runpath/l.so"]
    with_rpath = Place(origin="/app", runpath=None, rpaths=(("/own", "/app"), ("/above", "/")))
    assert list(candidates("l.so", with_rpath, here))[:3] == ["/own/l.so", "/above/l.so", "/variable/l.so"]


def test_the_variable_may_be_joined_by_semicolons_and_an_empty_part_is_the_working_folder() -> None:
    found = list(candidates("l.so", PLAIN, system(library_path="/a;/b::/c")))
    assert found[:4] == ["/a/l.so", "/b/l.so", "l.so", "/c/l.so"]


def test_a_folder_that_is_named_twice_in_one_list_is_looked_into_once() -> None:
    found = list(candidates("l.so", PLAIN, system(library_path="/a:/b:/a")))
    assert found.count("/a/l.so") == 1


def test_the_systems_own_folders_come_last() -> None:
    here = system()
    assert list(candidates("l.so", PLAIN, here)) == [f"{folder}/l.so" for folder in here.directories]


def test_nodeflib_leaves_the_systems_folders_out() -> None:
    place = place_of(elf_of(Library(flags_1=DF_1_NODEFLIB)), "/app/x.so", (), "/")
    assert place.no_default
    assert list(candidates("l.so", place, system())) == []


def test_subdirectories_for_better_cpus_come_first_in_every_folder() -> None:
    v2 = ("cx16", "lahf_lm", "popcnt", "sse3", "pni", "sse4_1", "sse4_2", "ssse3")
    found = list(candidates("l.so", PLAIN, system(library_path="/a", features=v2)))
    assert found[:2] == ["/a/glibc-hwcaps/x86-64-v2/l.so", "/a/l.so"]


@pytest.mark.parametrize(
    ("value", "expanded"),
    [
        ("$ORIGIN/../lib", "/app/../lib"),
        ("${ORIGIN}x", "/appx"),
        ("$ORIGINX", "$ORIGINX"),
        ("$LIB", "lib/x86_64-linux-gnu"),
        ("${PLATFORM}", "x86_64"),
        ("$UNKNOWN/${UNKNOWN}", "$UNKNOWN/${UNKNOWN}"),
        ("no token", "no token"),
    ],
)
def test_tokens(value: str, expanded: str) -> None:
    assert expand(value, "/app", system()) == expanded


@pytest.mark.parametrize(
    ("name", "origin"),
    [("/a/b/c.so", "/a/b"), ("/c.so", "/"), ("c.so", "/here"), ("sub/c.so", "/here/sub"), ("../c.so", "/here/..")],
)
def test_the_origin_is_the_folder_of_the_name_it_was_opened_by(name: str, origin: str) -> None:
    assert origin_of(name, "/here") == origin


def test_a_place_knows_the_rpaths_of_those_above_and_only_its_own_runpath() -> None:
    above = (("/above", "/top"),)
    assert place_of(elf_of(Library(rpath="$ORIGIN")), "/app/x.so", above, "/").rpaths == (("$ORIGIN", "/app"), *above)
    with_both = place_of(elf_of(Library(runpath="/r")), "/app/x.so", above, "/")
    assert (with_both.runpath, with_both.rpaths) == ("/r", above)
    assert place_of(None, "x.so", above, "/here") == Place(origin="/here", runpath=None, rpaths=above)


def test_a_search_path_beyond_belief() -> None:
    endless = elf_of(Library(runpath=":".join(f"/{number}" for number in range(MAX_FOLDERS + 2))))
    with pytest.raises(MalformedImage, match="more than 1024 folders"):
        place_of(endless, "/app/x.so", (), "/")


@given(st.lists(st.from_regex(r"/[a-z]{1,5}", fullmatch=True), min_size=1, max_size=8))
def test_every_folder_of_a_list_is_tried_in_its_order(folders: list[str]) -> None:
    found = list(candidates("l.so", PLAIN, system(library_path=":".join(folders))))
    assert found[: len(set(folders))] == [f"{folder}/l.so" for folder in dict.fromkeys(folders)]


# ------------------------------------------------------------------------------------------------ which file is taken


def test_the_first_file_that_will_do_is_taken() -> None:
    here = system({"/a/l.so": changed(18, 183), "/b/l.so": GOOD, "/c/l.so": GOOD}, library_path="/a:/b:/c")
    found = search("l.so", PLAIN, here)
    assert isinstance(found, Opened)
    assert (found.name, found.entry.path) == ("/b/l.so", "/b/l.so")


@pytest.mark.parametrize(
    ("files", "library_path", "passed"),
    [
        ({}, "/a", Skip.MISSING),
        ({"/a/l.so": changed(18, 183)}, "/a", Skip.OTHER_MACHINE),
        ({"/a/l.so": changed(4, 1)}, "/a", Skip.OTHER_CLASS),
        ({"/a/l.so": changed(18, 183), "/b/l.so": changed(4, 1)}, "/a:/b", Skip.OTHER_CLASS),
    ],
)
def test_the_most_telling_thing_passed_over(files: dict[str, bytes], library_path: str, passed: Skip) -> None:
    assert search("l.so", PLAIN, system(files, library_path=library_path)) is passed


def test_nowhere_to_look_is_not_the_same_as_nothing_found() -> None:
    assert search("l.so", Place(origin="/", runpath=None, rpaths=(), no_default=True), system()) is Skip.NOWHERE


def test_a_name_with_a_slash_is_a_path_and_no_name() -> None:
    here = system({"/app/l.so": GOOD, "/lib/x/l.so": GOOD}, library_path="/lib/x")
    found = search("$ORIGIN/l.so", PLAIN, here)
    assert isinstance(found, Opened)
    assert found.name == "/app/l.so"
    assert search("x/l.so", PLAIN, here) is Skip.MISSING


def test_a_folder_in_the_place_of_a_file_ends_the_search() -> None:
    with pytest.raises(Refusal, match=r"/a/l\.so: cannot read file data: Is a directory") as caught:
        search("l.so", PLAIN, system({"/b/l.so": GOOD}, library_path="/a:/b", folders=("/a", "/a/l.so")))
    assert caught.value.kind == "malformed-image"


@pytest.mark.parametrize(
    ("data", "text", "kind"),
    [
        (b"", "file too short", "malformed-image"),
        (GOOD[:63], "file too short", "malformed-image"),
        (b"#!" + GOOD[2:], "invalid ELF header", "malformed-image"),
        (changed(5, 2), "ELF file data encoding not little-endian", "wrong-architecture"),
        (changed(6, 2), "ELF file version ident does not match current one", "malformed-image"),
        (changed(7, 9), "ELF file OS ABI invalid", "malformed-image"),
        (changed(8, 1), "ELF file ABI version invalid", "malformed-image"),
        (changed(7, 3, 4), "ELF file ABI version invalid", "malformed-image"),
        (changed(15, 1), "nonzero padding in e_ident", "malformed-image"),
        (changed(20, 2), "ELF file version does not match current one", "malformed-image"),
        (changed(16, 1), "only ET_DYN and ET_EXEC can be loaded", "malformed-image"),
        (changed(54, 1), "ELF file's phentsize not the expected size", "malformed-image"),
        (changed(32, 0xFF, 0xFF, 0xFF), "cannot read file data", "malformed-image"),
    ],
)
def test_a_file_of_the_wrong_kind_ends_the_search_in_the_loaders_words(data: bytes, text: str, kind: str) -> None:
    with pytest.raises(Refusal) as caught:
        examine("/a/l.so", system({"/a/l.so": data}))
    assert str(caught.value) == f"/a/l.so: {text}"
    assert (caught.value.kind, caught.value.path) == (kind, "/a/l.so")


@pytest.mark.parametrize("data", [changed(7, 3), changed(7, 3, 3), changed(16, 2)])
def test_what_is_odd_and_taken_all_the_same(data: bytes) -> None:
    assert isinstance(examine("/a/l.so", system({"/a/l.so": data})), Opened)


def test_a_relative_path_is_seen_from_the_working_folder() -> None:
    here = system({"/l.so": GOOD})
    found = examine("l.so", here)
    assert here.cwd == "/"
    assert isinstance(found, Opened)
    assert found.name == "l.so"


def test_debians_loader_looks_at_the_machine_before_the_byte_order() -> None:
    swapped = changed(5, 2)
    files = {"/a/l.so": swapped[:18] + b"\xb7\x00" + swapped[20:]}
    assert examine("/a/l.so", system(files)) is Skip.OTHER_MACHINE
    with pytest.raises(Refusal, match="not little-endian"):
        examine("/a/l.so", system(files, real=True))


@given(st.integers(min_value=0, max_value=63), st.integers(min_value=0, max_value=255))
def test_any_header_is_taken_passed_over_or_refused_in_words(at: int, value: int) -> None:
    try:
        answer: object = examine("/a/l.so", system({"/a/l.so": changed(at, value)}))
    except Refusal as refusal:
        answer = str(refusal)
    assert isinstance(answer, Opened | Skip) or str(answer).startswith("/a/l.so: ")
