"""What people write: no capitals, versions, lists, complaints, and whether it shows something working."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.doctor import knowledge
from support.examples import examples
from tfsetup.doctor.diagnose import diagnose
from tfsetup.doctor.model import Diagnosis, Evidence
from tfsetup.doctor.prose import complaint, in_small_letters, packages_listed, versions_said
from tfsetup.doctor.text import clean
from tfsetup.doctor.working import shows_it_working
from tfsetup.host.model import Host

CAUSE = "metal-activation-dropped"
METAL = "tensorflow-metal"


def ask(log: str, **evidence: object) -> Diagnosis:
    return diagnose(Evidence(log=log, **evidence), knowledge())  # type: ignore[arg-type]


@given(st.text(max_size=300))
@examples(40)
def test_small_letters_keep_every_place(text: str) -> None:
    log = clean(text)
    small = in_small_letters(log)
    assert len(small.stream) == len(log.stream)
    assert small.stream.lower() == log.stream.lower()
    assert small.lines == log.lines


def test_of_a_long_text_the_ends_are_read_and_every_place_has_its_line() -> None:
    log = clean("MacBook\n" + "\n".join(f"Word {n} {'x' * n}" for n in range(2000)) + "\nHere: ReLU")
    small = in_small_letters(log)
    assert 400_000 < len(small.stream) < 410_000
    assert " " * 4000 in small.stream
    for word, line in (("macbook", "MacBook"), ("relu", "Here: ReLU")):
        assert small.quote(small.stream.index(word)) == line


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("tensorflow-metal==1.1.0", "1.1.0"),
        ("TensorFlow-Metal 1.2.0", "1.2.0"),
        ("tensorflow_metal-1.0.1-cp311-macosx.whl", "1.0.1"),
        ("tensorflow-metal (1.2)", "1.2"),
        ("tensorflow-metal: 0.8.0", "0.8.0"),
        ("tensorflow-metal v1.1", "1.1"),
        ("tensorflow-metal version 1.1.0, macOS 14", "1.1.0"),
        ("Name: tensorflow-metal\nVersion: 1.1.0", "1.1.0"),
        ("tensorflow-metal 0.8.0, then I upgraded to tensorflow-metal 1.2.0", "1.2.0"),
        ("tensorflow-metal on macOS 14.2", None),
        ("tensorflow-metal", None),
        ("tensorflow 2.19.1", None),
    ],
)
def test_which_version_a_text_speaks_of(text: str, version: str | None) -> None:
    said = versions_said(clean(text), [METAL]).get(METAL)
    assert (said and said.version) == version


def test_a_version_that_was_said_decides_about_the_defect() -> None:
    report = "On my MacBook the loss explodes, on Colab it is fine. tensorflow-metal {}"
    old, new = (ask(report.format(version)).findings[0] for version in ("0.8.0", "1.2.0"))
    assert new.cause == CAUSE
    assert old.cause != CAUSE or old.confidence < new.confidence


def test_lists_of_packages_in_a_text() -> None:
    table = "Package  Version\n-------- -------\nKeras    3.8.0\ntensorflow-metal  1.2.0  pypi_0  pypi\nnumpy 1.26.4\n"
    assert packages_listed(clean(table)) == {"keras": "3.8.0", METAL: "1.2.0", "numpy": "1.26.4"}
    assert packages_listed(clean("keras==3.8.0\nnumpy==1.26.4\n")) == {}
    assert packages_listed(clean("I have\ntensorflow 2.19\nin the box\n")) == {}


@pytest.mark.parametrize(
    "text", ["Why is it slow?\nmore", "it does NOT work", "Predictions differ", "I get strange results"]
)
def test_a_complaint_is_no_health(text: str) -> None:
    found = ask(text)
    assert (found.verdict, found.unexplained) == ("unknown", (complaint(clean(text)),))
    assert found.unexplained == (text.splitlines()[0],)


@pytest.mark.parametrize("text", ["Hello there", "tensorflow 2.19.1 on a Mac", "张量流 M4", "picture of a cat"])
def test_a_text_that_shows_nothing_is_no_health(text: str) -> None:
    found = ask(text)
    assert (found.verdict, found.findings, found.unexplained) == ("unknown", (), ())
    assert ask(text, observations=()).verdict == "healthy"  # an environment was looked at, and nothing was there


@pytest.mark.parametrize(
    "text",
    [
        "Successfully installed tensorflow-2.19.1",
        "[PhysicalDevice(name='/physical_device:GPU:0', device_type='GPU')]",
        "Epoch 1/2 - loss: 0.7\nEpoch 2/2 - loss: 0.5",
        "tf.Tensor([1 2], shape=(2,), dtype=int32)",
    ],
)
def test_what_works_is_health(text: str) -> None:
    assert shows_it_working(clean(text))
    assert ask(text).verdict == "healthy"


@pytest.mark.parametrize(
    "text",
    [
        "Relu returns negative numbers on my MacBook",
        "apple silicon: the decision boundary is a straight line",
        "on M2 the model behaves like a linear model",
        "MacBook: right with run_eagerly=True, wrong in fit",
        "Mac mini: Keras 3.6 is right, keras 3.7 gives wrong predictions",
        "accuracy stuck at 10% with tensorflow-metal, on Colab it is 95%",
        "loss falls, then explodes on the Mac's GPU; with tf.device('/CPU:0') it is fine",
        "loss becomes nan with tensorflow-metal, without the plugin (on CPU) never",
        "TURN_OFF_REMAPPER=1 fixes it",
        "On my new M3: loss 0.4, loss 0.3, loss 7000",
        "GPU:0 wrong: dense-relu-graph computes wrong results",
    ],
)
@pytest.mark.parametrize("change", [str, str.upper, str.lower], ids=["as written", "shouted", "small"])
def test_the_defect_in_one_sentence(text: str, change: type[str]) -> None:
    found = ask(change(text))
    assert found.verdict == "problem"
    assert found.findings[0].cause == CAUSE
    assert any("TURN_OFF_REMAPPER=1" in fix for fix in found.findings[0].fix)


@pytest.mark.parametrize(
    "text",
    [
        "Relu returns negative numbers",
        "the decision boundary is a straight line",
        "loss explodes on the GPU, right on the CPU (RTX)",
        "torch on my MacBook: relu returns negative numbers",
        "jax-metal on an M1: loss is nan, right on the CPU",
        "tensorflow-metal is slower than the CPU on my M1",
    ],
)
def test_the_same_without_the_mac_s_gpu_is_not_it(text: str) -> None:
    assert CAUSE not in {finding.cause for finding in ask(text).findings}


@pytest.mark.parametrize("os", ["linux", "windows"])
def test_on_a_machine_that_is_no_mac_it_is_not_it(os: str) -> None:
    text = "the loss explodes, as with tensorflow-metal; on Colab it is right"
    assert ask(text).findings[0].cause == CAUSE
    assert CAUSE not in {finding.cause for finding in ask(text, host=Host(os=os)).findings}  # type: ignore[arg-type]


def test_a_report_that_names_linux_is_still_about_the_mac() -> None:
    text = "/home/me/x on Ubuntu linux-gnu is right; on my macbook with the metal plugin the results are wrong"
    assert ask(text).findings[0].cause == CAUSE


def test_an_error_is_explained_by_itself() -> None:
    log = (
        "On my MacBook with tensorflow-metal this fails, on Colab it does not:\nTraceback (most recent call last):\n"
        "InvalidArgumentError: Cannot assign a device for operation x: Could not satisfy explicit device specification "
        "because no supported kernel for GPU devices is available.\nthe results are wrong then"
    )
    assert ask(log, host=Host(os="macos", arch="arm64")).findings[0].cause == "metal-op-unsupported"


def test_a_huge_report_is_read_in_a_moment() -> None:
    log = "tensorflow-metal " * 400_000 + "loss explodes, on colab not"
    started = time.process_time()
    ask(log)
    assert time.process_time() - started < 20
