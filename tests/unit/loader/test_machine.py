from __future__ import annotations

import pytest

from tfsetup.errors import UsageError
from tfsetup.host.model import Cpu, Host, Libc, Python
from tfsetup.loader.machine import machine_of


def test_a_host_must_say_its_system_and_architecture() -> None:
    with pytest.raises(UsageError) as caught:
        machine_of(Host(os="macos"))
    assert "--host" in caught.value.hint
    with pytest.raises(UsageError):
        machine_of(Host(arch="arm64"))


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("14.4.1", (14, 4)),
        ("14", (14, 0)),
        ("11 (22H2)", (11, 0)),
        ("10.16", None),
        ("debian 12", None),
        ("", None),
        (None, None),
        ("10.0.22631", (10, 0)),
    ],
)
def test_versions(text: str | None, version: tuple[int, int] | None) -> None:
    assert machine_of(Host(os="macos", os_version=text, arch="arm64")).version == version


def test_the_interpreters_architecture_decides() -> None:
    host = Host(
        os="macos",
        os_version="14.4",
        arch="arm64",
        pythons=(Python(version="3.11.7", arch="x86_64"), Python(version="3.12.1", arch="arm64")),
    )
    assert (machine_of(host, "3.11").arch, machine_of(host, "3.11").rosetta) == ("x86_64", True)
    assert (machine_of(host, "3.12").arch, machine_of(host, "3.12").rosetta) == ("arm64", False)
    assert machine_of(host).arch == "arm64"
    assert machine_of(host, "3.13").arch == "arm64"


def test_a_free_threaded_interpreter_is_meant_only_where_it_is_alone() -> None:
    alone = Python(version="3.14.1", arch="x86_64", free_threaded=True)
    beside = (Python(version="3.13.2", free_threaded=True), Python(version="3.13.2", free_threaded=False))
    host = Host(os="linux", arch="x86_64", pythons=(alone, *beside))
    assert machine_of(host, "3.14").free_threaded
    assert not machine_of(host, "3.13").free_threaded
    assert not machine_of(host, "3.12").free_threaded
    target = machine_of(host, "3.14").target("3.14")
    assert target.suffixes[0] == ".cpython-314t-x86_64-linux-gnu.so"


def test_a_translated_host_without_interpreters_is_x86_64() -> None:
    found = machine_of(Host(os="macos", arch="arm64", rosetta=True))
    assert (found.arch, found.rosetta) == ("x86_64", True)


@pytest.mark.parametrize(
    ("system", "arch", "spelled"),
    [
        ("linux", "arm64", "aarch64"),
        ("macos", "aarch64", "arm64"),
        ("windows", "arm64", "arm64"),
        ("linux", "x86_64", "x86_64"),
    ],
)
def test_architectures_are_spelled_as_the_system_does(system: str, arch: str, spelled: str) -> None:
    assert machine_of(Host(os=system, arch=arch)).arch == spelled  # type: ignore[arg-type]


def test_instruction_sets_that_are_known_absent_and_unknown() -> None:
    known = machine_of(Host(os="linux", arch="x86_64", cpu=Cpu(features=("avx", "fma"))))
    assert (known.has("avx"), known.has("avx512f")) == (True, False)
    assert machine_of(Host(os="linux", arch="x86_64")).has("avx") is None
    assert machine_of(Host(os="linux", arch="x86_64", cpu=Cpu(brand="?"))).has("avx") is None


@pytest.mark.parametrize(("version", "has"), [("14.7", False), ("15.0", None), (None, None)])
def test_rosetta_knows_avx_only_since_macos_15(version: str | None, has: bool | None) -> None:
    host = Host(os="macos", os_version=version, arch="arm64", rosetta=True, cpu=Cpu(features=("neon",)))
    assert machine_of(host).has("avx") is has


def test_every_intel_mac_that_runs_macos_10_15_has_avx() -> None:
    assert machine_of(Host(os="macos", os_version="12.6", arch="x86_64")).has("avx") is True
    assert machine_of(Host(os="macos", os_version="10.14", arch="x86_64")).has("avx") is None


def test_the_python_of_a_process_knows_its_c_library() -> None:
    alpine = machine_of(Host(os="linux", arch="x86_64", libc=Libc(name="musl", version="1.2")))
    assert alpine.target("3.12").suffixes[0] == ".cpython-312-x86_64-linux-musl.so"
    debian = machine_of(Host(os="linux", arch="aarch64", libc=Libc(name="glibc", version="2.36")))
    assert debian.target("3.12").suffixes[0] == ".cpython-312-aarch64-linux-gnu.so"
    assert machine_of(Host(os="linux", arch="x86_64")).target(None).suffixes == (".abi3.so", ".so")
