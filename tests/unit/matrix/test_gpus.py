"""What a machine's GPUs decide: their model by name, the rules that concern them, and the answers they get."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from support.matrix import linux, pythons, shipped
from tfsetup.host.model import Gpu, GpuVendor, Host
from tfsetup.matrix.choose.gpus import capabilities, concerns, doubts, faults_of, unfit, virtual_gpu, with_models
from tfsetup.matrix.choose.select import select
from tfsetup.matrix.file.rows import Fault, GpuModel, Rule
from tfsetup.matrix.model import Ask, Selection

RULE = Rule(because="built for others", source="binary: read")


def nvidia(*known: str | None, driver: str = "580.1") -> tuple[Gpu, ...]:
    return tuple(Gpu(vendor="nvidia", name="a card", driver=driver, compute_capability=one) for one in known)


def amd(*known: str | None) -> tuple[Gpu, ...]:
    return tuple(Gpu(vendor="amd", gfx=one) for one in known)


def answer(gpus: tuple[Gpu, ...], accelerator: Any = "auto", tensorflow: str | None = None) -> Selection:
    host = linux(gpus=gpus, python_downloads=True)
    return select(host, Ask(accelerator=accelerator, tensorflow=tensorflow), shipped())


# ------------------------------------------------------------------------------------------------------------ the rules


@pytest.mark.parametrize(
    ("known", "found"),
    [((), None), ((None,), None), (("8.0", None), None), (("8.0",), ["8.0"]), (("8.0", "12.0"), ["8.0", "12.0"])],
)
def test_what_is_known_of_all_gpus(known: tuple[str | None, ...], found: list[str] | None) -> None:
    assert capabilities(linux(gpus=(*nvidia(*known), *amd("gfx1100")))) == found


@pytest.mark.parametrize(
    ("known", "any_of_them", "every"),
    [
        ((), False, False),
        ((None,), False, False),
        (("7.0",), True, True),
        (("7.5",), False, False),
        (("7.0", "9.0"), True, False),
        (("7.0", None), True, False),
    ],
)
def test_which_machines_a_rule_speaks_of(known: tuple[str | None, ...], any_of_them: bool, every: bool) -> None:
    host = linux(gpus=nvidia(*known))
    rule = replace(RULE, on_capability="<7.5")
    assert (concerns(rule, host), concerns(rule, host, every=True)) == (any_of_them, every)
    assert concerns(RULE, host)
    assert concerns(RULE, host, every=True)


@pytest.mark.parametrize(
    ("least", "most", "known", "fits"),
    [
        ("6.0", None, ("6.0",), True),
        ("6.0", None, ("5.2",), False),
        (None, "9.0", ("9.0",), True),
        (None, "9.0", ("10.0",), False),
        (None, "9.0", ("12.0",), False),
        (None, "9.0", ("12.0", "8.6"), True),  # one that fits is enough
        (None, "9.0", ("12.0", None), True),  # and nobody knows the other
        ("6.0", "9.0", (None,), True),
    ],
)
def test_least_and_greatest_compute_capability(
    least: str | None, most: str | None, known: tuple[str | None, ...], fits: bool
) -> None:
    reason = unfit(replace(RULE, capability=least, capability_most=most), linux(gpus=nvidia(*known)))
    assert (reason == "") is fits
    assert fits or reason == f"built for others (the GPU here has {', '.join(map(str, known))})"


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        (("gfx90a",), ""),
        (("gfx1100",), "built for others (the GPU here is gfx1100)"),
        (("gfx1100", "gfx90a"), ""),
        (("gfx1100", None), ""),
        ((), ""),
    ],
)
def test_gfx_names(known: tuple[str | None, ...], reason: str) -> None:
    assert unfit(replace(RULE, gfx=("gfx906", "gfx90a")), linux(gpus=amd(*known))) == reason


def test_a_gpu_that_does_not_say_what_it_is_is_told() -> None:
    rule = replace(RULE, gfx=("gfx906",))
    assert doubts(rule, linux(gpus=amd(None))) == "could not tell which GPU this is, and built for others"
    assert doubts(rule, linux(gpus=amd("gfx906"))) == doubts(RULE, linux(gpus=amd(None))) == ""


# ----------------------------------------------------------------------------------------------------------- the models

MODELS = (
    GpuModel(vendor="nvidia", names=("RTX 50",), source="index", capability="12.0"),
    GpuModel(vendor="amd", names=("RX 7900", "W7900"), source="index", gfx="gfx1100"),
)


@pytest.mark.parametrize(
    ("gpu", "capability", "gfx"),
    [
        (Gpu(vendor="nvidia", name="GeForce RTX 50"), "12.0", None),
        (Gpu(vendor="nvidia", name="geforce rtx 50 Laptop"), "12.0", None),
        (Gpu(vendor="nvidia", name="GeForce RTX 500"), None, None),
        (Gpu(vendor="nvidia", name="Quadro GRTX 50"), None, None),
        (Gpu(vendor="nvidia", name="GeForce RTX 50", compute_capability="8.9"), "8.9", None),
        (Gpu(vendor="nvidia"), None, None),
        (Gpu(vendor="amd", name="AMD Radeon RX 7900 XTX"), None, "gfx1100"),
        (Gpu(vendor="amd", name="AMD Radeon Graphics (gfx90c)"), None, "gfx90c"),
        (Gpu(vendor="amd", name="Radeon RX 7900 XT", gfx="gfx906"), None, "gfx906"),
        (Gpu(vendor="amd", name="RTX 50"), None, None),
        (Gpu(vendor="intel", name="Arc gfx1100"), None, None),
    ],
)
def test_a_name_says_what_the_driver_does_not(gpu: Gpu, capability: str | None, gfx: str | None) -> None:
    (found,) = with_models(linux(gpus=(gpu,)), MODELS).gpus or ()
    assert (found.compute_capability, found.gfx, found.name) == (capability, gfx, gpu.name)


@pytest.mark.parametrize("gpus", [None, ()])
def test_no_gpu_is_no_model(gpus: Any) -> None:
    assert with_models(linux(gpus=gpus), MODELS).gpus == gpus


# ------------------------------------------------------------------------------------------- the shipped rows


@pytest.mark.parametrize("known", ["10.0", "10.3", "12.0", "12.1"])
def test_a_gpu_newer_than_all_machine_code_gets_the_newest_release_that_it_can_compile(known: str) -> None:
    asked = answer(nvidia(known), "cuda")
    assert asked.requirements[0] == "tensorflow[and-cuda]==2.21.0"
    assert any("container" in words for words in asked.warnings)
    auto = answer(nvidia(known))
    assert (auto.row, auto.accelerator) == ("linux-x86_64-cpu", "cpu")
    assert any("stays unused" in words and "PTX" in words for words in auto.warnings)


@pytest.mark.parametrize("release", ["2.16.2", "2.18.1", "2.19.1", "2.20.0"])
def test_a_release_without_code_for_such_a_gpu_is_refused_with_nvidia_s_container(release: str) -> None:
    found = answer(nvidia("12.0"), "cuda", release)
    assert not found.installable
    assert "NVIDIA's own TensorFlow container" in found.reasons[0]
    assert found.reasons[0].endswith("(the GPU here has 12.0)")
    assert any(words.startswith("--tensorflow 2.21.0") for words in found.suggestions)


def test_the_newest_that_such_a_gpu_can_compile_is_not_passed_over_for_an_old_one() -> None:
    old = answer(nvidia("12.0"), "cuda", "<2.16")
    assert old.installable
    assert any("cuDNN 8" in words for words in old.warnings)
    assert answer(nvidia("12.0"), "cuda").requirements[0].endswith("==2.21.0")


@pytest.mark.parametrize("known", ["6.0", "6.1", "7.0"])
@pytest.mark.parametrize("release", [None, "2.21.0"])
def test_a_gpu_that_cudnn_has_dropped_gets_the_last_cudnn_with_code_for_it(known: str, release: str | None) -> None:
    found = answer(nvidia(known), "cuda", release)
    assert "nvidia-cudnn-cu12<9.11" in found.requirements
    assert any("GTX 10, P100, V100" in words for words in found.reasons)
    assert "nvidia-cudnn-cu12<9.11" not in answer(nvidia(known), "cuda", "2.19.1").requirements  # pins 9.3


@pytest.mark.parametrize("known", ["7.5", "8.6", "9.0", None])
def test_other_gpus_get_the_newest_cudnn(known: str | None) -> None:
    assert answer(nvidia(known)).requirements == ("tensorflow[and-cuda]==2.20.0", "setuptools<82")


def test_a_mixed_machine_gets_what_its_oldest_gpu_needs() -> None:
    assert "nvidia-cudnn-cu12<9.11" in answer(nvidia("7.0", "8.0")).requirements
    assert answer(nvidia("12.0", "8.0")).requirements[0] == "tensorflow[and-cuda]==2.20.0"


@pytest.mark.parametrize(
    ("driver", "release"),
    [("555.42.06", "2.20.0"), ("550.54", "2.18.1"), ("535.54", "2.16.2"), ("525.60.13", "2.16.2")],
)
def test_a_driver_too_old_for_the_ptx_gets_a_release_whose_ptx_it_compiles(driver: str, release: str) -> None:
    assert answer(nvidia("9.0", driver=driver)).requirements[0] == f"tensorflow[and-cuda]=={release}"
    assert answer(nvidia("8.0", driver=driver)).requirements[0] == "tensorflow[and-cuda]==2.20.0"


@pytest.mark.parametrize("name", ["AMD Radeon RX 7900 XTX (gfx1100)", "AMD Radeon RX 7900 XT"])
def test_no_release_on_the_index_serves_the_newest_radeons(name: str) -> None:
    found = answer((Gpu(vendor="amd", name=name),), "rocm")
    assert not found.installable
    assert "gfx1100" in found.reasons[0]
    assert any(words.startswith("--accelerator cpu") for words in found.suggestions)


def test_rocm_serves_the_gpus_that_its_list_names() -> None:
    assert answer(amd("gfx90a"), "rocm").requirements[0] == "tensorflow-rocm==2.14.0.600"
    unknown = answer(amd(None), "rocm")
    assert unknown.installable
    assert any(words.startswith("could not tell which GPU this is") for words in unknown.warnings)


@pytest.mark.parametrize("name", ["NVIDIA GeForce RTX 5090", "NVIDIA GeForce RTX 5070 Ti Laptop GPU"])
def test_a_machine_that_somebody_wrote_down_has_a_name_only(name: str) -> None:
    assert answer((Gpu(vendor="nvidia", name=name, driver="580.1"),)).row == "linux-x86_64-cpu"


@pytest.mark.parametrize("arch", ["armv7l", "armv6l", "i686"])
def test_a_32_bit_system_is_refused_whatever_its_kernel_is(arch: Any) -> None:
    kernel = "x86_64" if arch == "i686" else "aarch64"
    for host in (linux(arch=arch), linux(arch=kernel, pythons=pythons("3.11.2", arch=arch), python_downloads=True)):
        found = select(host, Ask(), shipped())
        assert not found.installable
        assert found.reasons[0] == "no TensorFlow wheel is for a 32-bit system"


def test_a_64_bit_system_may_have_a_32_bit_python_too() -> None:
    both: Host = linux(arch="aarch64")
    both = replace(both, pythons=(*pythons("3.11.2", arch="armv7l"), *pythons("3.12.1", arch="aarch64")))
    assert select(both, Ask(), shipped()).installable


def test_an_arm_machine_with_an_nvidia_gpu_gets_the_cpu_and_never_cuda() -> None:
    host = linux(arch="aarch64", gpus=nvidia("9.0"))
    assert select(host, Ask(), shipped()).row == "linux-aarch64-cpu"
    assert not select(host, Ask(accelerator="cuda"), shipped()).installable


# ---------------------------------------------------------------------------------------- a GPU that a machine plays


def guest(version: str | None = "15.7", **fields: Any) -> Host:
    gpu = Gpu(**{"vendor": "apple", "name": "Apple Paravirtual device", **fields})
    return Host(os="macos", os_version=version, arch="arm64", gpus=(gpu,), pythons=pythons("3.12.4", "3.13.1"))


def asked(host: Host, accelerator: Any = "auto") -> Selection:
    return select(host, Ask(accelerator=accelerator), shipped())


def test_a_virtual_gpu_gets_what_the_chip_would_get_and_is_warned_of() -> None:
    real = asked(guest(name="Apple M1", virtual=False))
    played = asked(guest(virtual=True))
    assert (played.row, played.requirements) == (real.row, real.requirements)
    (more,) = [one for one in played.warnings if one not in real.warnings]
    assert more == (
        "the GPU here is a virtual machine's (Apple Paravirtual device): what computes on it may fail or be wrong, "
        "and `--accelerator cpu` keeps clear of it; seen on it: commands recorded for later end the process by an "
        "assertion of Metal's (tinygrad); some runs of a runner show no GPU at all (llama.cpp)"
    )


@pytest.mark.parametrize(("said", "warned"), [(None, True), (True, True), (False, False)])
def test_the_name_says_it_unless_the_machine_does(said: bool | None, warned: bool) -> None:
    warnings = asked(guest(virtual=said)).warnings
    assert any("a virtual machine's" in one for one in warnings) is warned


def test_what_computes_on_the_cpu_is_not_warned_of_the_gpu() -> None:
    assert not any("virtual machine" in one for one in asked(guest(virtual=True), "cpu").warnings)


def test_a_machine_of_both_kinds_is_no_virtual_one() -> None:
    both = replace(guest(), gpus=(*(guest().gpus or ()), Gpu(vendor="apple", name="Apple M1")))
    apple: tuple[GpuVendor, ...] = ("apple",)
    others: tuple[GpuVendor, ...] = ("amd",)
    assert virtual_gpu(both, shipped().gpus, apple) is None
    assert virtual_gpu(both, shipped().gpus, others) is None
    assert virtual_gpu(guest(), shipped().gpus, (*others, *apple)) is not None
    assert virtual_gpu(Host(), shipped().gpus, apple) is None


def test_faults_are_of_the_macos_they_were_seen_on() -> None:
    seen = [
        Fault(what=word, source="run", macos=on) for word, on in (("old", "<15"), ("new", ">=26,<27"), ("all", None))
    ]
    models = [GpuModel(vendor="apple", names=("Paravirtual",), source="run", virtual=True, faults=tuple(seen))]

    def told(version: str | None) -> list[str]:
        host = guest(version)
        return [fault.what for gpu in host.gpus or () for fault in faults_of(gpu, host, models)]

    assert told("14.8.2") == ["old", "all"]
    assert told("15.7") == ["all"]
    assert told("26.1") == ["new", "all"]
    assert told(None) == ["old", "new", "all"]
    assert faults_of(Gpu(vendor="apple", name="Apple M1"), guest(), models) == ()
