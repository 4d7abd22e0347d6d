"""What is asked where a text alone cannot decide."""

from __future__ import annotations

import pytest

from support.doctor import knowledge
from tfsetup.doctor import questions as asked
from tfsetup.doctor.claims import Claims, claims_in
from tfsetup.doctor.diagnose import diagnose
from tfsetup.doctor.facts import Facts
from tfsetup.doctor.model import Diagnosis, Evidence, Finding
from tfsetup.doctor.text import clean
from tfsetup.host.model import Host


def ask(text: str, facts: Facts | None = None, *findings: Finding, unread: bool = False) -> tuple[str, ...]:
    return asked.questions(claims_in(clean(text)), facts or Facts(), findings, unread=unread)


def finding(confidence: float) -> Finding:
    return Finding(cause="a", confidence=confidence, title="", evidence=(), explanation="", steps=(), kind="fatal")


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("I get different results on the GPU", asked.ON_CPU),
        ("TensorFlow does not use my GPU", asked.DRIVER),
        ("Training with tensorflow is slow", asked.DRIVER),
        ("I cannot import tensorflow at all", asked.LAST_LINE),
        ("I am not able to install tensorflow", asked.INSTALLER),
        ("the kernel dies in the first epoch", asked.TERMINAL),
        ("keras fails to load the saved model", asked.WRITTEN_WITH),
        ("the training eats up all the memory", asked.MEMORY),
    ],
)
def test_the_first_question_splits_what_is_complained_of(text: str, first: str) -> None:
    assert ask(text)[0] == first


def test_a_mac_is_asked_about_its_own_defects() -> None:
    mac = Facts(host={"os": "macos"})
    assert asked.REMAPPER in ask("The loss becomes nan on the GPU", mac)
    assert asked.REMAPPER not in ask("The loss becomes nan on the GPU")
    assert asked.LEGACY in ask("Training is slow", mac)
    assert asked.DRIVER not in ask("Training is slow", mac)


def test_windows_is_asked_whether_it_is_wsl_and_in_its_own_commands() -> None:
    told = ask("TensorFlow does not see the GPU", Facts(host={"os": "windows"}))
    assert asked.NATIVE in told
    assert not any("grep" in question for question in told)


def test_what_is_known_is_not_asked() -> None:
    text = "The kernel dies in the first epoch"
    assert asked.MACHINE in ask(text)
    assert asked.MACHINE not in ask(text, Facts(host={"python": "3.12", "process": "x86_64"}))
    assert asked.PACKAGES in ask(text)
    assert asked.PACKAGES not in ask(text, Facts(packages={"tensorflow": "2.19.0"}))


def test_nothing_is_asked_where_a_finding_decides() -> None:
    assert ask("The kernel dies in the first epoch", None, finding(0.5)) == ()
    assert ask("The kernel dies in the first epoch", None, finding(0.4)) != ()


def test_an_unread_failure_is_asked_about_though_nobody_complains() -> None:
    assert asked.questions(Claims(), Facts(), (), unread=True)
    assert asked.questions(Claims(), Facts(), (), unread=False) == ()


def test_never_more_than_a_few() -> None:
    text = "The GPU is not used. It is slow. It crashes. The loss is nan. I cannot import it. I cannot install it."
    assert len(ask(text)) == asked.MOST


def answer(text: str) -> Diagnosis:
    return diagnose(Evidence(log=text, host=Host(os="linux")), knowledge())


def test_the_diagnosis_carries_them_and_is_no_health() -> None:
    found = answer("Since last week the training of my network is slow and I do not know why.")
    assert found.verdict == "unknown"
    assert asked.FASTER_ON_CPU in found.questions
    assert answer("all fine\nPhysicalDevice(name='/physical_device:GPU:0', device_type='GPU')").questions == ()
