"""A GPU that a virtual machine plays is called what it is, and its speed is no measure."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.verify import CASES, case_of
from tfsetup.host.model import Gpu, GpuVendor, Host
from tfsetup.matrix.file.disk import read_matrix
from tfsetup.verify.history import run_of
from tfsetup.verify.judge import judge
from tfsetup.verify.model import Finding, ProbeOutcome, Verification
from tfsetup.verify.observed import Observed
from tfsetup.verify.virtual import played

MODELS = read_matrix().gpus
DEVICE = "Apple Paravirtual device"
PLAYED = Gpu(vendor="apple", name=DEVICE, virtual=True)
GUEST = Host(os="macos", os_version="15.7", arch="arm64", gpus=(PLAYED,))


def outcome(stderr: str = "") -> ProbeOutcome:
    return ProbeOutcome(python="/env/bin/python", ended="finished", stderr=stderr)


def who(host: Host | None, stderr: str = "") -> Gpu | None:
    return played(Observed(outcome=outcome(stderr)), host, MODELS)


def judged(name: str, host: Host | None = None) -> Verification:
    """Return the judgement on a case, on the machine it names or on another."""
    case = case_of(CASES / f"{name}.json")
    return judge(case.outcome, case.expectation, host or case.host, gpus=MODELS)


def said(found: Verification) -> list[Finding]:
    return [finding for finding in found.findings if DEVICE in finding.title]


def test_the_plugins_own_line_decides_over_the_machine() -> None:
    real = "I metal_plugin/src/device/metal_device.cc:1154] Metal device set to: Apple M2 Max\nsystemMemory: 32.00 GB\n"
    virtual = real.replace("Apple M2 Max", DEVICE)
    assert who(None, virtual) == PLAYED
    assert who(replace(GUEST, gpus=(Gpu(vendor="apple", name="Apple M2 Max", virtual=False),)), virtual) is not None
    assert who(GUEST, real) is None
    assert who(GUEST) == PLAYED
    assert who(None) is None


def test_a_name_is_enough_where_nobody_says_virtual() -> None:
    bare = Gpu(vendor="apple", name=DEVICE)
    assert who(replace(GUEST, gpus=(bare,))) is not None
    assert who(replace(GUEST, gpus=(replace(bare, virtual=False),))) is None


def test_a_real_gpu_beside_it_may_be_the_one_in_use() -> None:
    radeon = Gpu(vendor="amd", name="AMD Radeon RX 6800")
    assert who(replace(GUEST, gpus=(PLAYED, radeon))) is None
    assert who(replace(GUEST, gpus=(PLAYED, Gpu(vendor="intel", name="Intel UHD Graphics 630")))) == PLAYED


@given(st.lists(st.tuples(st.sampled_from(["apple", "nvidia", "amd", "intel"]), st.sampled_from([None, True, False]))))
def test_no_machine_is_virtual_that_has_a_gpu_to_compute_on(gpus: list[tuple[GpuVendor, bool | None]]) -> None:
    host = Host(gpus=tuple(Gpu(vendor=vendor, virtual=virtual) for vendor, virtual in gpus))
    computing = [virtual for vendor, virtual in gpus if vendor != "intel"]
    assert (who(host) is not None) == (bool(computing) and all(computing))


def test_its_speed_is_no_verdict() -> None:
    slow = judged("gpu-slower-than-cpu")
    assert [device.status for device in slow.devices] == ["ok", "slow"]
    found = judged("gpu-slower-than-cpu", replace(GUEST, arch="x86_64"))
    assert [(device.status, device.virtual) for device in found.devices] == [("ok", None), ("ok", True)]
    (finding,) = said(found)
    assert (finding.severity, finding.fix) == ("note", ())
    assert finding.title.startswith(f"GPU:0 is a virtual machine's ({DEVICE}): its speed says nothing of real hardware")


def test_its_speed_is_no_history() -> None:
    kept = [{rate[0] for rate in run_of(found, "2026-11-28T12:00:00").rates}
            for found in (judged("gpu-slower-than-cpu"), judged("paravirtual-slow-by-the-log"))]  # fmt: skip
    assert kept == [{"CPU:0", "GPU:0", "NumPy"}, {"CPU:0", "NumPy"}]


def test_the_cpu_of_a_virtual_machine_is_still_held_to_numpy() -> None:
    found = judged("cpu-slow", replace(GUEST, arch="x86_64"))
    assert [device.status for device in found.devices] == ["slow"]


@pytest.mark.parametrize("name", ["paravirtual-wrong", "paravirtual-hangs", "paravirtual-not-listed"])
def test_what_goes_wrong_on_it_has_the_way_around(name: str) -> None:
    found = judged(name)
    (finding,) = said(found)
    assert not found.ok
    assert finding.severity == "warning"
    assert finding.fix == ("tfsetup install --accelerator cpu computes without it",)


def test_what_others_saw_is_told_of_the_macos_they_saw_it_on() -> None:
    told = {version: said(judged("paravirtual-idle", Host(os="macos", os_version=version, gpus=(PLAYED,))))[0].detail
            for version in ("14.8.2", "15.7.2", "26.2", "27.0")}  # fmt: skip
    assert all(detail.startswith("seen on it: ") for detail in told.values())
    assert {version for version, detail in told.items() if "a product with a bias" in detail} == {"26.2"}
    assert {version for version, detail in told.items() if "leave zeros" in detail} == {"14.8.2"}
    assert all("(tinygrad)" in detail for detail in told.values())
    unknown = said(judged("paravirtual-idle", Host(os="macos", gpus=(PLAYED,))))[0].detail
    assert "a product with a bias" in unknown
    assert "leave zeros" in unknown


def test_an_idle_one_is_no_reproach() -> None:
    titles = [finding.title for finding in judged("paravirtual-idle").findings]
    assert not any("is not used" in title for title in titles)
    assert any(title.startswith(f"the GPU is a virtual machine's ({DEVICE})") for title in titles)
