"""A machine in conda's words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from support.conda import HOSTS
from tfsetup.errors import UsageError
from tfsetup.host.model import Cpu, Gpu, Host, Libc
from tfsetup.locks.conda.platforms import subdir_of, virtual_packages
from tfsetup.matrix.model import Target


@pytest.mark.parametrize(
    ("platform", "subdir"),
    [
        ("aarch64-apple-darwin", "osx-arm64"),
        ("x86_64-apple-darwin", "osx-64"),
        ("x86_64-manylinux_2_28", "linux-64"),
        ("aarch64-manylinux_2_36", "linux-aarch64"),
        ("x86_64-pc-windows-msvc", "win-64"),
    ],
)
def test_each_target_has_its_subdir(platform: str, subdir: str) -> None:
    assert subdir_of(Target(platform=platform, python="3.12")) == subdir


@pytest.mark.parametrize("platform", ["arm64-pc-windows-msvc", "armv7l-manylinux_2_31", "x86_64-musllinux_1_2"])
def test_a_target_without_a_subdir_is_refused(platform: str) -> None:
    with pytest.raises(UsageError, match=platform) as caught:
        subdir_of(Target(platform=platform, python="3.12"))
    assert caught.value.hint == "Use --backend venv."


def told(host: Host, subdir: str) -> list[str]:
    return [str(one) for one in virtual_packages(host, subdir)]


def test_the_machines_as_conda_sees_them() -> None:
    assert {subdir: told(host, subdir) for subdir, host in HOSTS.items()} == {
        "linux-64": ["__unix=0=0", "__linux=5.10=0", "__glibc=2.36=0", "__archspec=1=x86_64"],
        "linux-aarch64": ["__unix=0=0", "__linux=5.10=0", "__glibc=2.36=0", "__archspec=1=aarch64"],
        "osx-64": ["__unix=0=0", "__osx=14.0=0", "__archspec=1=x86_64"],
        "osx-arm64": ["__unix=0=0", "__osx=14.0=0", "__archspec=1=m1"],
        "win-64": ["__win=10.0.22000=0", "__archspec=1=x86_64"],
    }


def test_what_cannot_be_told_is_the_least() -> None:
    assert "__glibc=2.17=0" in told(Host(os="linux", arch="x86_64"), "linux-64")
    assert "__osx=11.0=0" in told(Host(os="macos", arch="arm64"), "osx-arm64")
    assert "__win=0=0" in told(Host(os="windows", arch="x86_64"), "win-64")
    musl = Host(os="linux", arch="x86_64", libc=Libc(name="musl", version="1.2"))
    assert "__glibc=2.17=0" in told(musl, "linux-64")


@pytest.mark.parametrize(
    ("system", "driver", "cuda"),
    [
        ("linux", "580.65.06", "13.0"),
        ("linux", "550.54.14", "12.4"),
        ("linux", "550.40", "12.3"),
        ("linux", "418.10", None),
        ("windows", "551.61", "12.4"),
        ("windows", "550.54", "12.3"),
        ("linux", "nonsense", None),
        ("linux", None, None),
    ],
)
def test_a_driver_stands_for_the_cuda_it_carries(system: Any, driver: str | None, cuda: str | None) -> None:
    subdir = "linux-64" if system == "linux" else "win-64"
    host = Host(os=system, arch="x86_64", gpus=(Gpu(vendor="nvidia", driver=driver),))
    found = [one.version for one in virtual_packages(host, subdir) if one.name == "__cuda"]
    assert found == ([cuda] if cuda else [])


V2 = ("cx16", "popcnt", "sse4_1", "sse4_2", "ssse3")
V3 = (*V2, "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe")
V4 = (*V3, "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl")


@pytest.mark.parametrize(
    ("features", "level"),
    [(V4, "x86_64_v4"), (V3, "x86_64_v3"), (V2, "x86_64_v2"), (("avx2", *V4[12:]), "x86_64"), (None, "x86_64")],
)
def test_a_level_needs_all_features_of_those_below(features: tuple[str, ...] | None, level: str) -> None:
    host = replace(HOSTS["linux-64"], cpu=Cpu(features=features))
    assert told(host, "linux-64")[-1] == f"__archspec=1={level}"


def test_an_apple_chip_is_named_by_its_generation() -> None:
    host = replace(HOSTS["osx-arm64"], cpu=Cpu(brand="Apple M3 Pro"))
    assert told(host, "osx-arm64")[-1] == "__archspec=1=m3"


def test_a_translated_process_is_a_plain_x86_64() -> None:
    host = replace(HOSTS["osx-arm64"], rosetta=True, cpu=Cpu(brand="Apple M3 Pro", features=V4))
    assert told(host, "osx-64")[-1] == "__archspec=1=x86_64"
