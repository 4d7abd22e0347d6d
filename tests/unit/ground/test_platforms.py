"""What a platform is called, and which wheels it takes."""

from __future__ import annotations

import itertools
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.markers import Marker
from packaging.tags import mac_platforms

from tfsetup.ground.platforms import (
    NAMES,
    SUBDIRS,
    UV_GLIBC,
    Arch,
    Os,
    Platform,
    PlatformTag,
    arch_of,
    best_wheel,
    deployment,
    fitting_wheels,
    read_mac_version,
    read_tag,
    spelled,
    wheel_tags,
    x86_level,
)

KNOWN = sorted({*NAMES.values()}, key=lambda one: (one.os, one.arch))
known = st.sampled_from(KNOWN)
levels = st.sampled_from(UV_GLIBC)
combinations = list(itertools.product(get_args(Os), get_args(Arch)))


# ---------------------------------------------------------------------------------------------------------- names


def test_the_table() -> None:
    assert [(one.os, one.arch, one.triple, one.subdir) for one in KNOWN] == [
        ("linux", "aarch64", "aarch64-unknown-linux-gnu", "linux-aarch64"),
        ("linux", "armv6l", "arm-unknown-linux-gnueabi", None),
        ("linux", "armv7l", "armv7-unknown-linux-gnueabihf", None),
        ("linux", "i686", "i686-unknown-linux-gnu", None),
        ("linux", "x86_64", "x86_64-unknown-linux-gnu", "linux-64"),
        ("macos", "arm64", "aarch64-apple-darwin", "osx-arm64"),
        ("macos", "x86_64", "x86_64-apple-darwin", "osx-64"),
        ("windows", "arm64", "aarch64-pc-windows-msvc", None),
        ("windows", "i686", "i686-pc-windows-msvc", None),
        ("windows", "x86_64", "x86_64-pc-windows-msvc", "win-64"),
    ]
    assert SUBDIRS == ("linux-64", "linux-aarch64", "osx-64", "osx-arm64", "win-64")


@given(known)
def test_every_name_of_a_platform_leads_back_to_it(one: Platform) -> None:
    assert Platform.named(f"{one.os}-{one.arch}") == one
    assert Platform.named(one.triple) == one
    assert one.subdir is None or Platform.named(one.subdir) == one
    assert Platform(one.os, spelled(one.arch, one.os)) == one


@given(known, levels)
def test_uv_s_name_leads_back_to_the_platform(one: Platform, level: str) -> None:
    assert Platform.named(one.uv()) == Platform.named(one.uv(level)) == one


@given(known)
def test_what_a_machine_calls_itself_leads_back_to_the_architecture(one: Platform) -> None:
    machine = one.markers["platform_machine"]
    assert [arch_of(text, one.os) for text in (machine, machine.upper(), f" {machine}\n", one.arch)] == [one.arch] * 4
    if one.arch not in {"armv7l", "armv6l"}:  # their triples name a family
        assert arch_of(one.triple.partition("-")[0], one.os) == one.arch


@given(known, known)
def test_a_marker_holds_on_its_own_platform_only(one: Platform, other: Platform) -> None:
    assert Marker(one.marker).evaluate(dict(other.markers)) is (one == other)


@given(known, known, st.booleans(), st.booleans())
def test_a_tag_leads_back_to_the_platform_that_takes_it(one: Platform, other: Platform, told: bool, musl: bool) -> None:
    level = {"macos": "14.4", "linux": "2.39", "windows": "11"}[one.os] if told else None
    read = [tag for text in one.tags(level, musl=musl) if (tag := read_tag(text))]
    assert {tag.os for tag in read} == {one.os}
    assert {tag.arch for tag in read} - {"any", "intel", "fat64", "fat3", "universal"} == {one.arch}
    if one.os == "linux":
        assert {tag.libc for tag in read} - {""} == {"musl" if musl else "glibc"}
    if one.os != other.os or (one.os != "macos" and one != other):
        assert not {*one.tags(level)} & {*other.tags()}


def test_loaders_and_folders_are_one_a_linux_architecture() -> None:
    linux = [one for one in KNOWN if one.os == "linux"]
    assert len({one.multiarch for one in linux}) == len({one.loaders for one in linux}) == len(linux)
    assert Platform("linux", "x86_64").loaders == ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-x86_64.so.1")
    assert Platform("linux", "i686").multiarch == "i386-linux-gnu"
    assert Platform("windows", "x86_64").multiarch == ""


@pytest.mark.parametrize(
    ("text", "platform"),
    [
        ("x86_64-manylinux_2_28", Platform("linux", "x86_64")),
        ("aarch64-manylinux2014", Platform("linux", "aarch64")),
        ("arm64-manylinux_2_28", Platform("linux", "aarch64")),
        ("x86_64-manylinux_2", None),
        ("x86_64-musllinux_1_2", None),
        ("ppc64le-manylinux_2_28", None),
        ("arm64-pc-windows-msvc", None),
        ("osx", None),
        ("", None),
    ],
)
def test_names_with_a_level_and_names_of_nothing(text: str, platform: Platform | None) -> None:
    assert Platform.named(text) == platform


