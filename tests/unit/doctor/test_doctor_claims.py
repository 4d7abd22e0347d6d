"""What people say in sentences: subject, complaint and comparison; and what is no claim."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.doctor.claims import Claims, claims_in, is_sentence
from tfsetup.doctor.model import Against, Complaint, Subject, Wanted
from tfsetup.doctor.text import clean

SAID: tuple[tuple[str, Subject, Complaint], ...] = (
    ("TensorFlow does not use my GPU at all.", "gpu", "not-used"),
    ("my gpu is not being used, only the CPU works", "gpu", "not-used"),
    ("It always falls back to the CPU although I have an RTX 4070", "gpu", "not-used"),
    ("Training runs on the CPU only, GPU usage stays at 0", "training", "not-used"),
    ("TensorFlow can't find my graphics card", "gpu", "not-found"),
    ("After the update no GPU is found any more.", "gpu", "not-found"),
    ("list_physical_devices for the gpu returns an empty list", "gpu", "not-found"),
    ("On my M2 training is painfully slow.", "training", "slow"),
    ("the gpu takes twice as long, it takes forever", "gpu", "slow"),
    ("The model is 5 times slower than before", "training", "slow"),
    ("The kernel dies when I import tensorflow", "kernel", "crash"),
    ("Jupyter restarts the kernel at model.fit", "kernel", "crash"),
    ("python crashes during training with tensorflow", "training", "crash"),
    ("importing tensorflow hangs for ever", "import", "hang"),
    ("it gets stuck when it starts training", "training", "hang"),
    ("I get different results on every machine", "numbers", "wrong"),
    ("The accuracy does not go above 10 percent", "numbers", "wrong"),
    ("The loss becomes nan after a while", "numbers", "wrong"),
    ("I am not able to install tensorflow on Windows", "install", "no-install"),
    ("pip says there is no matching version for me", "install", "no-install"),
    ("I cannot import tensorflow in my notebook", "import", "no-import"),
    ("importing keras fails since yesterday", "import", "no-import"),
    ("keras fails to load the saved model", "load", "no-load"),
    ("the training eats up all the memory", "training", "memory"),
)


@pytest.mark.parametrize(("text", "subject", "complaint"), SAID)
def test_a_sentence_claims_it(text: str, subject: Subject, complaint: Complaint) -> None:
    assert (subject, complaint) in {(one.subject, one.complaint) for one in claims_in(clean(text)).made}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("Training does not crash, it is just odd.", "crash"),
        ("The GPU is not slow here.", "slow"),
        ("It works without hanging on the model", "hang"),
        ("I want to freeze the base layers of the model", "hang"),
        ("The training is no longer slow", "slow"),
    ],
)
def test_what_is_denied_is_not_claimed(text: str, complaint: Complaint) -> None:
    assert complaint not in {one.complaint for one in claims_in(clean(text)).made}


@pytest.mark.parametrize(
    "line",
    [
        "2024-05-06 10:00:01.123456: W tensorflow/core/x.cc:1] the gpu is not used",
        "W0000 00:00:1717 gpu_device.cc:2344] Cannot find any gpu on this machine",
        "Epoch 1/10 the training is slow",
        '  File "train.py", line 3, in the slow training of models',
        ">>> import tensorflow as the slow thing",
        "model = slow(training, of, the, gpu)",
        "Collecting tensorflow that is not used by the gpu",
        "Num GPUs Available: 0 on this slow machine",
        "0x7f00 0x7f01 0x7f02 0x7f03 slow 0x7f05 0x7f06",
        "too short",
    ],
)
def test_what_a_program_printed_is_no_sentence(line: str) -> None:
    assert not is_sentence(line.strip().lower())
    assert claims_in(clean(line)) == Claims()


def test_a_complaint_without_a_subject_is_about_what_was_spoken_of_before() -> None:
    made = claims_in(clean("I have a small LSTM model. It always crashes after a minute.")).made
    assert ("training", "crash") in {(one.subject, one.complaint) for one in made}


@pytest.mark.parametrize(
    ("text", "against"),
    [
        ("On the CPU it works fine.", "cpu"),
        ("It is much slower than the CPU", "cpu"),
        ("After I uninstall tensorflow-metal all is well", "cpu"),
        ("In Colab the same notebook learns", "elsewhere"),
        ("It worked on my old Intel Mac", "elsewhere"),
        ("Since I upgraded to 2.16 it fails", "before"),
        ("It worked fine in the previous version", "before"),
    ],
)
def test_what_somebody_compares_with(text: str, against: Against) -> None:
    assert against in claims_in(clean(text)).against


def test_an_error_about_shapes_is_no_claim_about_an_installation() -> None:
    text = (
        "My model does not train, it crashes.\nValueError: Input 0 is incompatible with layer dense: expected axis -1"
    )
    found = claims_in(clean(text))
    assert found.of_code
    assert found.made == ()


def test_a_claim_is_wanted_by_complaint_subject_and_comparison() -> None:
    found = claims_in(clean("The GPU is slow. The CPU works much faster."))
    assert found.fitting(Wanted(complaints=("slow",))) is not None
    assert found.fitting(Wanted(complaints=("slow",), subjects=("gpu",), than=("cpu",))) is not None
    assert found.fitting(Wanted(complaints=("slow",), subjects=("kernel",))) is None
    assert found.fitting(Wanted(complaints=("crash",))) is None
    assert found.fitting(Wanted(complaints=("slow",), than=("elsewhere",))) is None


def test_the_place_of_a_claim_is_its_sentence() -> None:
    log = clean("Hello everybody out there\n\nI read the documentation. The GPU is slow on my machine.")
    [claim, *_] = [one for one in claims_in(log).made if one.complaint == "slow"]
    assert log.quote(claim.at) == "I read the documentation. The GPU is slow on my machine."


@given(st.text(max_size=400))
def test_any_text_is_read(text: str) -> None:
    log = clean(text)
    assert all(0 <= one.at <= len(log.stream) for one in claims_in(log).made)


@pytest.mark.parametrize(
    "piece", ["not a a a a a ", "gpu not a a a\n", "loss a a a a a a. ", "1 ms/step cpu metal ", "a"]
)
def test_a_very_long_text_is_read_quickly(piece: str) -> None:
    log = clean(piece * (2_000_000 // len(piece)))
    started = time.process_time()
    claims_in(log)
    assert time.process_time() - started < 1.0
