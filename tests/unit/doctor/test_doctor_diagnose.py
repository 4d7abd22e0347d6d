"""Ranking: the last error, look-alikes, harmless noise, environment and preflight as evidence, fixes by platform."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.doctor import knowledge
from support.examples import examples
from tfsetup.doctor.diagnose import diagnose
from tfsetup.doctor.model import Diagnosis, Evidence, Observation
from tfsetup.doctor.refusals.specs import position
from tfsetup.host.model import Host, Python
from tfsetup.loader.model import Clash, LoadFailure

NONE = "ERROR: Could not find a version that satisfies the requirement tensorflow (from versions: none)"


def ask(log: str | None = None, **facts: object) -> Diagnosis:
    return diagnose(Evidence(log=log, **facts), knowledge())  # type: ignore[arg-type]


def test_nothing_to_look_at_is_no_health() -> None:
    assert ask("") == Diagnosis(verdict="unknown")
    assert ask(None) == Diagnosis(verdict="unknown")
    assert ask(None, packages={"numpy": "2.1.0"}) == Diagnosis(verdict="unknown")
    assert ask(None, observations=()) == Diagnosis(verdict="healthy")


def test_an_error_nobody_knows_is_not_called_healthy() -> None:
    found = ask("line\nTraceback (most recent call last):\nZeroDivisionError: division by zero")
    assert (found.verdict, found.findings) == ("unknown", ())
    assert found.unexplained == ("ZeroDivisionError: division by zero",)


def test_harmless_lines_are_recognised_and_nothing_is_wrong() -> None:
    found = ask("E cuda_dnn.cc:9261] Unable to register cuDNN factory: Attempting to register factory for plugin cuDNN")
    assert found.verdict == "healthy"
    assert found.findings[0].cause == "harmless-message"
    assert found.findings[0].fix[0].startswith("Nothing to fix")


def test_a_real_error_counts_more_than_the_noise_around_it() -> None:
    found = ask(
        "I cpu_feature_guard.cc:227] This TensorFlow binary is optimized to use available CPU instructions\n"
        "W py_utils.cc:38] TF-TRT Warning: Could not find TensorRT\n"
        "AttributeError: 'MessageFactory' object has no attribute 'GetPrototype'\n"
        "I port.cc:153] oneDNN custom operations are on.\n"
    )
    assert found.verdict == "problem"
    assert found.findings[0].cause == "protobuf-too-new"


def test_the_error_a_run_died_of_counts_more_than_a_missing_gpu() -> None:
    found = ask(
        "W dso_loader.cc:60] Could not load dynamic library 'libcudart.so.11.0'; dlerror: cannot open\n"
        "Traceback (most recent call last):\n"
        "TypeError: Descriptors cannot be created directly.\n"
    )
    assert found.findings[0].cause == "protobuf-too-new"


def test_of_two_errors_the_last_is_the_one_that_matters() -> None:
    first = "AttributeError: module 'ml_dtypes' has no attribute 'float8_e3m4'\n"
    last = "AttributeError: 'MessageFactory' object has no attribute 'GetPrototype'\n"
    assert ask(first + last).findings[0].cause == "protobuf-too-new"
    assert ask(last + first).findings[0].cause == "ml-dtypes-version-conflict"


@pytest.mark.parametrize(
    ("host", "cause"),
    [
        (Host(os="linux", arch="x86_64", pythons=(Python(version="3.14.0"),)), "no-wheel-for-python-version"),
        (Host(os="windows", arch="x86_64", os_version="10 (32-bit Python)"), "python-32bit"),
        (Host(os="linux", arch="x86_64", os_version="Alpine 3.18"), "no-wheel-musl"),
        (Host(os="macos", arch="arm64", rosetta=True), "x86-python-on-apple-silicon"),
        (Host(os="linux", arch="armv7l"), "no-wheel-for-platform"),
    ],
)
def test_one_line_of_pip_has_as_many_causes_as_machines(host: Host, cause: str) -> None:
    assert ask(NONE, host=host).findings[0].cause == cause


def test_without_facts_nobody_is_sure_and_the_doctor_says_what_it_needs() -> None:
    found = ask(NONE)
    assert found.findings[0].confidence < 0.9
    assert {"python", "os"} <= set(found.needs)


def test_with_facts_it_needs_none() -> None:
    assert "python" not in ask(NONE, host=Host(os="linux", pythons=(Python(version="3.14.0"),))).needs


def test_confidences_are_shares_of_one() -> None:
    found = ask(NONE).findings
    assert sum(finding.confidence for finding in found) <= 1.0
    assert [f.confidence for f in found] == sorted((f.confidence for f in found), reverse=True)


def test_a_preflight_failure_is_evidence() -> None:
    failure = LoadFailure(
        kind="symbol-not-found",
        image="tensorflow-plugins/libmetal_plugin.dylib",
        symbol="__ZN3tsl",
        message="Symbol not found: __ZN3tsl",
        stage="plugin",
    )
    finding = ask(failures=(failure,), host=Host(os="macos", arch="arm64")).findings[0]
    assert finding.cause == "metal-plugin-abi-mismatch"
    assert finding.evidence == ("Symbol not found: __ZN3tsl",)


def test_a_clash_of_the_preflight_is_evidence() -> None:
    clash = Clash(
        kind="weak-definitions", between=("tensorflow/x.dylib", "pyarrow/y.dylib"), names=("g",), consequence="It dies."
    )
    packages = {"tensorflow": "2.20.0", "pyarrow": "21.0.0", "onnx": "1.18.0"}
    finding = ask(clashes=(clash,), packages=packages, host=Host(os="macos", arch="arm64")).findings[0]
    assert finding.cause == "protobuf-linked-twice-macos"
    assert finding.evidence[0] == "tensorflow/x.dylib and pyarrow/y.dylib: It dies."
    assert finding.fix[0] == "python -m pip install 'pyarrow>=22'"
    assert not [text for text in finding.fix if "pyarrow<" in text or "Import tensorflow before" in text]
    assert not [text for text in finding.fix if text.startswith("python -m pip install 'onnx")]


@pytest.mark.parametrize(
    ("kind", "image", "cause"),
    [
        ("cpu-feature", "tensorflow/libtensorflow_cc.so.2", "cpu-no-avx"),
        ("os-too-old", "tensorflow/libtensorflow_cc.2.dylib", "macos-too-old"),
        ("malformed-image", "tensorflow/libtensorflow_cc.so.2", "incomplete-install-missing-native-lib"),
        ("wrong-architecture", "tensorflow/python/_pywrap.dylib", "macos-wrong-arch-binary"),
    ],
)
def test_each_kind_of_preflight_failure_has_a_cause(kind: str, image: str, cause: str) -> None:
    failure = LoadFailure(kind=kind, image=image, message="")  # type: ignore[arg-type]
    assert ask(failures=(failure,)).findings[0].cause == cause


@pytest.mark.parametrize(
    ("one", "cause"),
    [
        (Observation(check="not-installed", subject="tensorflow", detail="d"), "wrong-python-environment"),
        (Observation(check="two-tensorflows", subject="tensorflow", detail="d"), "two-tensorflow-distributions"),
        (
            Observation(check="file-truncated", subject="tensorflow", detail="d"),
            "incomplete-install-missing-native-lib",
        ),
        (
            Observation(
                check="shadowing-file",
                subject="random",
                detail="d",
                captures={"path": "x/random.py", "found_by": "inspection"},
            ),
            "local-file-shadows-module",
        ),
        (Observation(check="wheel-tag", subject="tensorflow", detail="d"), "wheel-tag-mismatch"),
        (
            Observation(
                check="requirement-not-met", subject="protobuf", detail="d", captures={"required": "<5,>=3.20.3"}
            ),
            "protobuf-too-new",
        ),
        (
            Observation(check="requirement-missing", subject="wrapt", detail="d", captures={"required": ">=1.11"}),
            "package-outside-requirements",
        ),
        (Observation(check="translated-python", subject="python", detail="d"), "x86-python-on-apple-silicon"),
        (Observation(check="quarantined", subject="x", detail="d"), "macos-code-signature"),
        (Observation(check="disk-full", subject="x", detail="d"), "disk-full"),
        (Observation(check="file-unreadable", subject="x", detail="d"), "files-not-readable"),
        (Observation(check="conda-and-pip", subject="numpy", detail="d"), "mixed-conda-and-pip"),
    ],
)
def test_each_observation_has_a_cause(one: Observation, cause: str) -> None:
    packages = {"protobuf": "6.33.0", "tensorflow": "2.16.1"}
    found = ask(observations=(one,), packages=packages).findings
    assert cause in [finding.cause for finding in found[:2]]
    assert found[0].evidence == ("d",)


def test_a_requirement_that_is_not_met_is_fixed_to_its_range() -> None:
    one = Observation(
        check="requirement-not-met",
        subject="protobuf",
        detail="d",
        captures={"required": "<5,>=3.20.3", "by": "tensorflow"},
    )
    finding = ask(observations=(one,), packages={"protobuf": "6.33.0"}).findings[0]
    assert finding.fix[0] == "python -m pip install 'protobuf<5,>=3.20.3'"


def test_fixes_are_for_the_platform() -> None:
    log = 'tensorflow_gpu: The "tensorflow-gpu" package has been removed!'
    windows = ask(log, host=Host(os="windows")).findings[0].fix
    linux = ask(log, host=Host(os="linux")).findings[0].fix
    assert any("WSL2" in fix for fix in windows)
    assert linux[0] == "python -m pip install 'tensorflow[and-cuda]'"
    assert not any("WSL2" in fix for fix in linux)


def test_fixes_know_the_prefix() -> None:
    finding = ask("ModuleNotFoundError: No module named 'tensorflow'", prefix="envs/tf").findings[0]
    assert any("--prefix envs/tf" in fix for fix in finding.fix)


def test_escapes_in_a_log_never_come_out() -> None:
    found = ask("\x1b[31mModuleNotFoundError: No module named 'tensorflow'\x1b[0m\x07\x1b]0;evil\x07")
    assert "\x1b" not in repr(found)
    assert "\x07" not in found.findings[0].evidence[0]


@examples(0.84)
@given(st.binary(max_size=3000))
def test_any_bytes_are_diagnosed_without_a_crash_and_without_a_cause(raw: bytes) -> None:
    found = ask(raw.decode("utf-8", errors="replace"))
    assert found.findings == ()


@examples(0.84)
@given(
    st.lists(
        st.sampled_from(
            [NONE, "Killed", "SIGILL", "Traceback", "\x1b[1m", "libcuda.so.1: cannot open shared object file"]
        )
    )
)
def test_any_mixture_of_words_is_ranked(words: list[str]) -> None:
    found = ask("\n".join(words))
    assert all(0.0 < finding.confidence <= 0.97 for finding in found.findings)
    assert len(found.findings) <= 5


@pytest.mark.parametrize(
    ("captured", "expected"),
    [
        ({}, {}),
        ({"offered": "none", "req": "tensorflow==2.10"}, {"position": "none", "want": "2.10"}),
        (
            {"offered": "2.16.1, 2.17.0", "req": "tensorflow==2.10"},
            {"position": "below", "want": "2.10", "nearest": "2.16.1", "name": "tensorflow"},
        ),
        ({"offered": "2.16.1, 2.17.0", "rest": "==2.18"}, {"position": "above", "want": "2.18", "nearest": "2.17.0"}),
        (
            {"offered": "2.9.3, 2.9.4rc1, 2.10.0", "req": "tf[x]~=2.9.5"},
            {"position": "between", "want": "2.9.5", "nearest": "2.9.3", "name": "tf"},
        ),
        ({"offered": "2.9.3, 2.10.0", "req": "tensorflow==2.10.0"}, {"position": "listed", "want": "2.10.0"}),
        ({"offered": "2.9.3", "req": "tensorflow"}, {}),
        ({"offered": "2.9.3, junk", "req": "tensorflow==junk"}, {}),
    ],
)
def test_where_the_version_asked_for_lies(captured: dict[str, str], expected: dict[str, str]) -> None:
    assert position(captured) == expected
