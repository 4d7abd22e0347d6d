"""How what a device reached stands to its chip's peak: the bands, the words, and what is left alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from support.verify import CASES, case_of
from tfsetup.host.model import Cpu, Gpu, Host
from tfsetup.matrix.chips import Peak, apple_peak
from tfsetup.matrix.file.disk import read_chips, read_matrix
from tfsetup.verify.judge import judge
from tfsetup.verify.model import Device, ProbeOutcome, Verification
from tfsetup.verify.peaks import peak_findings, told

CHIPS = read_chips()
BANDS = CHIPS.bands
GPUS = read_matrix().gpus
M2 = Host(
    os="macos",
    os_version="15.6",
    arch="arm64",
    cpu=Cpu(brand="Apple M2"),
    gpus=(Gpu(vendor="apple", name="Apple M2", cores=10, virtual=False),),
)
PEAK = 128 * 10 * 2 * 1.398
COMMUNITY = "tensorflow-metal-plugin"
SMALL = (512, 1024, 2048)
FULL = (*SMALL, 4096)
CPU_GFLOPS = 5.0


def product(device: str, n: int, gflops: float, dtype: str = "float32") -> dict[str, Any]:
    seconds = 2e-9 * n**3 / gflops
    return {
        "event": "matmul", "device": device, "n": n, "dtype": dtype, "median_s": seconds * 1.1, "min_s": seconds,
        "spread": 0.0, "gflops": gflops / 1.1, "max_rel_error": 1e-7, "checksum_error": 1e-7, "finite": True,
        "repeatable": True, "placed_on": device, "runs": 5,
    }  # fmt: skip


def events(rates: Mapping[int, float], *, packages: Sequence[str] = (), **entry: Any) -> tuple[dict[str, Any], ...]:
    """Return the events of a run: a GPU with a rate at each size, and a CPU far below it."""
    gpu = {"name": "GPU:0", "type": "GPU", "measured": True, **entry}
    return (
        {"event": "interpreter", "arch": "arm64", "python": "3.12.4"},
        {"event": "imported", "seconds": 1.0},
        {"event": "distributions", "distributions": dict.fromkeys(packages, "1.0")},
        {"event": "devices", "devices": [{"name": "CPU:0", "type": "CPU", "measured": True}, gpu]},
        *(product("CPU:0", n, CPU_GFLOPS) for n in rates),
        *(product("GPU:0", n, rate) for n, rate in rates.items()),
    )


def judged(
    rates: Mapping[int, float],
    host: Host | None = M2,
    *,
    stderr: str = "",
    more: Sequence[dict[str, Any]] = (),
    **rest: Any,
) -> Verification:
    outcome = ProbeOutcome(
        python="python",
        ended="finished",
        exit_status=0,
        stderr=stderr,
        events=(*events(rates, **rest), *more, {"event": "done"}),
    )
    return judge(outcome, None, host, gpus=GPUS, chips=CHIPS)


def growing(share: float, sizes: Sequence[int] = FULL) -> dict[int, float]:
    """Return rates that double from size to size up to a share of the peak: nothing has levelled off."""
    return {n: share * PEAK / 2 ** (len(sizes) - 1 - place) for place, n in enumerate(sizes)}


def gpu(found: Verification) -> Device:
    return next(device for device in found.devices if device.type == "GPU")


def titles(found: Verification) -> list[str]:
    return [f"{one.severity}: {one.title}" for one in found.findings if "GPU:0" in one.title]


@pytest.mark.parametrize(
    ("share", "pace", "status", "words", "findings"),
    [
        (0.81, "good", "ok", "2.9 of 3.6 TFLOP/s, 81 %: as it should be", []),
        (0.36, "good", "ok", "1.3 of 3.6 TFLOP/s, 36 %: as it should be", []),
        (0.34, "below", "ok", "1.2 of 3.6 TFLOP/s, 34 %: less than it should be",
         ["note: GPU:0 reaches less than its chip should"]),
        (0.16, "below", "ok", "0.6 of 3.6 TFLOP/s, 16 %: less than it should be",
         ["note: GPU:0 reaches less than its chip should"]),
        (0.08, "slow", "slow", "0.3 of 3.6 TFLOP/s, 8 %: slow; low-power mode?",
         ["warning: GPU:0 is slower than this machine should be"]),
        (1.2, "good", "ok", "4.3 of 3.6 TFLOP/s, 120 %: as it should be", []),
        (2.0, "impossible", "ok", "7.2 of 3.6 TFLOP/s, 200 %: more than it can do; something else was timed",
         ["warning: GPU:0 is faster than its chip can be: what was timed is not the whole product"]),
    ],
)  # fmt: skip
def test_the_bands_and_their_words(share: float, pace: str, status: str, words: str, findings: list[str]) -> None:
    found = judged(growing(share))
    device = gpu(found)
    assert (device.pace, device.status, told(device)) == (pace, status, words)
    assert device.peak_gflops == pytest.approx(PEAK)
    assert device.share_of_peak == pytest.approx(share)
    assert titles(found) == findings
    assert found.ok  # a slow device still computes the right thing


def test_what_is_slow_says_so_in_its_finding() -> None:
    (finding,) = (one for one in judged(growing(0.08)).findings if "slower" in one.title)
    assert finding.detail == "0.3 of 3.6 TFLOP/s, 8 %: slow; low-power mode?"
    assert any("lowpowermode" in step for step in finding.fix)


@given(st.floats(0.01, 1.24), st.floats(0.01, 1.24))
def test_more_is_never_judged_worse(one: float, other: float) -> None:
    order = ["slow", "below", "good"]
    low, high = (gpu(judged(growing(share))) for share in sorted((one, other)))
    assert low.pace is not None
    assert high.pace is not None
    assert order.index(low.pace) <= order.index(high.pace)


@given(st.floats(0.01, 0.99))
def test_small_products_are_blamed_for_nothing(share: float) -> None:
    device = gpu(judged(growing(share, SMALL)))
    assert device.status == "ok"
    assert device.pace == ("good" if share >= BANDS.good else None)
    assert device.share_of_peak == pytest.approx(share)


def test_a_share_that_is_not_judged_tells_its_size() -> None:
    assert told(gpu(judged(growing(0.2, SMALL)))) == "0.7 of 3.6 TFLOP/s, 20 % at 2048"


def test_small_products_that_became_no_faster_are_judged() -> None:
    level = dict.fromkeys(SMALL, 0.08 * PEAK)
    assert gpu(judged(level)).pace == "slow"


def test_the_best_size_counts_and_not_the_largest() -> None:
    device = gpu(judged({**growing(0.8), 4096: 0.1 * PEAK}))
    assert (device.pace, device.best_n) == ("good", 2048)


def test_other_types_do_not_count() -> None:
    more = (product("GPU:0", 4096, 2 * PEAK, "float16"),)
    assert gpu(judged(growing(0.5), more=more)).share_of_peak == pytest.approx(0.5)


def test_the_community_s_plugin_is_held_to_its_own_table() -> None:
    assert gpu(judged(growing(0.26), packages=[COMMUNITY])).pace == "good"
    assert gpu(judged(growing(0.19), packages=[COMMUNITY])).pace == "below"
    assert gpu(judged(growing(0.26), packages=["tensorflow-metal"])).pace == "below"


def test_a_range_is_judged_by_its_lower_end() -> None:
    host = replace(M2, gpus=(Gpu(vendor="apple", name="Apple M2", virtual=False),))
    lower, upper = (apple_peak(CHIPS, "Apple M2", cores) for cores in (8, 10))
    assert lower is not None
    assert upper is not None
    device = gpu(judged({4096: 0.36 * lower.least}, host))
    assert 0.36 * lower.least / upper.least < BANDS.good
    assert [device.peak_gflops, device.peak_gflops_most] == pytest.approx([lower.least, upper.least])
    assert device.pace == "good"
    assert told(device) == "1.0 of 2.9 to 3.6 TFLOP/s, 36 % of the lower: as it should be"


def test_the_upper_end_decides_what_cannot_be() -> None:
    host = replace(M2, gpus=(Gpu(vendor="apple", name="Apple M2", virtual=False),))
    rate = 1.2 * PEAK
    assert rate > BANDS.most * 128 * 8 * 2 * 1.398
    assert gpu(judged({4096: rate}, host)).pace == "good"


@pytest.mark.parametrize(
    "host",
    [
        None,
        Host(os="macos"),
        Host(os="macos", gpus=()),
        replace(M2, gpus=(Gpu(vendor="apple", name="Apple M5", cores=10),)),
        replace(M2, gpus=(Gpu(vendor="apple", name="Apple Paravirtual device"),)),
        replace(M2, gpus=(Gpu(vendor="apple", name="Apple M2", cores=10, virtual=True),)),
        replace(M2, gpus=(Gpu(vendor="amd", name="Radeon Pro 5500M", cores=24),)),
    ],
    ids=["nobody", "unknown", "none", "unpublished", "paravirtual", "virtual", "amd"],
)
def test_where_nothing_is_known_nothing_is_judged(host: Host | None) -> None:
    device = gpu(judged(growing(0.08), host))
    assert (device.status, device.peak_gflops, device.share_of_peak, device.pace) == ("ok", None, None, None)
    assert told(device) == ""


def test_the_plugin_s_own_line_decides() -> None:
    line = "I metal_plugin/src/device/metal_device.cc:1154] Metal device set to: {}\n"
    rates = growing(0.8)
    assert gpu(judged(rates, None, stderr=line.format("Apple M2"))).peak_gflops == pytest.approx(0.8 * PEAK)
    assert gpu(judged(rates, M2, stderr=line.format("Apple M2"))).peak_gflops_most is None
    max_of_two = gpu(judged(rates, M2, stderr=line.format("Apple M2 Max")))
    assert max_of_two.peak_gflops == pytest.approx(128 * 30 * 2 * 1.398)
    assert gpu(judged(rates, M2, stderr=line.format("Apple Paravirtual device"))).peak_gflops is None


def test_a_virtual_gpu_is_not_the_chip_whatever_the_plugin_calls_it() -> None:
    host = replace(M2, gpus=(Gpu(vendor="apple", name="Apple M2", cores=10, virtual=True),))
    device = gpu(judged(growing(0.08), host, stderr="Metal device set to: Apple M2\n"))
    assert (device.virtual, device.status, device.peak_gflops) == (True, "ok", None)


def test_a_device_that_fails_has_a_peak_and_no_share() -> None:
    wrong = {**product("GPU:0", 4096, 0.08 * PEAK), "max_rel_error": 0.9}
    device = gpu(judged({512: 0.01 * PEAK}, more=(wrong,)))
    assert (device.status, device.share_of_peak, device.pace) == ("wrong", None, None)
    assert device.peak_gflops == pytest.approx(PEAK)


def test_slower_than_the_cpu_is_the_graver_word() -> None:
    rates = growing(0.001)
    slower = gpu(judged(rates, more=[product("CPU:0", 4096, 0.01 * PEAK)]))
    assert slower.status == "slow"
    assert "the CPU's" in slower.reason


# ------------------------------------------------------------------------------------------------- NVIDIA


def card(**changes: Any) -> dict[str, Any]:
    known = {"device": "GPU:0", "multiprocessors": 132, "clock_ghz": 1.98, "compute_capability": "9.0"}
    return {"event": "cards", "cards": [known | changes]}


def nvidia(*more: dict[str, Any], relaxed: bool = True, share: float = 0.5) -> Device:
    tensorflow = {"event": "tensorflow", "version": "2.21.0", "tensor_float_32": relaxed}
    rates = {4096: share * 128 * 132 * 2 * 1.98}
    host = Host(os="linux", gpus=(Gpu(vendor="nvidia", name="NVIDIA H100 80GB HBM3"),))
    return gpu(judged(rates, host, more=[tensorflow, *more], compute_capability="9.0", description="NVIDIA H100"))


def test_an_nvidia_card_is_told_by_its_driver_and_not_judged() -> None:
    plain, relaxed = nvidia(card(), relaxed=False), nvidia(card())
    assert plain.peak_gflops == pytest.approx(128 * 132 * 2 * 1.98)
    assert relaxed.peak_gflops == pytest.approx(1024 * 132 * 2 * 1.98)
    assert plain.share_of_peak == pytest.approx(0.5)
    assert plain.pace is None
    assert told(plain) == "33.5 of 66.9 TFLOP/s, 50 % at 4096"
    assert nvidia(card(), relaxed=False, share=0.02).status == "ok"


@pytest.mark.parametrize(
    "more",
    [
        (),
        (card(device="GPU:1"),),
        (card(compute_capability="8.0"),),
        (card(multiprocessors=None),),
        (card(clock_ghz=None),),
    ],
    ids=["silent", "another", "another kind", "no count", "no clock"],
)
def test_a_card_of_which_the_driver_says_too_little_has_no_peak(more: Sequence[dict[str, Any]]) -> None:
    assert nvidia(*more).peak_gflops is None


# ---------------------------------------------------------------------------------------------------- CPU


def numpy(n: int, gflops: float) -> dict[str, Any]:
    return {**product("NumPy", n, gflops), "event": "numpy", "reference_error": 1e-16}


def accelerate(brand: str, *, arch: str = "arm64", library: str = "accelerate", gflops: float = 2400.0) -> Verification:
    host = replace(M2, cpu=Cpu(brand=brand), gpus=())
    blas = {"event": "blas", "libraries": [{"path": "/System/libBLAS.dylib", "library": library}], "users": {}}
    interpreter = {"event": "interpreter", "arch": arch, "python": "3.12.4"}
    return judged({2048: 9.0}, host, more=[interpreter, numpy(2048, gflops), blas])


def test_numpy_on_accelerate_is_held_against_the_matrix_units() -> None:
    found = accelerate("Apple M1 Max").blas
    assert [found.peak_gflops, found.share_of_peak] == pytest.approx([3305, 2400 / 3305])


@pytest.mark.parametrize(
    "found",
    [
        accelerate("Apple M1"), accelerate("Apple M3 Max"), accelerate("Apple M1 Max (Virtual)"),
        accelerate("Apple M1 Max", arch="x86_64"), accelerate("Apple M1 Max", library="openblas"),
    ],
    ids=["unpublished", "another", "guest", "translated", "openblas"],
)  # fmt: skip
def test_nothing_is_said_of_other_matrix_units(found: Verification) -> None:
    assert (found.blas.peak_gflops, found.blas.share_of_peak) == (None, None)


def test_a_cpu_device_has_the_cores_peak_and_no_verdict() -> None:
    found = case_of(CASES / "full-cpu.json").judged()
    (cpu,) = (device for device in found.devices if device.type == "CPU")
    assert (cpu.peak_gflops, cpu.pace) == (found.ceiling_gflops, None)
    known = judge(
        ProbeOutcome(
            python="python", ended="finished",
            events=(*events({512: 20.0}), {"event": "interpreter", "arch": "x86_64", "cores": 2, "clock_ghz": 2.0},
                    {"event": "cpu", "features": ["AVX", "AVX2", "FMA3"]}),
        ),
        None, Host(os="linux", arch="x86_64"), chips=CHIPS,
    )  # fmt: skip
    device = known.devices[0]
    assert [device.peak_gflops, device.share_of_peak] == pytest.approx([128.0, CPU_GFLOPS / 128])
    assert not list(peak_findings(known.devices))


def test_without_the_table_nothing_is_judged() -> None:
    outcome = ProbeOutcome(python="python", ended="finished", events=events(growing(0.08)))
    assert gpu(judge(outcome, None, M2, gpus=GPUS)).peak_gflops is None


@given(st.floats(1, 1e6), st.floats(1, 1e6), st.floats(0, 3), st.sampled_from([None, "good", "below", "slow"]))
def test_any_numbers_have_words(rate: float, least: float, more: float, pace: Any) -> None:
    assume(more == 0 or more > 0.01)
    peak = Peak(least=least, most=least * (1 + more))
    device = Device(
        name="GPU:0", type="GPU", status="ok", reason="", peak_gflops=least, share_of_peak=rate / least, pace=pace,
        peak_gflops_most=peak.most if peak.range else None, best_gflops=rate, best_n=4096,
    )  # fmt: skip
    words = told(device)
    assert f"{100 * rate / least:.0f} %" in words
    assert ("TFLOP/s" in words) == (least >= 1000)
    assert (" to " in words) == peak.range
    assert (" at 4096" in words) == (pace is None)