@given(st.text(max_size=40))
def test_any_text_is_a_name_or_none(text: str) -> None:
    found = Platform.named(text)
    assert found is None or found in KNOWN
    assert arch_of(text) is None or arch_of(text) in get_args(Arch)


@pytest.mark.parametrize(("os", "arch"), combinations)
def test_what_nobody_makes_wheels_for_has_names_all_the_same(os: Os, arch: Arch) -> None:
    one = Platform(os, spelled(arch, os))
    assert one.triple
    assert list(one.tags())
    assert one.marker


def test_64_bit_arm_is_spelled_as_the_system_does() -> None:
    assert (spelled("arm64", "linux"), spelled("aarch64", "macos"), spelled("aarch64", "windows")) == (
        "aarch64", "arm64", "arm64",
    )  # fmt: skip
    assert spelled("aarch64", None) == "arm64"
    assert spelled(None, "linux") is None


# ---------------------------------------------------------------------------------------------------------- levels


@pytest.mark.parametrize(
    ("have", "needed", "level"),
    [
        ("2.36", None, "2_36"),
        ("2.30", None, "2_28"),  # between two of uv's
        ("2.99", None, "2_40"),
        ("2.5", None, "2_17"),
        (None, None, "2_17"),
        (None, "2.27", "2_28"),
        ("2.17", "2.27", "2_28"),  # older than the wheel: the first that admits it
        ("2.36", "2.27", "2_36"),
        (None, "2.99", "2_40"),
    ],
)
def test_the_level_that_uv_is_told(have: str | None, needed: str | None, level: str) -> None:
    assert Platform("linux", "x86_64").uv(have, needed) == f"x86_64-manylinux_{level}"


@given(levels, levels)
def test_a_level_that_is_known_is_told_as_it_is(have: str, needed: str) -> None:
    name = Platform("linux", "aarch64").uv(have, needed)
    newer = max(have, needed, key=UV_GLIBC.index)
    assert name == f"aarch64-manylinux_{newer.replace('.', '_')}"


def test_a_mac_s_level_is_no_part_of_its_name() -> None:
    assert Platform("macos", "arm64").uv("14.0") == "aarch64-apple-darwin"
    assert Platform("windows", "arm64").uv() == "aarch64-pc-windows-msvc"
    assert Platform("linux", "aarch64").uv("1.2", musl=True) == "aarch64-unknown-linux-musl"


@pytest.mark.parametrize(
    ("release", "level"),
    [("14.4.1", "14.0"), ("14", "14.0"), ("10.15.7", "10.15"), ("11.2", "11.0"), ("Sonoma", None), (None, None)],
)
def test_from_macos_11_on_tags_count_majors(release: str | None, level: str | None) -> None:
    assert deployment(release) == level


@pytest.mark.parametrize(("text", "real"), [("16.0", None), ("25.1", None), ("15.9", "15.9"), ("26.0", "26.0")])
def test_there_is_no_macos_from_16_to_25(text: str, real: str | None) -> None:
    assert read_mac_version(text) == real


# ------------------------------------------------------------------------------------------------------------ tags


@pytest.mark.parametrize(
    ("platform", "level", "first", "last", "count"),
    [
        (Platform("linux", "x86_64"), "2.17", "manylinux_2_17_x86_64", "linux_x86_64", 13 + 3 + 1),
        (Platform("linux", "aarch64"), None, "manylinux_2_17_aarch64", "linux_aarch64", 13 + 3 + 1),
        (Platform("macos", "arm64"), None, "macosx_12_0_arm64", "macosx_10_4_universal2", None),
        (Platform("macos", "arm64"), "14", "macosx_14_0_arm64", "macosx_10_4_universal2", None),
        (Platform("windows", "x86_64"), None, "win_amd64", "win_amd64", 1),
        (Platform("windows", "i686"), "10.0", "win32", "win32", 1),
        (Platform("windows", "arm64"), None, "win_arm64", "win_arm64", 1),
    ],
)
def test_the_tags_of_a_platform(
    platform: Platform, level: str | None, first: str, last: str, count: int | None
) -> None:
    found = list(platform.tags(level))
    assert (found[0], found[-1]) == (first, last)
    assert count is None or len(found) == count
    assert len(found) == len(set(found))


def test_legacy_tags_stand_behind_their_level() -> None:
    found = list(Platform("linux", "x86_64").tags("2.18"))
    assert found[:3] == ["manylinux_2_18_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"]
    assert found[-3:] == ["manylinux_2_5_x86_64", "manylinux1_x86_64", "linux_x86_64"]


