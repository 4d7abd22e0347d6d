"""The readers of other programs' words: what each form means, and that no text makes one of them raise."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.ground.platforms import arch_of, read_mac_version
from tfsetup.host.model import Cpu, Gpu, Libc
from tfsetup.host.parsers import arch, cpu, gpus, registry, system
from tfsetup.host.parsers.python import QUESTION, read_answer


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("14.4.1\n", "14.4.1"),
        ("26.1", "26.1"),
        ("27.0", "27.0"),
        ("15", "15"),
        ("10.15.7", "10.15.7"),
        ("10.16", None),
        ("16.0", None),
        ("25.9", None),
        ("", None),
        ("ProductVersion: 14.4.1", None),
        ("14.4.1 (a)", None),
        ("14.4.1\n14.4.1", None),
        ("9" * 5000, None),
        ("\u0661\u0664.\u0661", None),
    ],
)
def test_mac_versions(text: str, version: str | None) -> None:
    assert read_mac_version(text) == version


def test_the_version_plist_is_read_and_the_compatible_one_is_not() -> None:
    text = (
        "<key>ProductUserVisibleVersion</key><string>11.7</string><key>ProductVersion</key>\n\t<string>11.7.10</string>"
    )
    assert system.read_version_plist(text) == "11.7.10"
    assert system.read_version_plist(text.replace("11.7.10", "10.16")) is None
    assert system.read_version_plist("bplist00\x00") is None


@pytest.mark.parametrize(
    ("text", "release"),
    [
        ('ID=debian\nVERSION_ID="12"\n', "debian 12"),
        ("NAME='Arch Linux'\nID=arch\n", "arch"),
        ("# ID=no\n\nID = fedora\nVERSION_ID=43\n", "fedora 43"),
        ('VERSION_ID="12"\n', None),
        ("", None),
        ("ID=\n", None),
    ],
)
def test_os_release(text: str, release: str | None) -> None:
    assert system.read_os_release(text) == release


@pytest.mark.parametrize(
    ("text", "generation"),
    [
        ("Linux version 5.15.153.1-microsoft-standard-WSL2 (root@941d701f84f1) (gcc ...", 2),
        ("Linux version 4.19.104-microsoft-standard (oe-user@oe-host) (gcc version 8.2.0) #1 SMP", 2),
        ("Linux version 6.6.36.3-microsoft-standard-WSL2+ (me@here)", 2),
        ("Linux version 4.4.0-19041-Microsoft (Microsoft@Microsoft.com) (gcc version 5.4.0 (GCC) )", 1),
        ("Linux version 3.4.0-1-Microsoft (Microsoft@Microsoft.com)", 1),
        ("Linux version 6.1.0-21-amd64 (debian-kernel@lists.debian.org)", None),
        ("", None),
    ],
)
def test_wsl(text: str, generation: int | None) -> None:
    assert system.read_wsl(text) == generation


@pytest.mark.parametrize(
    ("text", "libc"),
    [
        ("ldd (Debian GLIBC 2.36-9+deb12u7) 2.36\nCopyright", Libc(name="glibc", version="2.36")),
        ("ldd (Ubuntu GLIBC 2.35-0ubuntu3.7) 2.35\n", Libc(name="glibc", version="2.35")),
        ("ldd (GNU libc) 2.17\n", Libc(name="glibc", version="2.17")),
        ("ldd (Gentoo 2.38-r10 (patchset 9)) 2.38\n", Libc(name="glibc", version="2.38")),
        ("musl libc (aarch64)\nVersion 1.2.4_git20230717\nDynamic", Libc(name="musl", version="1.2.4")),
        ("musl libc (x86_64)\n", Libc(name="musl")),
        ("ldd: command not found", None),
        ("", None),
        ("usage: something", None),
    ],
)
def test_ldd(text: str, libc: Libc | None) -> None:
    assert system.read_ldd(text) == libc


def test_confstr() -> None:
    assert system.read_glibc("glibc 2.36") == Libc(name="glibc", version="2.36")
    assert system.read_glibc("glibc 2.31.9000") == Libc(name="glibc", version="2.31")
    assert [system.read_glibc(text) for text in ("", "glibc", "musl 1.2.5", "glibc x.y")] == [None] * 4


@pytest.mark.parametrize(
    ("version", "release"), [("10.0.22631", "11"), ("10.0.19045", "10"), ("10.0.22000", "11"), ("11", "11"), ("x", "x")]
)
def test_windows_releases(version: str, release: str) -> None:
    assert system.windows_release(version) == release


@pytest.mark.parametrize(
    ("spelling", "os", "name"),
    [
        ("AMD64", "windows", "x86_64"),
        ("x86_64", "linux", "x86_64"),
        ("arm64", "linux", "aarch64"),
        ("aarch64", "linux", "aarch64"),
        ("arm64e", "macos", "arm64"),
        ("ARM64", "windows", "arm64"),
        ("i386", "linux", "i686"),
        ("armv8l", "linux", "armv7l"),
        ("armv6l", "linux", "armv6l"),
        ("armel", "linux", "armv6l"),
        ("riscv64", "linux", None),
        ("ppc64le", "linux", None),
        ("", "windows", None),
    ],
)
def test_architectures(spelling: str, os: Any, name: str | None) -> None:
    assert arch_of(spelling, os) == name


def test_a_32_bit_process_has_a_32_bit_architecture() -> None:
    assert [arch.narrow(one, 32) for one in ("x86_64", "aarch64", "arm64", "i686")] == [
        "i686", "armv7l", "armv7l", "i686",
    ]  # fmt: skip
    assert arch.narrow("x86_64", 64) == "x86_64"
    assert arch.narrow(None, 32) is None
    assert [arch.windows_machine(number) for number in (0x8664, 0xAA64, 0x14C, 0x1C4)] == [
        "x86_64", "arm64", "i686", None,
    ]  # fmt: skip


def test_cpuinfo_keeps_what_every_core_has() -> None:
    text = "model name : A\nflags : sse2 pni avx avx512f\n\nmodel name : B\nflags : sse2 pni avx\n"
    assert cpu.read_cpuinfo(text) == Cpu(brand="A", features=("sse2", "sse3", "avx"))


def test_cpuinfo_without_flags_says_nothing_about_features() -> None:
    assert cpu.read_cpuinfo("processor : 0\nmodel name :   Some   CPU \n") == Cpu(brand="Some CPU", features=None)
    assert cpu.read_cpuinfo("") == Cpu()
    assert cpu.read_cpuinfo("flags :\n") == Cpu(features=())


def test_cpuinfo_names_arm_cores_by_their_part() -> None:
    text = "Features : fp asimd atomics\nCPU implementer : 0x41\nCPU part : 0xd0c\n"
    assert cpu.read_cpuinfo(text) == Cpu(brand="Neoverse-N1", features=("neon", "asimd", "atomics"))


def test_sysctl_of_both_kinds_of_macs() -> None:
    apple = cpu.read_sysctl("hw.optional.arm.FEAT_BF16: 1\nhw.optional.arm.FEAT_I8MM: 0\nsysctl: unknown oid 'x'\n")
    assert cpu.apple_cpu(apple) == Cpu(features=("neon", "asimd", "bf16"))
    intel = cpu.read_sysctl("machdep.cpu.features: SSE4.1 AVX1.0\nhw.optional.avx2_0: 1\nhw.optional.fma: 0\n")
    assert cpu.intel_mac_cpu(intel) == Cpu(features=("sse4_1", "avx", "avx2"))
    assert cpu.intel_mac_cpu({"machdep.cpu.brand_string": " Intel  X "}) == Cpu(brand="Intel X", features=None)


def test_windows_features_are_those_of_the_hardware() -> None:
    numbers = frozenset({10, 39, 40, 34, 999})
    assert cpu.windows_features(numbers, arm=False) == ("sse2", "avx", "avx2")
    assert cpu.windows_features(numbers, arm=True) == ("neon", "asimd", "atomics")


def nvidia(name: str | None, driver: str, capability: str | None = None) -> Gpu:
    return Gpu(vendor="nvidia", name=name, driver=driver, compute_capability=capability)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Tesla T4, 550.54.14, 7.5\n", (nvidia("Tesla T4", "550.54.14", "7.5"),)),
        ("A, B, 550.54, 9.0\r\nC, 550.54, [N/A]\r\n", (nvidia("A, B", "550.54", "9.0"), nvidia("C", "550.54"))),
        ("[Unknown Error], 470.82, 8.6\n", (nvidia(None, "470.82", "8.6"),)),
        ("", ()),
        ("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n", None),
        ("name, driver_version, compute_cap\nTesla T4, 550.54.14, 7.5\n", None),
        ("Tesla T4, 550.54.14\n", None),
    ],
)
def test_nvidia_smi(text: str, found: tuple[Gpu, ...] | None) -> None:
    assert gpus.read_nvidia_smi(text, with_capability=True) == found


def test_nvidia_smi_of_an_old_driver() -> None:
    assert gpus.lacks_compute_cap('Field "compute_cap" is not a valid field to query.\n')
    assert not gpus.lacks_compute_cap("Tesla T4, 550.54.14, 7.5")
    assert gpus.read_nvidia_smi("GeForce GTX 980, 390.157\n", with_capability=False) == (
        nvidia("GeForce GTX 980", "390.157"),
    )


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14  Thu Feb 22 01:44:30 UTC 2024\n", "550.54.14"),
        ("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build  (x)\n", "570.86.15"),
        ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  390.157  Wed Oct 12 09:19:07 UTC 2022\n", "390.157"),
        ("GCC version:  gcc version 11.4.0\n", None),
        ("", None),
    ],
)
def test_driver_versions(text: str, version: str | None) -> None:
    assert gpus.read_driver_version(text) == version


@pytest.mark.parametrize(
    ("vendor", "device_class", "found"),
    [
        ("0x10de\n", "0x030000\n", "nvidia"),
        ("0x10de", "0x030200", "nvidia"),
        ("0x10de", "0x040300", None),
        ("0x1002", "0x038000", "amd"),
        ("0x1002", "0x120000", "amd"),
        ("0x8086", "0x030000", "intel"),
        ("0x8086", "0x120000", None),
        ("0x1a03", "0x030000", None),
        ("0x1414", "0x030200", None),
        ("", "", None),
        ("ffff", "zz", None),
    ],
)
def test_pci_devices(vendor: str, device_class: str, found: str | None) -> None:
    assert gpus.pci_gpu(vendor, device_class) == found


@pytest.mark.parametrize(
    ("version", "gfx"),
    [("90010", "gfx90a"), ("110000", "gfx1100"), ("100300", "gfx1030"), ("90402", "gfx942"), ("0", None)],
)
def test_kfd_says_what_code_a_gpu_runs(version: str, gfx: str | None) -> None:
    text = f"simd_count 240\nlocation_id 768\ndomain 1\ngfx_target_version {version}\n"
    assert gpus.read_kfd(text) == ("0001:03:00.0", Gpu(vendor="amd", gfx=gfx))


def test_an_old_kfd_says_neither_where_nor_what() -> None:
    assert gpus.read_kfd("simd_count 240\n") == ("", Gpu(vendor="amd"))
    assert gpus.read_kfd("simd_count 0\nlocation_id 768\n") is None


def test_kfd_nodes() -> None:
    assert gpus.is_kfd_gpu("cpu_cores_count 0\nsimd_count 440\n")
    assert not gpus.is_kfd_gpu("cpu_cores_count 64\nsimd_count 0\n")
    assert not gpus.is_kfd_gpu("")


def test_system_profiler() -> None:
    entry = {"sppci_model": "Intel Iris Pro", "spdisplays_vendor": "Intel (0x8086)"}
    eGPU = {"_name": "AMD Radeon RX 580", "spdisplays_vendor": "sppci_vendor_amd"}  # noqa: N806 - Apple's spelling
    text = json.dumps({"SPDisplaysDataType": [entry, eGPU, {"_name": "Display"}, "odd"]})
    assert gpus.read_system_profiler(text) == (
        Gpu(vendor="intel", name="Intel Iris Pro"),
        Gpu(vendor="amd", name="AMD Radeon RX 580"),
    )
    assert gpus.read_system_profiler('{"SPDisplaysDataType": []}') == ()
    assert [gpus.read_system_profiler(bad) for bad in ("", "[]", "{}", '{"SPDisplaysDataType": 1}', "[" * 99999)] == [
        None
    ] * 5


def test_the_registry_and_its_display_adapters() -> None:
    text = (
        "\r\nHKEY_LOCAL_MACHINE\\A\\0000\r\n    DriverDesc    REG_SZ    NVIDIA RTX A2000 12GB\r\n"
        "    MatchingDeviceId    REG_SZ    pci\\ven_10de&dev_2571\r\n    DriverVersion    REG_SZ    30.0.14.7111\r\n"
        "    (Standard)    REG_SZ    (Wert nicht gesetzt)\r\n    Empty    REG_SZ\r\n\r\n"
        "HKEY_LOCAL_MACHINE\\A\\0001\r\n    DriverDesc    REG_SZ    Microsoft Basic Display Adapter\r\n"
    )
    keys = registry.read_reg(text)
    assert list(keys) == ["HKEY_LOCAL_MACHINE\\A\\0000", "HKEY_LOCAL_MACHINE\\A\\0001"]
    assert keys["HKEY_LOCAL_MACHINE\\A\\0000"]["(Standard)"] == "(Wert nicht gesetzt)"
    assert keys["HKEY_LOCAL_MACHINE\\A\\0000"]["Empty"] == ""
    assert gpus.read_display_registry(keys.values()) == (nvidia("NVIDIA RTX A2000 12GB", "471.11"),)


def test_registered_interpreters() -> None:
    keys = {
        "HKEY_CURRENT_USER\\Software\\Python\\PythonCore\\3.12\\InstallPath": {"ExecutablePath": "C:\\P\\python.exe"},
        "HKEY_CURRENT_USER\\Software\\Python\\ContinuumAnalytics\\py312\\InstallPath": {
            "ExecutablePath": "C:\\A\\python.exe"
        },
        "HKEY_CURRENT_USER\\Software\\Python\\PythonCore\\3.12\\PythonPath": {"ExecutablePath": "no"},
        "HKEY_LOCAL_MACHINE\\Software\\Python\\PyLauncher\\InstallPath": {"ExecutablePath": "C:\\Windows\\py.exe"},
        "HKEY_LOCAL_MACHINE\\Software\\Python\\PythonCore\\3.4\\InstallPath": {"": "C:\\Python34"},
    }
    assert registry.interpreters(keys) == ("C:\\P\\python.exe", "C:\\A\\python.exe")


@pytest.mark.parametrize(
    ("answer", "os", "told"),
    [
        ("3.12.4;cpython;arm64;64;0", "macos", ("3.12.4", "arm64", False, "cpython")),
        ("3.13.1;cpython;x86_64;64;1", "linux", ("3.13.1", "x86_64", True, "cpython")),
        ("3.14.0rc2;cpython;x86_64;32;0", "linux", ("3.14.0rc2", "i686", False, "cpython")),
        ("3.11.2;cpython;aarch64;32;0", "linux", ("3.11.2", "armv7l", False, "cpython")),
        ("3.12.4;cpython;Intel;32;0", "windows", ("3.12.4", "i686", False, "cpython")),
        ("3.12.4;cpython;AMD64;64;0", "windows", ("3.12.4", "x86_64", False, "cpython")),
        ("3.12.4;cpython;ARM64;64;0", "windows", ("3.12.4", "arm64", False, "cpython")),
        ("3.10.14;pypy;arm64;64;0", "macos", ("3.10.14", "arm64", False, "pypy")),
        ("3.9.18;cpython;ppc64le;64;0", "linux", ("3.9.18", None, False, "cpython")),
    ],
)
def test_what_interpreters_answer(answer: str, os: Any, told: tuple[Any, ...]) -> None:
    found = read_answer(f"some noise\ntfsetup-python;{answer}\r\n", os=os, path="/p")
    assert found is not None
    python = found.python
    assert (python.version, python.arch, python.free_threaded, found.implementation) == told
    assert python.path == "/p"


@pytest.mark.parametrize(
    "text", ["", "Python 3.12.4", "tfsetup-python;3.12;cpython;x;64;0\n", "tfsetup-python;3.1.1;c;x;64;0"]
)
def test_what_is_no_answer(text: str) -> None:
    assert read_answer(text, os="linux", path="/p") is None


def test_the_question_is_python_that_this_one_can_answer(capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(QUESTION, "question", "exec"), {})  # noqa: S102 - the very text the children get
    assert read_answer(capsys.readouterr().out, os="linux", path="/p") is not None


words = st.text(max_size=200) | st.text(alphabet='0123456789.:=;,\n \tx{}[]"HKEY_\\REG_SZ', max_size=200)


@given(words)
def test_no_text_makes_a_reader_raise(text: str) -> None:
    read: list[object] = [
        read_mac_version(text), system.read_version_plist(text), system.read_os_release(text),
        system.read_wsl(text), system.read_ldd(text), system.read_glibc(text), system.windows_release(text),
        system.read_windows_version(text), arch_of(text, "linux"), cpu.read_cpuinfo(text),
        cpu.apple_cpu(cpu.read_sysctl(text)), cpu.intel_mac_cpu(cpu.read_sysctl(text)),
        gpus.read_nvidia_smi(text, with_capability=True), gpus.read_nvidia_smi(text, with_capability=False),
        gpus.read_driver_version(text), gpus.read_gpu_information(text), gpus.pci_gpu(text, text),
        gpus.is_kfd_gpu(text),
        gpus.read_system_profiler(text), gpus.read_display_registry(registry.read_reg(text).values()),
        registry.interpreters(registry.read_reg(text)), read_answer(text, os="windows", path="p"),
    ]  # fmt: skip
    assert len(read) == 22


@given(st.lists(st.sampled_from(["avx", "avx2", "fma", "sse4_2", "f16c", "nonsense"]), unique=True), st.integers(1, 4))
def test_features_do_not_depend_on_their_order(flags: list[str], cores: int) -> None:
    found = cpu.read_cpuinfo("".join(f"processor : {n}\nflags : {' '.join(flags)}\n\n" for n in range(cores))).features
    assert found is not None
    assert set(found) == set(flags) - {"nonsense"}
    assert cpu.read_cpuinfo(f"flags : {' '.join(reversed(flags))}\n").features == found
