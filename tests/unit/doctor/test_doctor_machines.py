"""What a text says of its machine: what programs print, what people say, and where the host file differs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.doctor import log_cases
from support.examples import examples
from tfsetup.doctor.facts import collect
from tfsetup.doctor.machines import programs, pythons
from tfsetup.doctor.machines.cards import told_by
from tfsetup.doctor.machines.merge import machine_of
from tfsetup.doctor.machines.statements import Statement, Strength, best, macos_of_kernel, shaped
from tfsetup.doctor.pattern import anchor_of, compile_pattern
from tfsetup.doctor.text import clean
from tfsetup.host.model import Cpu, Gpu, Host, Python
from tfsetup.matrix.file.disk import read_matrix

PRINTED = [
    (
        "Darwin ada 22.6.0 Darwin Kernel Version 22.6.0: root:xnu-8796~3/RELEASE_ARM64_T8103 arm64",
        {"os": "macos", "macos": "13", "arch": "arm64", "process": "arm64"},
    ),
    (
        "root:xnu-8796~3/RELEASE_ARM64_T8103 x86_64",
        {"os": "macos", "arch": "arm64", "process": "x86_64", "rosetta": "true"},
    ),
    ("root:xnu-6153.141.1~1/RELEASE_X86_64", {"os": "macos", "arch": "x86_64", "process": "x86_64"}),
    ("ada@mini % uname -m\nx86_64", {"process": "x86_64"}),
    ("pi@zero:~ $ uname -m\narmv6l", {"process": "armv6l"}),
    ("ProductName: macOS\nProductVersion: 12.6.3", {"os": "macos", "macos": "12.6.3"}),
    (
        "$ file $(which python)\n/opt/py/bin/python: Mach-O 64-bit executable x86_64",
        {"os": "macos", "process": "x86_64"},
    ),
    ("Code Type:             X86-64 (Translated)", {"arch": "arm64", "process": "x86_64", "rosetta": "true"}),
    ("Code Type:   ARM-64 (Native)", {"arch": "arm64", "process": "arm64"}),
    ("sysctl.proc_translated: 1", {"rosetta": "true", "arch": "arm64"}),
    ("machdep.cpu.brand_string: Apple M2 Pro", {"os": "macos", "arch": "arm64"}),
    ("Processor Name: Quad-Core Intel Core i5 (a Mac)", {"os": "macos", "arch": "x86_64"}),
    ("Metal device set to: Apple M1", {"os": "macos", "arch": "arm64"}),
    ("Metal device set to: AMD Radeon Pro 5500M", {"os": "macos", "arch": "x86_64"}),
    (
        ">>> platform.platform()\n'macOS-13.4.1-arm64-arm-64bit'",
        {"macos": "13.4.1", "arch": "arm64", "process": "arm64"},
    ),
    ("macOS-12.5-x86_64-i386-64bit", {"os": "macos", "macos": "12.5", "process": "x86_64"}),
    (
        "Linux-5.15.0-91-generic-x86_64-with-glibc2.35",
        {"os": "linux", "process": "x86_64", "glibc": "2.35", "libc": "glibc"},
    ),
    ("Linux-6.1.21-v8+-aarch64-with-glibc2.31", {"os": "linux", "process": "aarch64", "glibc": "2.31"}),
    ("Windows-10-10.0.22621-SP0", {"os": "windows"}),
    (">>> platform.machine()\n'x86_64'", {"process": "x86_64"}),
    ("zsh: illegal hardware instruction  arch -x86_64 python", {"os": "macos", "process": "x86_64"}),
    (
        "version:        3.6.10 |Anaconda, Inc.| (default, May  7 2020) [MSC v.1916 64 bit (AMD64)]",
        {"os": "windows", "python": "3.6.10", "bits": "64"},
    ),
    ("Using /usr/local/Cellar/python@3.9/3.9.1/bin/python3", {"os": "macos", "process": "x86_64"}),
    ("('32bit', 'WindowsPE')", {"os": "windows", "bits": "32"}),
    (
        "Python 3.8.10 (tags/v3.8.10) [MSC v.1928 32 bit (Intel)] on win32",
        {"os": "windows", "bits": "32", "python": "3.8.10"},
    ),
    (
        "Python 3.11.4 (main) [MSC v.1934 64 bit (AMD64)] on win32",
        {"process": "x86_64", "bits": "64", "python": "3.11.4"},
    ),
    ("Python 3.9.7 (default) [Clang 12.0.0] on darwin", {"os": "macos", "python": "3.9.7"}),
    ("Python 3.10.12 (main) [GCC 11.4.0] on linux", {"os": "linux", "python": "3.10.12"}),
    ("R version 4.2\nPlatform: x86_64-apple-darwin17.0 (64-bit)", {"os": "macos", "process": "x86_64"}),
    ("(mach-o file, but is an incompatible architecture (have 'x86_64', need 'arm64'))", {"process": "arm64"}),
    (
        "Downloading h5py-3.8.0-cp39-cp39-macosx_10_9_x86_64.whl (3.1 MB)",
        {"os": "macos", "process": "x86_64", "python": "3.9"},
    ),
    ("Using cached numpy-2.0.2-cp312-cp312-macosx_14_0_arm64.whl", {"process": "arm64", "python": "3.12"}),
    (
        "Downloading x-1.0-cp311-cp311-manylinux_2_17_aarch64.manylinux2014_aarch64.whl",
        {"process": "aarch64", "os": "linux"},
    ),
    ("You're on macOS ('macosx_14_0_x86_64'), but", {"os": "macos", "process": "x86_64"}),
    ("Platform: osx-64\nCollecting package metadata", {"os": "macos", "process": "x86_64"}),
    ("platform : osx-arm64", {"os": "macos", "process": "arm64"}),
    (
        "The requested image's platform (linux/amd64) does not match the detected host platform (linux/arm64/v8)",
        {"container": "true", "image": "x86_64", "arch": "aarch64", "emulated": "true", "os": "linux"},
    ),
    ("qemu: uncaught target signal 11 (Segmentation fault) - core dumped", {"emulated": "true", "container": "true"}),
    ("docker run --platform=linux/amd64 tf", {"container": "true", "image": "x86_64"}),
    ("root@3f1c5e0b7a21:/app# python", {"container": "true"}),
    ("5.15.146.1-microsoft-standard-WSL2", {"os": "linux", "wsl": "true"}),
    ("ldd (GNU libc) 2.17", {"glibc": "2.17"}),
    ("ldd (Ubuntu GLIBC 2.31-0ubuntu9.12) 2.31", {"glibc": "2.31"}),
    ("pi@raspberrypi:~ $", {"device": "raspberry", "os": "linux"}),
    ("NVIDIA-SMI 535.129.03 Driver Version: 535.129.03 CUDA Version: 12.2", {"driver": "535.129.03"}),
    ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  470.199.02  Thu", {"driver": "470.199.02", "gpu": "nvidia"}),
    ("Cuda compilation tools, release 11.8, V11.8.89", {"cuda": "11.8"}),
    (
        "(device: 0, name: NVIDIA GeForce RTX 3060, pci bus id: 0000:01:00.0, compute capability: 8.6)",
        {"gpu_name": "NVIDIA GeForce RTX 3060", "gpu": "nvidia", "compute": "8.6"},
    ),
]


@pytest.mark.parametrize(("text", "facts"), PRINTED, ids=[text[:40] for text, _ in PRINTED])
def test_what_programs_print(text: str, facts: dict[str, str]) -> None:
    found = machine_of(None, clean(text).stream).facts
    assert {fact: found.get(fact) for fact in facts} == facts


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("It crashes on my MacBook Air M1.", {"os": "macos", "arch": "arm64"}),
        ("Works on an Intel Mac, not on the new M2 Mac", {"os": "macos", "arch": "arm64"}),
        ("I have an intel macbook pro from 2019", {"os": "macos", "arch": "x86_64"}),
        ("Mac mini, macOS Ventura 13.2.1", {"os": "macos", "macos": "13.2.1"}),
        ("MacBook, on Monterey", {"macos": "12"}),
        ("macOS 26.1 on a Mac Studio", {"macos": "26.1"}),
        ("Windows 11 with WSL2", {"os": "linux", "wsl": "true"}),
        ("Windows 10, you should install TensorFlow in WSL2, they say", {"os": "windows"}),
        ("a plain Windows 10 PC", {"os": "windows"}),
        ("CentOS 7 on the cluster", {"os": "linux", "glibc": "2.17"}),
        (
            "ubuntu 24.04, RTX 5090, CUDA 12.8",
            {"glibc": "2.39", "gpu_name": "rtx 5090", "gpu": "nvidia", "cuda": "12.8"},
        ),
        ("GTX 1050 Ti with driver version 470.82.01", {"gpu_name": "gtx 1050 ti", "driver": "470.82.01"}),
        ("a Jetson Nano", {"device": "jetson", "arch": "aarch64", "process": "aarch64"}),
        ("Raspberry Pi 4", {"device": "raspberry", "os": "linux"}),
        ("inside docker on an Intel Core i7", {"container": "true", "arch": "x86_64"}),
    ],
)
def test_what_people_say(text: str, facts: dict[str, str]) -> None:
    found = machine_of(None, f" {text}").facts
    assert {fact: found.get(fact) for fact in facts} == facts


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("the m1 of the matrix is a model parameter", "arch"),
        ("It fails on Windows 10 and on Fedora", "os"),
        ("my Mac, unlike my PC with an RTX 3090, is slow", "gpu_name"),
        ("tensorflow-2.4.0-cp38-cp38-win_amd64.whl was refused on it", "arch"),
        ("root@buildserver01:/app# python", "container"),
    ],
)
def test_what_nobody_said(text: str, fact: str) -> None:
    assert fact not in machine_of(None, f" {text}").facts


def test_a_refused_wheel_says_nothing_sure_of_the_machine() -> None:
    text = "tensorflow-2.8.0-cp38-cp38-linux_aarch64.whl is not a supported wheel on this platform."
    host = Host(os="linux", arch="x86_64", pythons=(Python(version="3.9.2"),))
    found = machine_of(host, text)
    assert (found.facts["python"], found.facts["process"], found.contradictions) == ("3.9.2", "x86_64", ())


def test_a_program_beats_a_person_and_a_person_a_guess() -> None:
    order = [Statement(fact="os", value=str(one), strength=one, at=-one) for one in Strength]
    assert best(order)["os"].strength is Strength.HOST
    assert best(order[:3])["os"].strength is Strength.PROGRAM
    assert machine_of(None, " on my macbook: ] on linux").facts["os"] == "linux"


def test_of_equals_the_last_counts() -> None:
    first, last = (
        Statement(fact="python", value=value, strength=Strength.PROGRAM, at=at)
        for value, at in (("3.8", 1), ("3.9", 7))
    )
    assert best([last, first])["python"] is last


@pytest.mark.parametrize(
    ("release", "macos"),
    [
        ("19.6.0", "10.15"),
        ("20.3.0", "11"),
        ("23.1.0", "14"),
        ("24.0.0", "15"),
        ("25.1.0", "26"),
        ("4.0", None),
        ("x", None),
    ],
)
def test_a_darwin_kernel_is_of_a_macos(release: str, macos: str | None) -> None:
    assert macos_of_kernel(release) == macos


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("python", "x"),
        ("glibc", "3.1"),
        ("macos", "10.16"),
        ("arch", "pentium"),
        ("compute", "<undefined>"),
        ("darwin", ""),
    ],
)
def test_a_value_of_another_shape_is_no_statement(fact: str, value: str) -> None:
    assert shaped(fact, value) is None


@pytest.mark.parametrize(
    ("card", "facts"),
    [
        ("Quadro P2000", {"gpu": "nvidia", "compute": "6.1"}),
        ("rtx5090", {"gpu": "nvidia", "compute": "12.0"}),
        ("NVIDIA GeForce RTX 3060", {"gpu": "nvidia"}),
        ("Radeon RX 6800", {"gpu": "amd"}),
        ("Voodoo", {}),
    ],
)
def test_what_the_name_of_a_card_tells(card: str, facts: dict[str, str]) -> None:
    assert told_by(card, read_matrix().gpus) == facts


def test_a_card_that_is_named_is_looked_up_in_the_matrix() -> None:
    found = collect(None, None, " my RTX 5090 is not used", cards=read_matrix().gpus).host
    assert (found["gpu"], found["gpu_name"], found["compute"]) == ("nvidia", "rtx 5090", "12.0")


# Two sources.

MAC = Host(os="macos", arch="arm64", rosetta=False)


def test_an_architecture_has_the_name_that_its_system_gives_it() -> None:
    found = machine_of(Host(arch="arm64"), "")
    assert (found.facts["os"], "os" in found.guessed, "os_told" in found.facts) == ("macos", True, False)
    assert "os" not in machine_of(Host(arch="aarch64"), "").facts


def test_a_log_of_another_python_decides_for_what_it_printed() -> None:
    host = Host(os="linux", pythons=(Python(version="3.11.4"),))
    found = machine_of(host, ' File "/srv/env/lib/python3.9/site-packages/tensorflow/__init__.py", line 3')
    assert (found.facts["python"], found.facts["python_told"]) == ("3.9", "3.11.4")
    assert "python" in found.guessed
    assert found.facts["interpreters"] == "several"
    assert found.contradictions == (
        (
            "The host file says Python 3.11; the log is Python 3.9's"
            " (/srv/env/lib/python3.9/site-packages/tensorflow/__init__.py)."
        ),
    )


def test_a_python_of_the_same_minor_is_the_same() -> None:
    host = Host(pythons=(Python(version="3.9.2"),))
    found = machine_of(host, ' File "/srv/env/lib/python3.9/site-packages/x.py", line 3')
    assert (found.facts["python"], found.contradictions) == ("3.9.2", ())


def test_an_intel_python_on_apple_silicon_is_translated_whatever_the_host_file_was_written_by() -> None:
    found = machine_of(MAC, " Platform: osx-64 Collecting package metadata")
    assert (found.facts["process"], found.facts["rosetta"], found.facts["arch"]) == ("x86_64", "true", "arm64")
    assert found.contradictions == ("The host file says arm64; the log's Python is an x86_64 one (Platform: osx-64).",)


def test_wheels_of_other_systems_say_nothing_of_a_mac_s_python() -> None:
    text = " tensorflow-2.4.0-cp38-cp38-win_amd64.whl manylinux2014_x86_64 is not a supported wheel"
    found = machine_of(Host(os="macos", arch="arm64"), text)
    assert ("process" in found.facts, "rosetta" in found.facts) == (False, False)
    assert machine_of(Host(os="windows"), text).facts["process"] == "x86_64"


def test_a_native_python_is_no_contradiction() -> None:
    found = machine_of(MAC, " Platform: osx-arm64 Collecting package metadata")
    assert (found.facts["process"], found.contradictions) == ("arm64", ())


def test_a_process_of_a_mac_that_is_not_translated_is_native() -> None:
    assert machine_of(MAC, "").facts["process"] == "arm64"
    assert "process" not in machine_of(Host(os="macos", arch="arm64"), "").facts


def test_a_container_of_the_other_architecture_is_emulated_on_linux() -> None:
    found = machine_of(MAC, " FROM --platform=linux/amd64 python:3.9 RUN pip install tensorflow")
    assert {fact: found.facts[fact] for fact in ("os", "os_told", "process", "emulated", "container")} == {
        "os": "linux", "os_told": "macos", "process": "x86_64", "emulated": "true", "container": "true",
    }  # fmt: skip
    assert any("image is for x86_64" in one for one in found.contradictions)


def test_a_container_of_its_own_architecture_is_not() -> None:
    assert "emulated" not in machine_of(MAC, " docker run --platform linux/arm64 python:3.9").facts
    intel = Host(os="linux", arch="x86_64")
    assert "emulated" not in machine_of(intel, " docker run --platform linux/amd64 python:3.9").facts


def test_a_linux_on_a_mac_runs_in_a_container() -> None:
    found = machine_of(MAC, " Python 3.10.12 (main) [GCC 11.4.0] on linux")
    assert (found.facts["os"], found.facts["container"]) == ("linux", "true")
    assert found.contradictions[0].startswith("The host file says macOS; the log is from Linux (] on linux")


def test_words_alone_overrule_no_host_file() -> None:
    found = machine_of(Host(os="linux", arch="x86_64"), " /Users/me/x.dylib and an M1 macbook")
    assert (found.facts["os"], found.facts["arch"], found.contradictions) == ("linux", "x86_64", ())


def test_the_machine_below_is_the_host_file_s() -> None:
    host = Host(os="macos", arch="x86_64")
    found = machine_of(host, " RELEASE_ARM64_T8103")
    assert found.facts["arch"] == "x86_64"
    assert "The host file says x86_64; the log is from a machine that is arm64" in found.contradictions[0]


def test_another_driver_is_told() -> None:
    host = Host(os="linux", gpus=(Gpu(vendor="nvidia", name="L40", driver="550.54", compute_capability="8.9"),))
    found = machine_of(host, " Driver Version: 470.82.01 CUDA Version: 11.4")
    assert found.facts["driver"] == "550.54"
    assert (found.facts["gpu_name"], found.facts["compute"]) == ("L40", "8.9")
    assert found.contradictions == (
        "The host file says NVIDIA driver 550.54; the log names 470.82.01 (Driver Version: 470.82.01).",
    )


def test_a_processor_of_the_host_file_stays() -> None:
    assert machine_of(Host(cpu=Cpu(features=("avx",))), "").facts["avx"] == "true"


@pytest.mark.parametrize(
    ("os_version", "facts"),
    [
        ("Ubuntu 20.04", {"glibc": "2.31"}),
        ("24.04", {"glibc": "2.39"}),
        ("glibc 2.42", {"glibc": "2.42"}),
        ("Ubuntu 18.04 (Jetson TX2)", {"glibc": "2.27", "device": "jetson"}),
        ("HPC", {}),
    ],
)
def test_what_a_person_wrote_into_the_version_of_a_linux(os_version: str, facts: dict[str, str]) -> None:
    found = machine_of(Host(os="linux", os_version=os_version), "").facts
    assert {fact: found[fact] for fact in ("glibc", "device") if fact in found} == facts


@pytest.mark.parametrize(
    ("os_version", "macos"), [("Sonoma", "14"), ("Mojave (also Linux 18.04)", "10.14"), ("12.4", "12.4"), ("new", None)]
)
def test_the_name_of_a_macos_is_its_number(os_version: str, macos: str | None) -> None:
    assert machine_of(Host(os="macos", os_version=os_version), "").facts.get("macos") == macos


# The Pythons of a text.


def pair(text: str) -> tuple[str, str] | None:
    found = pythons.at_odds(pythons.interpreters(clean(text).stream))
    return (found[0].version, found[1].version) if found else None


@pytest.mark.parametrize(
    ("text", "versions"),
    [
        (
            (
                "Requirement already satisfied: tensorflow in /usr/lib/python3.8/site-packages (2.8.0)\n"
                '  File "/opt/x/lib/python3.11/importlib/__init__.py", line 126\nModuleNotFoundError'
            ),
            ("3.8", "3.11"),
        ),
        (
            "pip 21.0 from /usr/lib/python2.7/site-packages/pip (python 2.7)\nPython 3.7.3 (default) [GCC 8.3.0]",
            ("2.7", "3.7.3"),
        ),
        (
            (
                r"Requirement already satisfied: tensorflow in c:\python39\lib\site-packages (2.8.0)"
                "\nPython 3.12.1 (tags) [MSC v.1937 64 bit (AMD64)] on win32"
            ),
            ("3.9", "3.12.1"),
        ),
        (
            (
                "Location: /home/me/miniconda3/envs/tf/lib/python3.10/site-packages\n"
                "sys.executable: /home/me/miniconda3/envs/base2/bin/python3.10"
            ),
            ("3.10", ""),
        ),
        (
            (
                "Requirement already satisfied: tensorflow in ./venv/lib/python3.11/site-packages (2.18.0)\n"
                'File "/Users/u/venv/lib/python3.11/site-packages/tensorflow/__init__.py", line 437'
            ),
            None,
        ),
        ('File "/usr/lib/python3.8/x.py", line 1', None),
        ("Location: /usr/lib/python3.8/site-packages", None),
    ],
)
def test_an_installer_s_python_and_the_one_that_ran(text: str, versions: tuple[str, str] | None) -> None:
    assert pair(text) == versions


def test_two_pythons_are_a_fact_and_a_sentence() -> None:
    text = "Location: /usr/lib/python3.8/site-packages\nPython 3.11.2 (main) [GCC 12.2.0] on linux"
    found = collect(None, None, clean(text).stream)
    assert found.host["interpreters"] == "several"
    assert found.contradictions == (
        (
            "Installed was into Python 3.8 (/usr/lib/python3.8/site-packages); what ran is Python 3.11"
            " (Python 3.11.2 (main) [GCC)."
        ),
    )


def test_of_a_refused_installation_the_installer_s_python_counts() -> None:
    refused = (
        "pip 20.0 from /usr/lib/python3.6/site-packages/pip (python 3.6)\n"
        "ERROR: No matching distribution found for tensorflow\nPython 3.9.1 (default) [GCC 8.3.0] on linux"
    )
    assert machine_of(None, clean(refused).stream).facts["python"] == "3.6"
    assert machine_of(None, clean(refused.replace("ERROR: No", "Some")).stream).facts["python"] == "3.9.1"


# Whatever the text.


def test_every_pattern_compiles_and_its_values_are_facts() -> None:
    from tfsetup.doctor.facts import HOST_FACTS

    for pattern, says in programs.RULES:
        assert {value[1:-1] for value in says.values() if value.startswith("{")} <= set(compile_pattern(pattern).names)
        assert set(says) <= {*HOST_FACTS, "darwin", "uname", "root_at"}


ANCHORS = [anchor_of(pattern) for pattern, _ in programs.RULES] + [
    "Requirement already satisfied: tensorflow in ", 'File "', "/lib/python3.9/", "site-packages/pip (python ", "mac ",
    "macos ", "m1 ", "intel ", "ubuntu 2", "windows ", "rtx 50", "cuda ", "glibc", "--version Python ", "\\python39\\",
]  # fmt: skip


@given(
    st.lists(st.one_of(st.sampled_from(ANCHORS), st.text(max_size=12)), max_size=40),
    st.sampled_from(["macos", "linux", "windows", None]),
)
@examples(0.5)
def test_no_text_is_too_odd(parts: list[str], os: str | None) -> None:
    found = machine_of(Host(os=os) if os else None, " ".join(parts))  # type: ignore[arg-type]
    assert found.guessed <= set(found.facts)
    assert all(found.facts.values())
    assert all(one.endswith(".") for one in found.contradictions)


@pytest.mark.parametrize(
    "piece", [*ANCHORS[:6], 'File "', "/envs/", "mac intel ", "macos version ", "/site-packages/pip (python 3.8)"]
)
def test_a_text_of_a_million_characters_says_what_a_short_one_does(piece: str) -> None:
    """Only so many places of each anchor are looked at, so that a text of nothing else takes no longer."""
    short = machine_of(None, piece * 3).facts
    long = machine_of(None, piece * (1_000_000 // len(piece))).facts
    assert set(short) <= set(long)


def test_the_host_file_never_loses_a_fact_of_the_machine_to_a_fixture() -> None:
    for case in log_cases():
        if case.host is not None and case.host.arch is not None and case.host.os == "macos":
            found = machine_of(case.host, clean(case.log).stream).facts
            assert found["arch"] == case.host.arch


def test_words_far_inside_say_nothing() -> None:
    text = "x" * 300_000 + " Platform: osx-64 on my macbook m1 " + "x" * 300_000
    assert machine_of(None, text).facts == {}
