"""What `select` answers, by the rule that decides. The whole space is covered by `test_oracle.py`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from support.matrix import NVIDIA, answer, ask, intel_mac, linux, mac, pins, pythons, shipped, windows
from tfsetup.errors import UsageError
from tfsetup.host.model import Cpu, Gpu, Host, Libc
from tfsetup.matrix.choose.select import select

AMD = (Gpu(vendor="amd"),)
METAL = ["tensorflow==2.19.1", "tensorflow-metal==1.2.0", "setuptools<82"]


@pytest.mark.parametrize(
    ("host", "asking", "expected"),
    [
        # Apple silicon: auto is the newest with a prebuilt plugin, cpu the newest of all.
        (mac("3.12.4"), {}, METAL),
        (mac("3.12.4"), {"accelerator": "cpu"}, ["tensorflow==2.21.0"]),
        (mac("3.13.1"), {}, ["tensorflow==2.21.0"]),
        (mac("3.9.6"), {"accelerator": "cpu"}, ["tensorflow==2.20.0", "setuptools<82"]),
        (mac("3.12.4", gpus=()), {}, ["tensorflow==2.21.0"]),
        (mac("3.12.4", gpus=None), {}, METAL),
        (
            mac("3.11.4"),
            {"tensorflow": "2.17.*", "accelerator": "metal"},
            ["tensorflow==2.17.1", "tensorflow-metal==1.1.0", "setuptools<82"],
        ),
        (
            mac("3.12.4"),
            {"tensorflow": "2.17.*", "accelerator": "metal"},
            ["tensorflow==2.17.1", "tensorflow-metal==1.2.0", "setuptools<82"],
        ),
        (mac("3.11.4"), {"tensorflow": "2.13.1"}, ["tensorflow==2.13.1", "tensorflow-metal==1.0.0", "setuptools<82"]),
        (
            mac("3.11.4"),
            {"tensorflow": "2.12.*"},
            ["tensorflow-macos==2.12.0", "tensorflow-metal==0.8.0", "setuptools<82"],
        ),
        (mac("3.11.4"), {"tensorflow": "2.15.1", "accelerator": "cpu"}, ["tensorflow==2.15.1", "setuptools<82"]),
        (mac("3.8.18", os_version="13.6"), {"accelerator": "cpu"}, ["tensorflow==2.13.0", "setuptools<82"]),
        (mac("3.10.4", os_version="11.7"), {}, ["tensorflow-macos==2.9.2", "numpy<2", "setuptools<82"]),
        (mac("3.12.4", os_version="10.16"), {"accelerator": "cpu"}, ["tensorflow==2.21.0"]),
        # A plugin that must be compiled is taken only when a version leaves no other.
        (
            mac("3.12.4", os_version="15.2"),
            {"tensorflow": "2.21.*", "accelerator": "metal"},
            ["tensorflow==2.21.0", "setuptools>=61", "wheel>=0.40", "tensorflow-metal-plugin==0.4.1"],
        ),
        (mac("3.12.4", os_version="15.2"), {"accelerator": "metal"}, METAL),
        (mac("3.12.4", os_version="15.2"), {"tensorflow": ">=2.19", "accelerator": "metal"}, METAL),
        (mac("3.12.4", os_version="15.2"), {"tensorflow": "2.21.*"}, ["tensorflow==2.21.0"]),
        # Intel Macs.
        (intel_mac("3.12.4"), {}, ["tensorflow==2.16.2", "setuptools<82"]),
        (intel_mac("3.11.4", os_version="10.15.7"), {"tensorflow": "2.12.*"}, ["tensorflow==2.12.1", "setuptools<82"]),
        (intel_mac("3.11.4", cpu=Cpu(features=("sse4_2",))), {}, ["tensorflow-macos==2.12.0", "setuptools<82"]),
        (intel_mac("3.11.4", gpus=AMD), {}, ["tensorflow==2.16.2", "setuptools<82"]),
        (
            intel_mac("3.11.4", gpus=AMD),
            {"accelerator": "metal"},
            ["tensorflow==2.13.1", "tensorflow-metal==1.0.0", "setuptools<82"],
        ),
        (
            intel_mac("3.11.4", gpus=AMD, os_version="13.6"),
            {"accelerator": "metal"},
            ["tensorflow==2.13.1", "tensorflow-metal==0.8.0", "setuptools<82"],
        ),
        # Linux: the CPU row is the wheel without CUDA; glibc and Python bound the release.
        (linux("3.12.4"), {}, ["tensorflow-cpu==2.21.0"]),
        (linux("3.12.4", libc=Libc(name="glibc", version="2.17")), {}, ["tensorflow-cpu==2.20.0", "setuptools<82"]),
        (
            linux("3.9.1", libc=Libc(name="glibc", version="2.12")),
            {},
            ["tensorflow-cpu==2.8.4", "numpy<2", "setuptools<82"],
        ),
        (linux("3.9.1"), {"tensorflow": "2.5.*"}, ["tensorflow-cpu==2.5.3", "protobuf<3.21", "setuptools<82"]),
        (linux("3.14.0"), {"pre": True}, ["tensorflow-cpu==2.22.0rc0"]),
        (
            linux("3.9.1"),
            {"tensorflow": "2.6.0rc1", "pre": True},
            ["tensorflow==2.6.0rc1", "protobuf<3.21", "setuptools<82"],
        ),
        # CUDA: the extra from 2.14 on; releases that cannot find their libraries are avoided while another fits.
        (linux("3.12.4", gpus=NVIDIA), {}, ["tensorflow[and-cuda]==2.20.0", "setuptools<82"]),
        (linux("3.12.4", gpus=NVIDIA), {"tensorflow": "2.21.*"}, ["tensorflow[and-cuda]==2.21.0"]),
        (linux("3.12.4", gpus=NVIDIA), {"tensorflow": "2.16.*"}, ["tensorflow[and-cuda]==2.16.2", "setuptools<82"]),
        (linux("3.11.4", gpus=NVIDIA), {"tensorflow": "2.13.*"}, ["tensorflow==2.13.1", "setuptools<82"]),
        (linux("3.10.4", gpus=NVIDIA), {"tensorflow": "2.14.*"}, ["tensorflow[and-cuda]==2.14.1", "setuptools<82"]),
        (linux("3.12.4", gpus=NVIDIA), {"accelerator": "cpu"}, ["tensorflow-cpu==2.21.0"]),
        (linux("3.10.4", gpus=(Gpu(vendor="nvidia", driver="470.223.02"),)), {}, ["tensorflow-cpu==2.21.0"]),
        (
            linux("3.10.4", gpus=(Gpu(vendor="nvidia", driver="470.223.02"),)),
            {"accelerator": "cuda"},
            ["tensorflow[and-cuda]==2.14.1", "setuptools<82"],
        ),
        (
            linux("3.12.4", gpus=(Gpu(vendor="nvidia", driver="550.54", compute_capability="5.2"),)),
            {},
            ["tensorflow[and-cuda]==2.16.2", "setuptools<82"],
        ),
        (linux("3.12.4", gpus=(Gpu(vendor="nvidia"),)), {}, ["tensorflow-cpu==2.21.0"]),
        (
            linux("3.12.4", gpus=(Gpu(vendor="nvidia"),)),
            {"accelerator": "cuda"},
            ["tensorflow[and-cuda]==2.20.0", "setuptools<82"],
        ),
        (linux("3.11.4", gpus=AMD), {}, ["tensorflow-cpu==2.21.0"]),
        (
            linux("3.11.4", gpus=AMD),
            {"accelerator": "rocm"},
            ["tensorflow-rocm==2.14.0.600", "numpy<2", "setuptools<82"],
        ),
        # aarch64: empty wheels whose target exists for some Pythons only.
        (linux("3.12.4", arch="aarch64"), {}, ["tensorflow==2.21.0"]),
        (linux("3.10.4", arch="arm64"), {"tensorflow": "2.11.*"}, ["tensorflow==2.11.0", "numpy<2", "setuptools<82"]),
        (
            linux("3.10.4", arch="aarch64"),
            {"tensorflow": "2.9.*"},
            ["tensorflow-cpu-aws==2.9.1", "numpy<2", "setuptools<82"],
        ),
        # Windows.
        (windows("3.12.4"), {}, ["tensorflow==2.21.0"]),
        (windows("3.11.4"), {"tensorflow": "2.12.*"}, ["tensorflow==2.12.1", "setuptools<82"]),
        (windows("3.8.4"), {"tensorflow": "2.13.*"}, ["tensorflow==2.13.0", "setuptools<82"]),
        (windows("3.10.4", gpus=NVIDIA), {}, ["tensorflow==2.21.0"]),
        (windows("3.10.4", gpus=NVIDIA), {"accelerator": "cuda"}, ["tensorflow==2.10.1", "numpy<2", "setuptools<82"]),
        (windows("3.12.4", cpu=Cpu(features=())), {}, ["tensorflow==2.21.0"]),
    ],
)
def test_what_is_installed(host: Host, asking: dict[str, Any], expected: list[str]) -> None:
    selection = answer(host, **asking)
    assert selection.installable, selection.reasons
    assert pins(selection) == expected
    assert [r.row for r in selection.rejected] == [row.id for row in shipped().rows if row.id != selection.row]
    assert all(r.reason for r in selection.rejected)


@pytest.mark.parametrize(
    ("host", "asking", "words"),
    [
        (mac("3.14.0"), {"accelerator": "cpu"}, "none of the Pythons here fits (3.14)"),
        (mac("3.13.1t"), {}, "3.13 a free-threaded build"),
        (mac("3.13.1"), {"python": "3.13t"}, "no wheel has the free-threaded ABI (cp313t)"),
        (mac("3.12.4"), {"python": "3.14"}, "no wheel for Python 3.14, only for 3.10-3.13"),
        (mac("3.12.4"), {"python": "3.11"}, "Python 3.11 is not on this machine and Python downloads are off"),
        (mac("3.12.4", pythons=pythons("3.12.4", arch="x86_64")), {"accelerator": "cpu"}, "3.12 built for x86_64"),
        (mac("3.13.1"), {"accelerator": "metal"}, "no tensorflow-metal loads with it"),
        (mac("3.12.4"), {"tensorflow": "2.21.*", "accelerator": "metal"}, "no tensorflow-metal-plugin loads with it"),
        (
            mac("3.12.4", os_version="15.1", xcode_clt=False),
            {"tensorflow": "2.21.*", "accelerator": "metal"},
            "Xcode's command line tools are not installed",
        ),
        (mac("3.12.4"), {"tensorflow": "2.22.*"}, "only pre-releases are 2.22.* (2.22.0rc0); they need --pre"),
        (mac("3.12.4"), {"tensorflow": "9.9"}, "no release of tensorflow in this row (>=2.13) is 9.9"),
        (
            mac("3.8.18", os_version="13.6"),
            {"tensorflow": "2.13.1"},
            "an empty wheel that points to tensorflow-macos 2.13.1",
        ),
        (mac("3.12.4", os_version="11.7"), {}, "its wheels need macOS 12.0 or newer; this is 11.7"),
        (mac("3.12.4"), {"accelerator": "cuda"}, "there is no CUDA on Macs"),
        (intel_mac("3.12.4"), {"accelerator": "metal"}, "no AMD GPU here"),
        (intel_mac("3.10.4", os_version="10.14"), {"tensorflow": "2.16.*"}, "its wheels need macOS 10.15 or newer"),
        (linux("3.12.4", libc=Libc(name="musl", version="1.2")), {}, "no TensorFlow wheel has a musllinux tag"),
        (linux("3.12.4", cpu=Cpu(features=("sse4_2",))), {}, "compiled for AVX, and this CPU has none"),
        (
            linux("3.12.4", libc=Libc(name="glibc", version="2.17")),
            {"tensorflow": "2.21.*"},
            "need glibc 2.27 or newer",
        ),
        (linux("3.12.4"), {"accelerator": "cuda"}, "no NVIDIA GPU here"),
        (
            linux("3.12.4", gpus=(Gpu(vendor="nvidia", driver="390.157"),)),
            {"accelerator": "cuda"},
            "driver here is 390.157",
        ),
        (
            linux("3.11.4", gpus=NVIDIA),
            {"tensorflow": "2.14.*", "accelerator": "cuda"},
            "TensorRT 8.5.3.1, which has wheels up to Python 3.10",
        ),
        (
            linux("3.11.4", gpus=NVIDIA),
            {"tensorflow": "2.15.0", "accelerator": "cuda"},
            "exists only on NVIDIA's own index",
        ),
        (
            linux("3.12.4", arch="aarch64", gpus=NVIDIA),
            {"accelerator": "cuda"},
            "every Linux aarch64 wheel is a CPU build",
        ),
        (linux("3.11.4", arch="aarch64"), {"tensorflow": "2.11.*"}, "tensorflow-cpu-aws"),
        (linux("3.11.4", arch="armv7l"), {}, "32-bit"),
        (linux("3.12.4"), {"accelerator": "metal"}, "exists on macOS only"),
        (windows("3.12.4", arch="arm64"), {}, "Windows on ARM"),
        (windows("3.8.4"), {"tensorflow": "2.13.1"}, "tensorflow-intel 2.13.1"),
        (windows("3.12.4", gpus=NVIDIA), {"accelerator": "cuda"}, "CPU builds since 2.11"),
        (windows("3.12.4", pythons=pythons("3.12.4", arch="i686")), {}, "3.12 built for i686"),
        (windows("3.11.4", cpu=Cpu(features=("sse4_2",))), {"tensorflow": "2.16.*"}, "compiled for AVX"),
        (Host(), {}, "no row of the matrix is for this machine"),
    ],
)
def test_why_nothing_is_installed(host: Host, asking: dict[str, Any], words: str) -> None:
    selection = answer(host, **asking)
    assert not selection.installable
    assert pins(selection) == []
    said = "\n".join((*selection.reasons, *(r.reason for r in selection.rejected)))
    assert words in said
    assert [r.row for r in selection.rejected] == [row.id for row in shipped().rows]


def rosetta(*versions: str, **changes: Any) -> Host:
    facts: dict[str, Any] = {
        "rosetta": True,
        "cpu": Cpu(features=("sse4_2",)),
        "pythons": pythons(*versions, arch="x86_64"),
    }
    return replace(mac(), **(facts | changes))


def test_a_translated_python_is_never_used_while_a_native_one_can_be_had() -> None:
    downloads = answer(rosetta("3.11.4", python_downloads=True))
    assert pins(downloads) == METAL
    assert downloads.interpreter is None
    both = answer(rosetta("3.12.4", pythons=(*pythons("3.12.4", arch="x86_64"), *pythons("3.12.1", arch="arm64"))))
    assert both.interpreter is not None
    assert both.interpreter.arch == "arm64"
    assert not answer(rosetta("3.11.4")).installable


def test_rosetta_gets_an_old_release_only_by_version_and_with_a_warning() -> None:
    selection = answer(rosetta("3.11.4"), "2.12.*", "cpu", "3.11")
    assert pins(selection) == ["tensorflow-macos==2.12.0", "setuptools<82"]
    assert selection.target is not None
    assert selection.target.platform == "x86_64-apple-darwin"
    assert any("Rosetta" in warning for warning in selection.warnings)
    assert not answer(rosetta("3.10.4"), "2.10.*", "cpu").installable  # compiled for AVX
    assert not answer(rosetta("3.11.4"), "2.16.*", "cpu").installable


def test_all_fields_of_an_answer() -> None:
    selection = answer(mac("3.11.1", "3.12.4", "3.13.1"))
    assert (selection.row, selection.accelerator, selection.python) == ("macos-arm64-metal", "metal", "3.12")
    assert selection.interpreter is not None
    assert selection.interpreter.path == "/python3.12.4"
    assert selection.blas == "accelerate"
    assert selection.target is not None
    assert (selection.target.platform, selection.target.macos) == ("aarch64-apple-darwin", "14.0")
    assert selection.expect is not None
    assert (selection.expect.devices, selection.expect.blas, selection.expect.arch) == (
        ("CPU", "GPU"),
        "accelerate",
        "arm64",
    )
    assert selection.reasons[0] == "Apple silicon, GPU through Apple's tensorflow-metal"
    assert any(reason.startswith("passed over 2.21.0: no tensorflow-metal loads") for reason in selection.reasons)


@pytest.mark.parametrize(
    ("host", "asking", "platform", "macos", "glibc"),
    [
        (mac("3.12.4", os_version="15.3.1"), {}, "aarch64-apple-darwin", "15.0", None),
        (intel_mac("3.11.4", os_version="10.15.7"), {}, "x86_64-apple-darwin", "10.15", None),
        (mac("3.12.4", os_version=None), {}, "aarch64-apple-darwin", "12.0", None),
        (linux("3.12.4"), {}, "x86_64-manylinux_2_36", None, "2.36"),
        (linux("3.12.4", libc=Libc(name="glibc", version="2.99")), {}, "x86_64-manylinux_2_40", None, "2.99"),
        (linux("3.12.4", libc=Libc(name="glibc", version="2.27")), {}, "x86_64-manylinux_2_28", None, "2.27"),
        (linux("3.12.4", libc=Libc(name="glibc", version="2.26")), {}, "x86_64-manylinux_2_17", None, "2.26"),
        (linux("3.12.4", libc=None), {}, "x86_64-manylinux_2_28", None, "2.27"),
        (linux("3.12.4", arch="aarch64"), {}, "aarch64-manylinux_2_36", None, "2.36"),
        (windows("3.12.4"), {}, "x86_64-pc-windows-msvc", None, None),
    ],
)
def test_the_target_in_uvs_words(
    host: Host, asking: dict[str, Any], platform: str, macos: str | None, glibc: str | None
) -> None:
    target = answer(host, **asking).target
    assert target is not None
    assert (target.platform, target.macos, target.glibc, target.python) == (
        platform,
        macos,
        glibc,
        "3.11" if "3.11" in str(host.pythons) else "3.12",
    )


@pytest.mark.parametrize(
    ("host", "asking", "blas"),
    [
        (mac("3.12.4", os_version="14.0"), {}, "accelerate"),
        (mac("3.12.4", os_version="13.6"), {}, "openblas"),
        (mac("3.11.4"), {"tensorflow": "2.17.*"}, "openblas"),  # NumPy 1
        (mac("3.12.4", os_version=None), {}, "openblas"),
        (intel_mac("3.12.4"), {}, "openblas"),
        (linux("3.12.4"), {}, "openblas"),
    ],
)
def test_the_blas_under_numpy(host: Host, asking: dict[str, Any], blas: str) -> None:
    assert answer(host, **asking).blas == blas


def test_the_preferred_python_then_the_newest_here_then_one_to_download() -> None:
    assert answer(mac("3.10.1", "3.11.1"), accelerator="cpu").python == "3.11"
    assert answer(mac("3.10.1", "3.13.1", "3.12.9"), accelerator="cpu").python == "3.13"
    brought = answer(replace(mac("3.14.0"), python_downloads=True))
    assert (brought.python, brought.interpreter) == ("3.12", None)


def test_an_old_python_of_the_system_is_used_only_when_no_other_can_be_had() -> None:
    old = mac("3.9.6")
    assert answer(old).interpreter is not None
    brought = answer(replace(old, python_downloads=True))
    assert (brought.python, brought.interpreter) == ("3.12", None)
    asked = answer(replace(old, python_downloads=True), python="3.9")
    assert asked.interpreter is not None


def test_unknown_downloads_are_relied_on_only_when_nothing_is_here() -> None:
    unsure = replace(linux("3.9.1"), python_downloads=None)
    assert pins(answer(unsure)) == ["tensorflow-cpu==2.20.0", "setuptools<82"]
    nothing = answer(replace(unsure, pythons=()))
    assert pins(nothing) == ["tensorflow-cpu==2.21.0"]
    assert any("must be downloaded" in warning for warning in nothing.warnings)


def test_what_could_not_be_told_is_a_warning() -> None:
    host = replace(linux("3.12.4"), cpu=None, libc=None)
    warnings = " / ".join(answer(host).warnings)
    assert "could not tell whether this CPU has AVX" in warnings
    assert "could not tell which glibc this is" in warnings


def test_an_idle_gpu_is_a_warning_with_the_reason() -> None:
    old = linux("3.12.4", gpus=(Gpu(vendor="nvidia", name="Tesla K80", driver="470.1"),))
    assert any("the Tesla K80 stays unused: 2.21.0: built for CUDA 12" in warning for warning in answer(old).warnings)
    jetson = linux("3.12.4", arch="aarch64", gpus=NVIDIA)
    assert any("every Linux aarch64 wheel is a CPU build" in warning for warning in answer(jetson).warnings)
    assert answer(old, accelerator="cpu").warnings == ()  # as asked


@pytest.mark.parametrize(
    ("asking", "words"),
    [
        ({"tensorflow": "newest"}, "--tensorflow newest: this is neither a version nor a PEP 440 specifier."),
        ({"python": "3"}, "--python 3: a Python is asked for as X.Y."),
        ({"python": "3.12.4"}, "--python 3.12.4: a Python is asked for as X.Y."),
        ({"python": "pypy3.10"}, "--python pypy3.10: a Python is asked for as X.Y."),
    ],
)
def test_an_ask_that_is_not_understood(asking: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        select(linux(), ask(**asking), shipped())
    assert caught.value.message == words
    assert caught.value.hint


@pytest.mark.parametrize(
    ("host", "tensorflow", "sdists"),
    [
        (linux("3.9.1"), "2.6.5", ("wrapt", "termcolor", "clang")),
        (linux("3.8.1"), "2.12.1", ("jax",)),
        (linux("3.11.1"), "2.12.1", ()),
        (mac("3.9.1"), "2.6.0", ("numpy", "h5py", "wrapt", "termcolor", "clang")),
        (mac("3.12.4"), "2.19.1", ()),
    ],
)
def test_what_has_no_wheel_is_named_and_warned_about(host: Host, tensorflow: str, sdists: tuple[str, ...]) -> None:
    selection = answer(host, tensorflow, "cpu")
    assert selection.installable
    assert selection.sdists == sdists
    assert any("must be compiled" in warning for warning in selection.warnings) is bool(sdists)
