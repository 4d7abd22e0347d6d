"""Which wheel of uv a machine gets: every platform that uv has wheels for, and those for which it has none."""

from __future__ import annotations

import pytest

from bootstrap.pages import Offered
from bootstrap.wheels import Machine, arch_of, best, this_machine

VERSION = "0.90.1"
TAGS = {
    "linux_armv6l": "armv6",
    "macosx_10_12_x86_64": "mac-intel",
    "macosx_11_0_arm64": "mac-arm",
    "manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64": "arm",
    "manylinux_2_17_armv7l.manylinux2014_armv7l": "armv7",
    "manylinux_2_17_i686.manylinux2014_i686": "i686",
    "manylinux_2_17_ppc64le.manylinux2014_ppc64le": "ppc",
    "manylinux_2_17_s390x.manylinux2014_s390x": "s390",
    "manylinux_2_17_x86_64.manylinux2014_x86_64": "x86",
    "manylinux_2_31_riscv64": "riscv",
    "musllinux_1_1_i686": "i686-musl",
    "musllinux_1_1_armv7l": "armv7-musl",
    "musllinux_1_1_x86_64": "x86-musl",
    "win32": "win32",
    "win_amd64": "win",
    "win_arm64": "win-arm",
}
OFFERED = [Offered(f"uv-{VERSION}-py3-none-{tag}.whl", "", None) for tag in TAGS]
OFFERED += [
    Offered(f"uv-{VERSION}.tar.gz", "", None),
    Offered("uv-0.90.0-py3-none-any.whl", "", None),
    Offered("uv_build-0.90.1-py3-none-win32.whl", "", None),
    Offered("broken.whl", "", None),
]


def chosen(machine: Machine) -> list[str]:
    return [TAGS[one.name.split("-", 4)[4][:-4]] for one in best(machine, OFFERED, VERSION)]


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        (Machine("linux", "x86_64", "glibc", (2, 36)), ["x86", "x86-musl"]),
        (Machine("linux", "x86_64", "glibc", (2, 17)), ["x86", "x86-musl"]),
        (Machine("linux", "x86_64", "glibc", (2, 12)), ["x86-musl"]),
        (Machine("linux", "x86_64", "musl", (1, 1)), ["x86-musl"]),
        (Machine("linux", "x86_64"), ["x86-musl"]),
        (Machine("linux", "aarch64", "glibc", (2, 31)), ["arm"]),
        (Machine("linux", "aarch64", "musl", (1, 1)), ["arm"]),
        (Machine("linux", "armv7l", "glibc", (2, 28)), ["armv7", "armv7-musl"]),
        (Machine("linux", "armv6l", "glibc", (2, 28)), ["armv6"]),
        (Machine("linux", "i686", "glibc", (2, 28)), ["i686", "i686-musl"]),
        (Machine("linux", "ppc64le", "glibc", (2, 34)), ["ppc"]),
        (Machine("linux", "s390x", "glibc", (2, 34)), ["s390"]),
        (Machine("linux", "riscv64", "glibc", (2, 39)), ["riscv"]),
        (Machine("linux", "riscv64", "glibc", (2, 30)), []),
        (Machine("linux", "loongarch64", "glibc", (2, 39)), []),
        (Machine("macos", "aarch64", version=(14, 4)), ["mac-arm"]),
        (Machine("macos", "x86_64", version=(10, 15)), ["mac-intel"]),
        (Machine("macos", "x86_64", version=(10, 11)), []),
        (Machine("windows", "x86_64"), ["win"]),
        (Machine("windows", "aarch64"), ["win-arm"]),
        (Machine("windows", "i686"), ["win32"]),
        (Machine("freebsd14", "x86_64"), []),
    ],
    ids=str,
)
def test_each_machine_has_its_wheel(machine: Machine, expected: list[str]) -> None:
    assert chosen(machine) == expected


def test_equally_good_wheels_stay_in_the_order_of_the_page() -> None:
    names = [f"uv-{VERSION}-py3-none-manylinux_2_{level}_x86_64.whl" for level in (28, 17)]
    offered = [Offered(name, "", None) for name in names]
    assert [one.name for one in best(Machine("linux", "x86_64", "glibc", (2, 40)), offered, VERSION)] == names


@pytest.mark.parametrize(
    ("uname", "bits", "expected"),
    [
        ("x86_64", 64, "x86_64"),
        ("AMD64", 64, "x86_64"),
        ("AMD64", 32, "i686"),
        ("x86_64", 32, "i686"),
        ("arm64", 64, "aarch64"),
        ("ARM64", 64, "aarch64"),
        ("aarch64", 32, "armv7l"),
        ("armv8l", 32, "armv7l"),
        ("armv7l", 32, "armv7l"),
        ("armv6l", 32, "armv6l"),
        ("i586", 32, "i686"),
        ("riscv64", 64, "riscv64"),
    ],
)
def test_the_width_of_the_python_counts_not_the_kernel(uname: str, bits: int, expected: str) -> None:
    assert arch_of(uname, bits) == expected


@pytest.mark.process
def test_this_machine_is_one_of_them() -> None:
    assert best(this_machine(), OFFERED, VERSION)
