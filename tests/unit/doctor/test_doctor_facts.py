"""Facts and conditions: three answers, host before log, versions compared as versions."""

from __future__ import annotations

import pytest

from tfsetup.doctor.facts import Facts, collect, is_elsewhere, is_specifier, trend
from tfsetup.doctor.model import Condition, When
from tfsetup.host.model import Cpu, Gpu, Host, Libc, Python


def when(fact: str, test: bool | str | tuple[str, ...], scope: str = "host") -> When:
    assert scope in {"host", "package", "capture", "hazard"}
    return ((Condition(scope=scope, fact=fact, test=test),),)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fact", "test", "answer"),
    [
        ("os", "linux", True),
        ("os", "macos", False),
        ("os", ("macos", "linux"), True),
        ("rosetta", True, None),
        ("wsl", False, True),
        ("wsl", True, False),
        ("python", ">=3.12", True),
        ("python", "==3.12.*", True),
        ("python", "<3.9", False),
        ("glibc", ">=2.27", False),
        ("driver", ">=525", True),
    ],
)
def test_a_condition_is_true_false_or_undecided(
    fact: str, test: bool | str | tuple[str, ...], answer: bool | None
) -> None:
    facts = Facts(host={"os": "linux", "wsl": "false", "python": "3.12.4", "glibc": "2.26", "driver": "535.113.01"})
    assert facts.holds(when(fact, test), {}) is answer


def test_no_condition_holds() -> None:
    assert Facts().holds((), {}) is True


def test_clauses_are_alternatives_and_conditions_hold_together() -> None:
    linux, old = when("os", "linux")[0][0], when("python", "<3.9")[0][0]
    both: When = ((linux, old),)
    either: When = ((linux,), (old,))
    facts = Facts(host={"os": "linux"})
    assert facts.holds(both, {}) is None
    assert facts.holds(either, {}) is True
    assert Facts(host={"os": "macos"}).holds(both, {}) is False
    assert Facts(host={"os": "macos"}).holds(either, {}) is None


def test_packages_are_compared_by_version_and_presence() -> None:
    facts = Facts(packages={"numpy": "2.1.0", "odd": "not.a.version"})
    assert facts.holds(when("numpy", ">=2", "package"), {}) is True
    assert facts.holds(when("numpy", "present", "package"), {}) is True
    assert facts.holds(when("numpy", "absent", "package"), {}) is False
    assert facts.holds(when("odd", ">=2", "package"), {}) is None
    assert facts.holds(when("jax", ">=2", "package"), {}) is None


def test_what_a_whole_list_does_not_name_is_absent_and_an_excerpt_says_nothing() -> None:
    assert Facts(packages={}, whole=True).holds(when("jax", "absent", "package"), {}) is True
    assert Facts(packages={}).holds(when("jax", "absent", "package"), {}) is None


def test_captures_are_compared_too() -> None:
    assert Facts().holds(when("want", "<2.13", "capture"), {"want": "2.10.0"}) is True
    assert Facts().holds(when("want", "<2.13", "capture"), {}) is None


def test_pre_releases_count_as_versions() -> None:
    assert Facts(host={"python": "3.14.0rc1"}).holds(when("python", ">=3.13"), {}) is True


@pytest.mark.parametrize(
    ("text", "answer"), [(">=3", True), ("<2,>=1", True), ("3.12", False), ("", False), (">x y", False)]
)
def test_what_is_a_specifier(text: str, answer: bool) -> None:
    assert is_specifier(text) is answer


def test_the_host_gives_all_its_facts() -> None:
    host = Host(
        os="linux", os_version="ubuntu 22.04", arch="x86_64", wsl=False, libc=Libc(name="glibc", version="2.35"),
        cpu=Cpu(features=("sse4_2", "avx")), gpus=(Gpu(vendor="nvidia", driver="550.54"),),
        pythons=(Python(version="3.11.2", arch="x86_64"),),
    )  # fmt: skip
    assert collect(host, {"NumPy": "1.26.4"}, "").host == {
        "os": "linux", "os_version": "ubuntu 22.04", "arch": "x86_64", "wsl": "false", "libc": "glibc", "glibc": "2.35",
        "avx": "true", "avx2": "false", "gpu": "nvidia", "driver": "550.54", "python": "3.11.2", "process": "x86_64",
        "os_told": "linux", "python_told": "3.11.2",
    }  # fmt: skip
    assert collect(host, {"NumPy": "1.26.4"}, "").packages == {"numpy": "1.26.4"}


def test_a_translated_process_is_intel_on_arm() -> None:
    facts = collect(Host(os="macos", os_version="14.4", arch="arm64", rosetta=True), None, "").host
    assert (facts["process"], facts["arch"], facts["macos"]) == ("x86_64", "arm64", "14.4")


def test_an_intel_mac_is_not_translated() -> None:
    assert collect(Host(os="macos", arch="x86_64"), None, "").host["rosetta"] == "false"