def test_musl_takes_none_of_glibc_s() -> None:
    assert list(Platform("linux", "aarch64").tags("1.2", musl=True)) == [
        "musllinux_1_2_aarch64", "musllinux_1_1_aarch64", "musllinux_1_0_aarch64", "linux_aarch64",
    ]  # fmt: skip


@given(st.integers(11, 30), st.integers(0, 9), st.sampled_from(["arm64", "x86_64"]))
def test_a_mac_s_tags_are_packaging_s(major: int, minor: int, arch: Arch) -> None:
    assert list(Platform("macos", arch).tags(f"{major}.{minor}.1")) == list(mac_platforms((major, minor), arch))


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("any", PlatformTag(os=None, arch="any")),
        ("win_amd64", PlatformTag(os="windows", arch="x86_64")),
        ("win32", PlatformTag(os="windows", arch="i686")),
        ("macosx_12_3_arm64", PlatformTag(os="macos", arch="arm64", floor="12.3")),
        ("macosx_11_0_universal2", PlatformTag(os="macos", arch="any", floor="11.0")),
        ("manylinux2010_i686", PlatformTag(os="linux", arch="i686", floor="2.12", libc="glibc")),
        ("manylinux_2_28_x86_64", PlatformTag(os="linux", arch="x86_64", floor="2.28", libc="glibc")),
        ("musllinux_1_2_x86_64", PlatformTag(os="linux", arch="x86_64", floor="1.2", libc="musl")),
        ("linux_armv7l", PlatformTag(os="linux", arch="armv7l")),
        ("win_ia64", None),
        ("manylinux2014_", None),
        ("linux_", None),
        ("freebsd_13_amd64", None),
    ],
)
def test_what_a_tag_says(text: str, tag: PlatformTag | None) -> None:
    assert read_tag(text) == tag


def test_the_tags_of_a_python() -> None:
    found = [str(tag) for tag in wheel_tags("3.12", iter(["win_amd64"]))]
    assert found[:3] == ["cp312-cp312-win_amd64", "cp312-abi3-win_amd64", "cp312-none-win_amd64"]
    assert "cp310-abi3-win_amd64" in found
    assert found[-1] == "py30-none-any"
    assert not [tag for tag in found if "cp313" in tag or "linux" in tag]


def test_the_best_of_several_wheels() -> None:
    tags = list(wheel_tags("3.12", Platform("linux", "x86_64").tags("2.28")))
    plain, old, new = "a-1-py3-none-any.whl", "a-1-cp312-cp312-manylinux2014_x86_64.whl", (
        "a-1-cp312-cp312-manylinux_2_28_x86_64.whl"
    )  # fmt: skip
    assert best_wheel([plain, old, new], tags) == new
    assert best_wheel([plain, old], tags) == old
    assert best_wheel([plain, "a-1.tar.gz", "no wheel.whl"], tags) == plain
    assert best_wheel(["a-1-cp312-cp312-manylinux_2_39_x86_64.whl"], tags) is None
    assert best_wheel([], tags) is None


def test_of_one_tag_the_higher_build_is_preferred() -> None:
    tags = list(wheel_tags("3.12", Platform("linux", "x86_64").tags("2.28")))
    plain, second, tenth = (f"a-1{build}-cp312-cp312-manylinux2014_x86_64.whl" for build in ("", "-2", "-10"))
    newer = "a-1-cp312-cp312-manylinux_2_28_x86_64.whl"
    for names in itertools.permutations((plain, second, tenth, newer)):
        assert fitting_wheels(names, tags) == [newer, tenth, second, plain]


@pytest.mark.parametrize(("level", "best"), [("13.6", "10_13"), ("14.0", "14_0"), ("15.5", "14_0")])
def test_of_several_macos_the_newest_that_fits_is_preferred(level: str, best: str) -> None:
    tags = list(wheel_tags("3.12", Platform("macos", "x86_64").tags(level)))
    names = [f"a-1-cp312-cp312-macosx_{floor}_x86_64.whl" for floor in ("10_9", "14_0", "10_13")]
    assert best_wheel(names, tags) == f"a-1-cp312-cp312-macosx_{best}_x86_64.whl"


# -------------------------------------------------------------------------------------------------------- features

V2 = ("cx16", "popcnt", "sse4_1", "sse4_2", "ssse3")
V3 = (*V2, "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe")
V4 = (*V3, "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl")


@pytest.mark.parametrize(
    ("features", "level"), [((), 1), (V2, 2), (V3, 3), (V4, 4), (V4[5:], 1), ((*V2, *V4[12:]), 2), (("sse2", *V3), 3)]
)
def test_a_level_needs_the_features_of_those_below(features: tuple[str, ...], level: int) -> None:
    assert x86_level(features) == level
