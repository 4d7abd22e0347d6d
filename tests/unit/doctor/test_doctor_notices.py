"""Notices that every run prints are read for what they are, and for nothing else."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping

import pytest

from support.doctor import LogCase, knowledge, log_cases, merely_resembles
from support.examples import heavy_but_one_in
from tfsetup.doctor.diagnose import diagnose
from tfsetup.doctor.model import Diagnosis, Evidence
from tfsetup.doctor.notices import is_printed, without_notices
from tfsetup.doctor.text import clean

ONEDNN = (
    "2025-11-02 10:11:12.131415: I tensorflow/core/util/port.cc:153] oneDNN custom operations are on. You may see "
    "slightly different numerical results due to floating-point round-off errors from different computation orders."
)
CUDNN = "E0000 00:00:1760000000.1 1 cuda_dnn.cc:8310] Unable to register cuDNN factory: Attempting to register factory"
ABSL = "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR"
CHANGES: Mapping[str, Callable[[str], str]] = {
    "a notice in front": lambda text: f"{ONEDNN}\n{text}",
    "notices at the end": lambda text: f"{text.rstrip()}\n{ABSL}\n{CUDNN}\n",
    "notices around": lambda text: f"{ABSL}\n{ONEDNN}\n{text.rstrip()}\n{CUDNN}\n",
    "another home": lambda text: text.replace("/home/", "/srv/homes/").replace("/Users/", "/Users/jo."),
}


def ask(log: str) -> Diagnosis:
    return diagnose(Evidence(log=log), knowledge())


def answer(found: Diagnosis) -> str:
    """What is claimed: a harmless line beside others claims nothing, nor does what merely resembles."""
    first = found.findings[0] if found.findings and not merely_resembles(found) else None
    return first.cause if first and (first.kind != "harmless" or found.verdict == "healthy") else found.verdict


@pytest.mark.parametrize("case", heavy_but_one_in(5, log_cases()), ids=lambda case: case.name)
def test_a_report_keeps_its_answer(case: LogCase) -> None:
    """One change a report, so that all of them meet each change many times."""
    change = CHANGES[sorted(CHANGES)[zlib.crc32(case.name.encode()) % len(CHANGES)]]
    evidence = Evidence(log=change(case.log), host=case.host, packages=case.packages or None)
    before, after = answer(case.diagnose()), answer(diagnose(evidence, knowledge()))
    # Where there was nothing to judge, or nothing wrong, the notice itself is explained.
    nothing = before == "healthy" or (before == "unknown" and not case.diagnose().unexplained)
    assert before == after or (nothing and after == "harmless-message")


@pytest.mark.parametrize("line", [ONEDNN, CUDNN, ABSL])
def test_a_notice_is_taken_out_and_the_rest_stays(line: str) -> None:
    quiet = without_notices(clean(f"first\n{line}\nlast"), knowledge().causes)
    assert (quiet.lines, quiet.stream, quiet.starts) == (("first", "last"), " first last", (1, 7))


def test_a_sentence_that_quotes_a_notice_stays() -> None:
    said = 'After the update I get "oneDNN custom operations are on" every time'
    log = clean(said)
    assert without_notices(log, knowledge().causes) is log
    assert not is_printed(log, log.stream.index("oneDNN"))
    assert is_printed(clean(ONEDNN), clean(ONEDNN).stream.index("oneDNN"))


def test_a_log_on_one_line_is_no_notice() -> None:
    log = clean(f"{ONEDNN} {'x ' * 200} ModuleNotFoundError: No module named 'tensorflow'")
    assert without_notices(log, knowledge().causes) is log


def test_the_words_of_a_notice_are_nobody_s() -> None:
    assert ask(f"{ONEDNN}\nOn my MacBook\n").findings[0].cause == "harmless-message"


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("", "healthy"),
        ("Can I ignore this warning?", "healthy"),
        ("What does this mean?", "healthy"),
        ("It works fine otherwise.", "healthy"),
        ("The kernel hangs after that.", "unknown"),
        ("I want to convert my dataset of images to a generator", "unknown"),
        ('It says "oneDNN custom operations are on" and runs very slow on my laptop', "unknown"),
    ],
)
def test_what_somebody_says_besides_is_not_outweighed(text: str, verdict: str) -> None:
    assert ask(f"{ONEDNN}\n{text}\n").verdict == verdict