@pytest.mark.parametrize(
    ("log", "fact", "value"),
    [
        (r"File C:\Users\x\lib\site-packages\tensorflow\__init__.py", "os", "windows"),
        ("dlopen(/Users/x/libmetal_plugin.dylib, 6)", "os", "macos"),
        ("/home/x/.local/lib/python3.10/site-packages/x.py", "os", "linux"),
        ("/home/x/.local/lib/python3.10/site-packages/x.py", "python", "3.10"),
        (r"C:\Python39\lib\x.py", "python", "3.9"),
        ("tensorflow-2.10-cp38-cp38-win_amd64.whl", "python", "3.8"),
        ("You're using CPython 3.13.1 here", "python", "3.13.1"),
        (r"C:\Users\x\Python38-32\python.exe", "bits", "32"),
        ("FROM python:3.10-alpine", "libc", "musl"),
        ("/mnt/c/Users/x", "wsl", "true"),
        ("x linux-aarch64 y", "process", "aarch64"),
        ("x osx-arm64 y", "process", "arm64"),
    ],
)
def test_facts_are_read_out_of_a_log(log: str, fact: str, value: str) -> None:
    facts = collect(None, None, log)
    assert facts.host[fact] == value
    assert fact in facts.guessed


def test_the_host_wins_over_the_log() -> None:
    facts = collect(Host(os="linux", pythons=(Python(version="3.9"),)), None, "/Users/x python3.12/site-packages")
    assert (facts.host["os"], facts.host["python"]) == ("linux", "3.9")
    assert "os" not in facts.guessed


@pytest.mark.parametrize(
    ("os_version", "fact", "value"),
    [
        ("Docker on macOS 13", "container", "true"),
        ("10 (32-bit Python)", "bits", "32"),
        ("Alpine 3.18", "libc", "musl"),
    ],
)
def test_what_a_person_wrote_into_the_version_counts(os_version: str, fact: str, value: str) -> None:
    assert collect(Host(os_version=os_version), None, "").host[fact] == value


def test_arm_processors_of_32_bits() -> None:
    assert collect(Host(os="linux", arch="armv7l"), None, "").host["bits"] == "32"


def test_words_deep_inside_a_huge_log_are_not_searched() -> None:
    log = "x" * 300_000 + " /Users/me " + "x" * 300_000
    assert "os" not in collect(None, None, log).host


@pytest.mark.parametrize(
    ("log", "answer"),
    [
        ("File /opt/x/site-packages/torch/nn/modules/conv.py", True),
        ("jaxlib.xla_extension.XlaRuntimeError: INTERNAL", True),
        ("npm ERR! code ENOSPC", True),
        ("import torch; import tensorflow", False),
        ("torch and Keras", False),
        ("ImportError: libcublas.so.12: cannot open shared object file", False),
        ("", False),
    ],
)
def test_a_log_of_other_frameworks_only_is_told_from_one_of_ours(log: str, answer: bool) -> None:
    assert is_elsewhere(log) is answer
    assert collect(None, None, log).elsewhere is answer


def test_a_package_list_says_what_a_log_is_about() -> None:
    assert collect(None, {"tensorflow": "2.19.0"}, "site-packages/torch/").elsewhere is False


@pytest.mark.parametrize(
    ("losses", "answer"),
    [
        ([], "unknown"),
        (["0.5"], "unknown"),
        (["0.9", "0.5", "0.4"], "falling"),
        (["0.9", "0.5", "0.55"], "falling"),
        (["0.9", "0.5", "3.2"], "rising"),
        (["0.98", "3.14"], "rising"),
        (["2.3026", "2.3026", "2.3025"], "flat"),
        (["2.3026", "2.3026"], "unknown"),
        (["0.3", "nan"], "nan"),
        (["0.3", "inf", "0.2"], "nan"),
        (["1.2e-01", "9.1e+05"], "rising"),
    ],
)
def test_how_training_goes(losses: list[str], answer: str) -> None:
    log = "\n".join(f"12/12 [====] - 1s 5ms/step - loss: {loss} - val_loss: 99.0 - accuracy: 0.1" for loss in losses)
    assert trend(log) == answer


def test_the_first_loss_of_the_next_run_is_no_rise() -> None:
    run = "Epoch 1/2 loss: 0.3 Epoch 2/2 loss: 0.1 "
    assert trend(run) == "falling"
    assert trend(run + run) == "falling"
    assert trend(run + "Epoch 1/2 loss: 0.3 Epoch 2/2 loss: 0.9") == "rising"
    assert trend("Epoch 1/2 loss: nan Epoch 1/2 loss: nan") == "nan"


def test_the_loss_is_a_fact_only_where_one_is_printed() -> None:
    assert "loss" not in collect(None, None, "no training here").host
    assert collect(None, None, "loss: 0.5 then loss: 0.1").host["loss"] == "falling"


def test_advice_to_use_wsl_is_no_sign_of_being_there() -> None:
    advice = "GPU will not be used. Please use WSL2 or the TensorFlow-DirectML plugin."
    assert "wsl" not in collect(None, None, advice).host
    assert "wsl" not in collect(Host(os="windows"), None, "I tried WSL2 as well").host
    assert collect(Host(os="linux"), None, "uname: 5.15.90.1-microsoft-standard-WSL2").host["wsl"] == "true"


def test_what_only_the_log_suggests_was_told_by_nobody() -> None:
    told = when("os_told", ("linux", "windows"))
    assert collect(None, None, "/home/me manylinux").holds(told, {}) is None
    assert collect(Host(os="linux"), None, "").holds(told, {}) is True
    assert collect(Host(os="macos"), None, "/home/me manylinux").holds(told, {}) is False


@pytest.mark.parametrize(("known", "answer"), [({}, None), ({"it": True}, True), ({"it": False}, False)])
def test_a_known_defect_is_a_fact(known: dict[str, bool], answer: bool | None) -> None:
    assert Facts(hazards=known).holds(when("it", test=True, scope="hazard"), {}) is answer
