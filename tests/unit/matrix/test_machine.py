from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.tags import mac_platforms

from support.matrix import mac
from tfsetup.ground.platforms import spelled
from tfsetup.host.model import Host, Libc
from tfsetup.matrix.machine import fits, floor, floor_version, hardware, macos_in, parse_tag


@pytest.mark.parametrize(
    ("platform", "os", "arch", "have", "expected"),
    [
        ("macosx_12_0_arm64", "macos", "arm64", "12.0", True),
        ("macosx_12_0_arm64", "macos", "arm64", "11.7", False),
        ("macosx_12_0_arm64", "macos", "x86_64", "14.0", False),
        ("macosx_11_0_universal2", "macos", "x86_64", "14.0", True),
        ("macosx_10_15_x86_64", "macos", "x86_64", "10.14", False),
        ("macosx_10_15_x86_64", "macos", "x86_64", "26.0", True),
        ("macosx_12_0_arm64", "macos", "arm64", None, True),  # could not tell is no obstacle
        ("manylinux2010_x86_64", "linux", "x86_64", "2.12", True),
        ("manylinux2010_x86_64", "linux", "x86_64", "2.11", False),
        ("manylinux1_x86_64", "linux", "x86_64", "2.5", True),
        ("manylinux_2_17_x86_64.manylinux2014_x86_64", "linux", "x86_64", "2.17", True),
        ("manylinux_2_27_x86_64", "linux", "x86_64", "2.26", False),
        ("manylinux_2_27_aarch64", "linux", "x86_64", "2.36", False),
        ("musllinux_1_2_x86_64", "linux", "x86_64", "2.36", False),
        ("win_amd64", "windows", "x86_64", None, True),
        ("win_amd64", "windows", "i686", None, False),
        ("win32", "windows", "i686", None, True),
        ("any", "linux", "aarch64", "2.17", True),
    ],
)
def test_which_tags_fit(platform: str, os: Any, arch: Any, have: str | None, expected: bool) -> None:
    assert fits(platform, os, arch, have) is expected


@given(st.integers(11, 30), st.integers(11, 30))
def test_mac_tags_agree_with_packaging(host: int, tag: int) -> None:
    ours = fits(f"macosx_{tag}_0_arm64", "macos", "arm64", f"{host}.3")
    assert ours is (f"macosx_{tag}_0_arm64" in set(mac_platforms((host, 3), "arm64")))


@given(st.text(alphabet="abcdefmnux_0123456789.", max_size=30))
def test_any_text_is_a_tag_or_none(text: str) -> None:
    tag = parse_tag(text)
    assert tag is None or tag.arch


def test_the_floor_of_a_compressed_tag_is_its_oldest() -> None:
    assert floor("manylinux_2_17_x86_64.manylinux2014_x86_64", "linux", "x86_64") == "2.17"
    assert floor("win_amd64", "windows", "x86_64") is None


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        (Host(os="macos", arch="x86_64", rosetta=True), "arm64"),  # a process's word for itself
        (Host(os="macos", arch="arm64", rosetta=True), "arm64"),
        (Host(os="macos", arch="x86_64", rosetta=False), "x86_64"),
        (Host(os="linux", arch="arm64"), "aarch64"),
        (Host(os="windows", arch="aarch64"), "arm64"),
        (Host(os="linux"), None),
    ],
)
def test_the_hardware(host: Host, expected: str | None) -> None:
    assert hardware(host) == expected


def test_spelling_leaves_what_it_does_not_know() -> None:
    assert spelled("armv7l", "linux") == "armv7l"
    assert spelled(None, "macos") is None


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        (mac(os_version="14.4.1"), "14.4.1"),
        (mac(os_version="10.16"), None),  # SYSTEM_VERSION_COMPAT: 11 or later, nobody knows which
        (mac(os_version="10.16.0"), None),
        (mac(os_version="Sonoma"), None),
        (mac(os_version=None), None),
        (Host(os="linux", libc=Libc(name="glibc", version="2.31")), "2.31"),
        (Host(os="linux", libc=Libc(name="musl", version="1.2")), None),
        (Host(os="windows", os_version="11"), None),
    ],
)
def test_what_a_floor_is_compared_with(host: Host, expected: str | None) -> None:
    assert floor_version(host) == expected


@pytest.mark.parametrize(("wanted", "have", "expected"), [(">=12.1", "12", True), (">=12.1", "12.0.1", False)])
def test_a_bare_major_stands_for_its_newest(wanted: str, have: str, expected: bool) -> None:
    assert macos_in(wanted, have) is expected
