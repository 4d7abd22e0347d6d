"""What a report resembles: said only where nothing else is, never as a finding, and right more often than by chance."""

from __future__ import annotations

import math
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.doctor import knowledge, log_cases, merely_resembles
from tfsetup.doctor import weights
from tfsetup.doctor.diagnose import diagnose
from tfsetup.doctor.model import Diagnosis, Evidence, Learned
from tfsetup.doctor.present import shown
from tfsetup.doctor.resemblance import LEAST, learn, resembling, terms_in
from tfsetup.errors import Code
from tfsetup.host.model import Host
from tfsetup.report.doctor import doctor_lines, outcome

TOLD = (
    ("tensorflow cannot open the saved model of keras", "model"),
    ("the saved model of keras cannot be read by tensorflow", "model"),
    ("tensorflow was killed, the memory is full", "memory"),
    ("the kernel killed tensorflow, no memory left", "memory"),
)
# Words alone; no sign of any cause is in them.
PUZZLING = "Somehow my tensorflow fails: the old checkpoint of the model is refused by keras, an error about its layers"


def ask(log: str, host: Host | None = None) -> Diagnosis:
    return diagnose(Evidence(log=log, host=host), knowledge())


def test_terms_are_words_and_neighbours_without_folders() -> None:
    found = terms_in("Cannot load /home/me/project/model.h5 with TensorFlow 2.16 and C++")
    assert {"cannot", "load", "cannot load", "tensorflow", "tensorflow 2.16", "2.16", "c++"} <= found
    assert not {"home", "me", "project"} & found


def test_of_a_long_text_both_ends_are_read() -> None:
    found = terms_in("beginning " + "middle " * 10_000 + "hidden " + "middle " * 10_000 + "ending")
    assert {"beginning", "ending"} <= found
    assert "hidden" not in found


@pytest.mark.parametrize(
    ("text", "cause"),
    [("keras: this saved model cannot be opened", "model"), ("tensorflow is killed: memory", "memory")],
)
def test_the_nearest_comes_first_with_the_words_that_say_so(text: str, cause: str) -> None:
    first, *others = resembling(text, learn(TOLD))
    assert first.cause == cause
    assert all(one.likeness <= first.likeness for one in others)
    assert first.terms
    assert set(first.terms) <= terms_in(text)


def test_a_word_of_one_report_alone_is_not_learned() -> None:
    assert "full" not in learn(TOLD).rarity
    assert {"memory", "killed"} <= set(learn(TOLD).rarity)


@pytest.mark.parametrize("text", ["", "the saved model cannot be opened", "a tfrecord", "tensorflow"])
def test_what_is_about_something_else_or_says_nothing_resembles_nothing(text: str) -> None:
    assert [one for one in resembling(text, learn(TOLD)) if one.likeness > 0.5] == []
    assert resembling(text, Learned()) == ()


@given(st.lists(st.tuples(st.text(max_size=60), st.sampled_from("abc")), max_size=8), st.text(max_size=200))
def test_likeness_is_a_cosine(reports: list[tuple[str, str]], text: str) -> None:
    learned = learn(reports)
    for terms in learned.causes.values():
        assert math.isclose(math.fsum(weight**2 for weight in terms.values()), 1 if terms else 0, abs_tol=0.05)
    found = resembling("tensorflow " + text, learned)
    assert all(LEAST <= one.likeness <= 1.05 for one in found)
    assert [one.likeness for one in found] == sorted((one.likeness for one in found), reverse=True)


def test_the_order_of_the_reports_means_nothing() -> None:
    assert learn(TOLD) == learn(TOLD[::-1])


def test_reports_that_were_held_back_are_recognised() -> None:
    """By chance one in a hundred would be; of those that name the subject at all it is nearly every second."""
    harmless = {cause.slug for cause in knowledge().causes if cause.kind == "harmless"}
    cases = [case for case in log_cases() if case.cause is not None and case.cause not in harmless]
    held = [case for case in cases if zlib.crc32(case.name.encode()) % 5 == 0]
    learned = learn((case.log, case.cause) for case in cases if case not in held and case.cause is not None)
    found = [(case, resembling(case.log, learned)) for case in held]
    right = sum(bool(first) and first[0].cause == case.cause for case, first in found)
    assert len(held) > 150
    assert right / len(held) >= 0.33


def test_what_nothing_explains_is_told_what_it_resembles() -> None:
    found = ask(PUZZLING)
    assert merely_resembles(found)
    assert found.findings[0].cause == "model-file-from-other-keras"
    assert outcome(found) is Code.ANSWER_IS_NO
    said = "\n".join(line for line, _ in doctor_lines(shown(found)))
    assert "none of the known causes" in said
    assert "possible, " in said
    assert "it reads like other reports of this: “" in said


def test_what_the_facts_exclude_is_not_named() -> None:
    text = "tensorflow on the GPU of the new machine is somehow odd: training fails with wrong accuracy, metal plugin"
    macs = {one.cause for one in ask(text).findings}
    assert not {one.cause for one in ask(text, Host(os="windows", arch="x86_64")).findings} & {
        cause for cause in macs if cause.startswith("metal-")
    }


@pytest.mark.parametrize(
    "text",
    [
        "line\nTraceback (most recent call last):\nZeroDivisionError: division by zero",
        "my keras model trains, everything works",
        "",
    ],
)
def test_where_nothing_failed_or_nothing_is_about_it_nothing_is_resembled(text: str) -> None:
    assert [one for one in ask(text).findings if one.evidence[0].startswith("it reads like")] == []


def test_it_is_never_enough_to_explain_anything() -> None:
    assert weights.ALIKE + weights.ALIKE_SHARE > weights.ALIKE_MOST
    assert weights.ALIKE_MOST < weights.LIKELY
