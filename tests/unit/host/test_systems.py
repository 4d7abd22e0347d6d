"""What the parts of a system say, one at a time: small worlds, a single question each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.recorded_world import RecordedWorld
from tfsetup.ground.platforms import Platform
from tfsetup.host import linux, macos, windows
from tfsetup.host.model import Libc
from tfsetup.host.system import System
from tfsetup.host.world import Fact

ARM = "sysctl hw.optional.arm64"


@pytest.fixture
def world(tmp_path: Path) -> Any:
    """Return a maker of worlds: a process, files by path, and what else a recorded machine has."""

    def make(process: dict[str, Any], files: dict[str, str] | None = None, **record: Any) -> RecordedWorld:
        (tmp_path / "machine.json").write_text(json.dumps({"process": process, "commands": []} | record))
        for path, text in (files or {}).items():
            place = tmp_path / "root" / path.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        return RecordedWorld(tmp_path)

    return make


def told(fact: Fact[Any]) -> tuple[Any, str]:
    return fact.value, fact.source


# ----------------------------------------------------------------------------------------------------------- Linux


def on_linux(world: Any, files: dict[str, str] | None = None, **process: Any) -> System:
    return linux.start(world({"platform": "linux", "machine": "x86_64"} | process, files))


@pytest.mark.parametrize(
    ("machine", "bits", "arch"),
    [
        ("x86_64", 64, "x86_64"),
        ("aarch64", 64, "aarch64"),
        ("armv7l", 32, "armv7l"),
        ("i686", 32, "i686"),
        ("i586", 32, "i686"),
        ("armv8l", 32, "armv7l"),
        ("riscv64", 64, None),
    ],
)
def test_the_architecture_is_uname_s(world: Any, machine: str, bits: int, arch: str | None) -> None:
    found = on_linux(world, machine=machine, bits=bits).arch
    known = "uname -m" if arch else f"uname -m: {machine}, for which no wheels are made"
    assert told(found) == (arch, known)


@pytest.mark.parametrize(("machine", "narrow"), [("x86_64", "i686"), ("aarch64", "armv7l")])
def test_a_32_bit_system_may_run_on_a_64_bit_kernel(world: Any, machine: Any, narrow: str) -> None:
    words = f"32-bit system on a 64-bit kernel (uname -m: {machine})"
    assert told(on_linux(world, machine=machine, bits=32).arch) == (narrow, words)


@pytest.mark.parametrize("loader", Platform("linux", "aarch64").loaders)
def test_a_32_bit_python_on_a_64_bit_system_is_not_the_system(world: Any, loader: str) -> None:
    found = on_linux(world, {loader: "a program"}, machine="aarch64", bits=32)
    assert told(found.arch) == ("aarch64", "uname -m")


@pytest.mark.parametrize("loader", Platform("linux", "x86_64").loaders)
def test_the_loader_of_another_architecture_proves_nothing(world: Any, loader: str) -> None:
    found = on_linux(world, {loader: "a program"}, machine="aarch64", bits=32)
    assert found.arch.value == "armv7l"


@pytest.mark.parametrize(("elf_class", "arch"), [("\1", "armv7l"), ("\2", "aarch64")])
@pytest.mark.parametrize("loaders", [(), Platform("linux", "aarch64").loaders])
def test_the_shell_says_how_wide_the_system_is(world: Any, elf_class: str, arch: str, loaders: tuple[str, ...]) -> None:
    files = {"/bin/sh": f"\x7fELF{elf_class}\1\1", **dict.fromkeys(loaders, "a program")}
    assert on_linux(world, files, machine="aarch64", bits=32).arch.value == arch
    assert on_linux(world, files, machine="aarch64", bits=64).arch.value == "aarch64"  # this very process runs there


@pytest.mark.parametrize("shell", ["#!/bin/busybox", "\x7fEL", "\x7fELF\3"])
def test_a_shell_that_is_no_program_says_nothing(world: Any, shell: str) -> None:
    assert on_linux(world, {"/bin/sh": shell}, machine="aarch64", bits=32).arch.value == "armv7l"


def test_the_c_library_is_confstr_s(world: Any) -> None:
    found = on_linux(world, glibc="glibc 2.36").libc()
    assert told(found) == (Libc(name="glibc", version="2.36"), "confstr CS_GNU_LIBC_VERSION")


def test_musl_s_loader_is_asked_for_its_version(world: Any) -> None:
    says = {"argv": ["/lib/ld-musl-aarch64.so.1"], "status": 1, "stderr": "musl libc (aarch64)\nVersion 1.2.5\n"}
    made = world({"platform": "linux", "machine": "aarch64"}, {"/lib/ld-musl-aarch64.so.1": "x"}, commands=[says])
    assert told(linux.start(made).libc()) == (Libc(name="musl", version="1.2.5"), "/lib/ld-musl-aarch64.so.1")


def test_without_an_answer_there_is_no_c_library(world: Any) -> None:
    found = on_linux(world).libc()
    assert found.value is None
    assert found.source.startswith("ldd --version: ")


@pytest.mark.parametrize(
    ("files", "wsl", "source"),
    [
        ({"/proc/version": "Linux version 6.8.0-generic"}, False, "/proc/version"),
        ({"/proc/version": "Linux version 4.4.0-19041-Microsoft"}, True, "WSL 1: /proc/version"),
        ({"/proc/version": "Linux version 5.15.1-microsoft-standard-WSL2"}, True, "WSL 2: /proc/version"),
        ({"/proc/version": "Linux version 6.1.0-mine", "/run/WSL/1_interop": ""}, True, "WSL 2: /run/WSL"),
        ({}, None, "no readable /proc/version"),
    ],
)
def test_wsl_is_told_by_its_kernel(world: Any, files: dict[str, str], wsl: bool | None, source: str) -> None:
    assert told(on_linux(world, files).wsl) == (wsl, source)


def test_a_board_stands_in_for_cores_without_a_name(world: Any) -> None:
    files = {"/proc/cpuinfo": "processor : 0\nFeatures : fp asimd\n", "/proc/device-tree/model": "Raspberry Pi 5\0"}
    cpu = on_linux(world, files, machine="aarch64").cpu().value
    assert cpu is not None
    assert (cpu.brand, cpu.features) == ("Raspberry Pi 5", ("neon", "asimd"))


# ----------------------------------------------------------------------------------------------------------- macOS


def on_mac(
    world: Any, machine: str, sysctl: str | None, files: dict[str, str] | None = None, version: str = ""
) -> System:
    commands = [{"argv": ["/usr/bin/sw_vers", "-productVersion"], "stdout": version}]
    if sysctl is not None:
        facts = ["hw.optional.arm64", "hw.optional", "machdep.cpu", "kern.hv_vmm_present", "sysctl.proc_translated"]
        commands += [{"argv": [*before, "/usr/sbin/sysctl", *facts], "stdout": sysctl}
                     for before in ([], ["/usr/bin/arch", "-arm64", "-x86_64"])]  # fmt: skip
    return macos.start(world({"platform": "darwin", "machine": machine}, files, commands=commands))


@pytest.mark.parametrize(
    ("machine", "sysctl", "arch", "rosetta"),
    [
        ("arm64", "hw.optional.arm64: 1\n", ("arm64", ARM), False),
        ("x86_64", "hw.optional.arm64: 1\n", ("arm64", ARM), True),
        ("x86_64", "machdep.cpu.brand_string: Intel\n", ("x86_64", f"uname -m, and no {ARM}"), False),
        ("arm64", None, ("arm64", "uname -m"), False),
    ],
)
def test_a_translated_process_does_not_hide_the_hardware(
    world: Any, machine: str, sysctl: str | None, arch: tuple[str, str], rosetta: bool
) -> None:
    found = on_mac(world, machine, sysctl)
    assert told(found.arch) == arch
    assert found.rosetta.value is rosetta
    assert bool(found.native) is rosetta


def test_an_intel_name_alone_may_be_a_translated_one(world: Any) -> None:
    found = on_mac(world, "x86_64", None)
    assert (found.arch.value, found.rosetta.value) == (None, None)
    assert found.arch.source.endswith("uname -m alone cannot see Rosetta")


@pytest.mark.parametrize("machine", ["arm64", "x86_64"])
@pytest.mark.parametrize(
    ("brand", "guest", "gpu"),
    [
        ("Apple M1 (Virtual)", "1", ("Apple Paravirtual device", True)),
        ("Apple M4 Pro", "1", ("Apple Paravirtual device", True)),
        ("Apple M1 (Virtual)", None, ("Apple Paravirtual device", True)),
        ("Apple M1 (Virtual)", "0", ("Apple Paravirtual device", True)),
        ("Apple M4 Pro", "0", ("Apple M4 Pro", False)),
        ("Apple M4 Pro", None, ("Apple M4 Pro", None)),
    ],
)
def test_a_guest_has_not_the_gpu_of_the_chip(
    world: Any, machine: str, brand: str, guest: str | None, gpu: tuple[str, bool | None]
) -> None:
    lines = [f"machdep.cpu.brand_string: {brand}", *([f"kern.hv_vmm_present: {guest}"] if guest else [])]
    (found,) = on_mac(world, machine, "\n".join(["hw.optional.arm64: 1", *lines, ""])).gpus().value or ()
    assert (found.vendor, found.name, found.virtual) == ("apple", *gpu)


PLIST = "/System/Library/CoreServices/SystemVersion.plist"


@pytest.mark.parametrize(
    ("said", "plist", "version", "source"),
    [
        ("14.4.1\n", "", "14.4.1", "sw_vers -productVersion"),
        ("10.16\n", "<key>ProductVersion</key><string>13.6</string>", "13.6", PLIST),
        ("16.0\n", "<key>ProductVersion</key><string>16.0</string>", None, "sw_vers -productVersion: 16.0"),
        ("", "", None, "sw_vers -productVersion: nothing"),
    ],
)
def test_a_made_up_version_is_looked_up_elsewhere(
    world: Any, said: str, plist: str, version: str | None, source: str
) -> None:
    found = on_mac(world, "arm64", "hw.optional.arm64: 1\n", {PLIST: plist}, said).os_version()
    assert told(found) == (version, source)


# --------------------------------------------------------------------------------------------------------- Windows


@pytest.mark.parametrize(
    ("process", "env", "arch", "source"),
    [
        ({"windows_machine": 0x8664}, {}, "x86_64", "IsWow64Process2"),
        ({"windows_machine": 0xAA64}, {"PROCESSOR_ARCHITECTURE": "AMD64"}, "arm64", "IsWow64Process2"),
        ({"windows_machine": 0x14C}, {}, "i686", "IsWow64Process2"),
        ({}, {"PROCESSOR_ARCHITECTURE": "ARM64"}, "arm64", "%PROCESSOR_ARCHITECTURE%"),
        (
            {"windows_machine": 0x1C4},
            {"PROCESSOR_ARCHITEW6432": "AMD64", "PROCESSOR_ARCHITECTURE": "x86"},
            "x86_64",
            "%PROCESSOR_ARCHITEW6432%",
        ),
        ({}, {"PROCESSOR_ARCHITECTURE": "IA64"}, None, "neither IsWow64Process2 nor %PROCESSOR_ARCHITECTURE%"),
    ],
)
def test_the_hardware_of_a_windows_is_not_the_process_s(
    world: Any, process: dict[str, Any], env: dict[str, str], arch: str | None, source: str
) -> None:
    found = windows.start(world({"platform": "win32", "machine": "x86"} | process, env=env))
    assert told(found.arch) == (arch, source)


@pytest.mark.parametrize(
    ("says", "version", "source"),
    [("10.0.22631", "10.0.22631", "RtlGetVersion"), (None, None, "Windows did not say")],
)
def test_a_windows_says_its_version(world: Any, says: str | None, version: str | None, source: str) -> None:
    found = windows.start(world({"platform": "win32", "machine": "AMD64", "windows_version": says}))
    assert told(found.os_version()) == (version, source)
