"""The judgement on recorded probe runs: tests/cases/verify/*.json, a case each (`source` says how it came about)."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from support.verify import case_of
from tfsetup.ground.encode import encode
from tfsetup.host.model import Cpu, Gpu, Host
from tfsetup.matrix.model import Expectation
from tfsetup.verify.devices import has_tensor_float_32, missing
from tfsetup.verify.judge import judge
from tfsetup.verify.model import ProbeOutcome, Verification

CASES = sorted((Path(__file__).parents[2] / "cases" / "verify").glob("*.json"))


def load(path: Path) -> tuple[Verification, dict[str, Any]]:
    """Return the judgement on a case and what the case wants."""
    case = case_of(path)
    return case.judged(), case.want


def case(name: str) -> Verification:
    """Return the judgement on the case of that name."""
    return load(next(path for path in CASES if path.stem == name))[0]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_recorded_run_gets_its_verdict(path: Path) -> None:
    found, want = load(path)
    assert found.ok is want["ok"], found.findings
    statuses = {device.name: device.status for device in found.devices}
    assert {name: statuses.get(name) for name in want["devices"]} == want["devices"]
    assert (found.failure.kind if found.failure else None) == want["failure"]
    said = [f"{finding.severity}: {finding.title}" for finding in found.findings if finding.severity != "note"]
    assert len(said) == len(want["findings"]), said
    for line, start in zip(said, want["findings"], strict=True):
        assert line.startswith(start)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_verdict_has_a_json_form_without_nan(path: Path) -> None:
    found, _want = load(path)
    data = json.loads(json.dumps(encode(found), allow_nan=False))
    assert {"python", "tensorflow", "import_s", "devices", "blas", "expected", "native_runtime"} <= set(data)
    assert {"version", "git_version"} <= set(data["tensorflow"])
    assert {"library", "arch"} <= set(data["blas"])
    for device in data["devices"]:
        assert {"name", "type", "status", "matmul"} <= set(device)
        assert all(
            {"n", "dtype", "median_s", "gflops", "max_rel_error", "runs"} <= set(item) for item in device["matmul"]
        )
    assert all(finding["title"] for finding in data["findings"])
    assert list(data) == [field.name for field in fields(Verification)]
    assert msgspec.convert(data, Verification) == found


def test_a_verdict_names_the_number_that_decided_it() -> None:
    gpu = {name: case(name).devices[1].reason for name in ("gpu-wrong", "gpu-nan", "gpu-op-on-cpu", "gpu-failed")}
    assert gpu["gpu-wrong"].startswith("float32 512: error 9.3e-01 > ")
    assert gpu["gpu-nan"] == "float32 512: the result holds NaN or infinity"
    assert gpu["gpu-op-on-cpu"] == "float32 512 was put on GPU:0 and ran on CPU:0"
    assert gpu["gpu-failed"] == "float32 512: InternalError: Failed to create cuBLAS handle"
    assert "x the CPU's (" in case("gpu-slower-than-cpu").devices[1].reason
    assert "x what NumPy reaches here" in case("cpu-slow").devices[0].reason
    assert case("gpu-not-listed").devices[1].reason == (
        "a GPU was expected, TensorFlow lists CPU:0; its work would run on the CPU"
    )


def test_a_crash_keeps_its_evidence_for_the_doctor() -> None:
    failure = case("no-avx").failure
    assert failure is not None
    assert failure.signal == "SIGILL"
    assert failure.phase == "import"
    assert failure.library is not None
    assert failure.library.endswith("tensorflow/python/platform/_pywrap_cpu_feature_guard.so")
    assert "Illegal instruction" in failure.stderr_tail
    assert case("no-avx").findings[0].cause == "cpu-no-avx"


def test_a_crash_while_computing_names_the_step_and_not_a_library_of_the_import() -> None:
    failure = case("gpu-segv").failure
    assert failure is not None
    assert failure.phase == "matmul float32"
    assert failure.library is None


def test_an_illegal_instruction_without_the_cpus_features_claims_no_cause() -> None:
    path = next(path for path in CASES if path.stem == "no-avx")
    outcome = json.loads(path.read_text(encoding="utf-8"))["outcome"]
    events = tuple(event for event in outcome["events"] if event["event"] != "cpu")
    bare = ProbeOutcome(**{**outcome, "events": events})
    assert judge(bare, None, None).findings[0].cause is None
    with_avx = Host(cpu=Cpu(features=("sse2", "avx")))
    assert judge(bare, None, with_avx).findings[0].cause is None
    without = Host(cpu=Cpu(features=("sse2",)))
    assert judge(bare, None, without).findings[0].cause == "cpu-no-avx"
    translated = Host(arch="arm64", rosetta=True)
    assert judge(bare, None, translated).findings[0].cause == "rosetta-no-avx"


def test_facts_of_a_good_run_reach_the_verification() -> None:
    found = case("cpu-only")
    assert found.tensorflow.version == "2.21.0"
    assert found.python == "3.13.0"
    assert found.arch == "x86_64"
    assert found.import_s is not None
    assert 0 < found.import_phases["native libraries"] < found.import_s
    assert sum(found.import_phases.values()) == pytest.approx(found.import_s, rel=0.15)
    assert {image.wheel for image in found.native_runtime} >= {"tensorflow_cpu 2.21.0", "numpy 2.5.5"}
    assert found.cpu_features_unused == ("avx2", "fma")
    numpy = found.blas
    assert (numpy.user, numpy.library, numpy.core, numpy.threads) == ("numpy", "openblas", "Haswell", 2)
    assert numpy.wheel == "numpy 2.5.5"
    assert numpy.arch == "x86_64"


def test_the_peak_of_an_emulated_cpu_is_not_told() -> None:
    assert case("emulated").ceiling_gflops is None
    path = next(path for path in CASES if path.stem == "cpu-only")
    outcome = json.loads(path.read_text(encoding="utf-8"))["outcome"]
    events = tuple(
        {**event, "cores": 2, "clock_ghz": 2.5} if event["event"] == "interpreter" else event
        for event in outcome["events"]
    )
    here = ProbeOutcome(**{**outcome, "events": events})
    assert judge(here, None, None).ceiling_gflops == 160.0
    assert judge(here, None, Host(arch="x86_64")).ceiling_gflops == 160.0
    assert judge(here, None, Host(arch="aarch64")).ceiling_gflops is None


def test_a_gap_in_the_examination_is_said() -> None:
    path = next(path for path in CASES if path.stem == "cpu-only")
    outcome = json.loads(path.read_text(encoding="utf-8"))["outcome"]
    error = {"event": "error", "phase": "blas", "type": "KeyError", "message": "'x'"}
    found = judge(ProbeOutcome(**{**outcome, "events": (*outcome["events"], error)}), None, None)
    assert found.ok
    assert [finding.title for finding in found.findings] == ["phase `blas` could not be completed"]


def test_a_gpu_that_nobody_promised_and_tensorflow_does_not_list_is_named() -> None:
    path = next(path for path in CASES if path.stem == "cpu-only")
    outcome = json.loads(path.read_text(encoding="utf-8"))["outcome"]
    bare = ProbeOutcome(**{**outcome, "events": tuple(outcome["events"])})
    mac = judge(bare, None, Host(gpus=(Gpu(vendor="apple", name="Apple M1"),)))
    assert mac.ok
    assert [finding.title for finding in mac.findings] == [
        "this machine's GPU (Apple M1) is not used: TensorFlow lists no GPU"
    ]
    assert "there" not in mac.findings[0].fix
    told = judge(bare, None, Host(gpus=(Gpu(vendor="apple", name="Apple M1"),)), elsewhere="there")
    assert "there" in told.findings[0].fix
    promised = Expectation(devices=("CPU",), blas=None, arch=None)
    assert judge(bare, promised, Host(gpus=(Gpu(vendor="nvidia"),))).findings == ()
    assert judge(bare, None, Host(gpus=(Gpu(vendor="intel"),))).findings == ()
    assert judge(bare, None, Host(gpus=None)).findings == ()


def test_a_probe_that_measured_nothing_is_not_ok() -> None:
    done = ProbeOutcome(python="python", ended="finished", events=({"event": "done"},), exit_status=0)
    assert not judge(done, None, None).ok


def test_a_failed_check_decides_over_a_fast_matmul() -> None:
    reasons = {
        name: case(name).devices[1].reason
        for name in (
            "training-nan",
            "training-drifts",
            "training-unrepeatable",
            "training-diverges",
            "training-fails",
            "convolution-elsewhere",
        )
    }
    assert reasons["training-nan"] == "training step: values are NaN or infinite"
    assert reasons["training-drifts"].startswith("training step: differs from the CPU by 8.0e-02 > ")
    assert reasons["training-unrepeatable"].startswith("training step: differs from itself by 3.0e-01 > ")
    assert reasons["training-diverges"].startswith("training step: the loss went from 1.91 to 7.0e+00")
    assert reasons["training-fails"].startswith("training step: NotFoundError: could not find registered platform")
    assert reasons["convolution-elsewhere"] == "convolution: was put on GPU:0 and ran on CPU:0"


def test_the_full_mode_tells_more() -> None:
    found = case("full-cpu")
    assert found.xnnpack is True
    numpy, scipy = found.blas, found.blas.scipy
    assert scipy is not msgspec.UNSET
    assert [item.user for item in (numpy, scipy)] == ["numpy", "scipy"]
    assert all(item.library == "openblas" and item.gflops for item in (numpy, scipy))
    assert numpy.path != scipy.path
    assert [check.name for check in found.devices[0].checks] == ["convolution", "training step"]
    assert {item.dtype for item in found.devices[0].matmul} == {"float32", "float16", "bfloat16"}
    assert case("cpu-only").xnnpack is None
    assert {message.kind for message in found.messages} == {"harmless"}


@pytest.mark.parametrize(
    ("capability", "relaxed"), [("8.6", True), ("10.0", True), ("7.5", False), (None, False), ("", False)]
)
def test_tensor_float_32_is_expected_from_ampere_on(capability: str | None, relaxed: bool) -> None:
    assert has_tensor_float_32({"compute_capability": capability}) is relaxed


def test_calls_too_short_to_time_make_nothing_slow() -> None:
    path = next(path for path in CASES if path.stem == "cpu-slow")
    outcome = json.loads(path.read_text(encoding="utf-8"))["outcome"]
    events = tuple({**event, "min_s": 1e-5} if event["event"] == "numpy" else event for event in outcome["events"])
    assert judge(ProbeOutcome(**{**outcome, "events": events}), None, None).devices[0].status == "ok"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"CUDA_VISIBLE_DEVICES": "-1"}, "lists CPU:0 (CUDA_VISIBLE_DEVICES=-1 hides it); its"),
        ({"CUDA_VISIBLE_DEVICES": ""}, "lists CPU:0 (CUDA_VISIBLE_DEVICES= hides it); its"),
        ({"CUDA_VISIBLE_DEVICES": "0"}, "lists CPU:0; its"),
    ],
)
def test_a_setting_that_hides_the_gpu_is_named(settings: dict[str, str], words: str) -> None:
    assert (
        words
        in missing((case("cpu-only").devices[0],), Expectation(devices=("GPU",), blas=None, arch=None), settings)[
            0
        ].reason
    )


def test_checks_that_could_not_be_asked_at_all_are_an_error() -> None:
    """Nothing seen is never a yes."""
    right = case_of(next(path for path in CASES if path.stem == "cpu-only")).outcome
    error = {"event": "error", "phase": "checks", "type": "ImportError", "message": "cannot import name 'top_k'"}
    found = judge(replace(right, events=(*right.events, error)), None, None)
    assert not found.ok
    assert "phase `checks` could not be completed" in [finding.title for finding in found.findings]
