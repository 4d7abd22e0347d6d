"""That something failed is read without knowing why; what cannot be explained is told, and never called healthy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.doctor import knowledge
from support.examples import examples
from tfsetup.doctor.diagnose import diagnose
from tfsetup.doctor.failures import MOST_SHOWN, failed_lines, unread
from tfsetup.doctor.model import Cause, Condition, Diagnosis, Evidence, Knowledge, Observation, Signal
from tfsetup.doctor.text import clean, ends
from tfsetup.errors import Code
from tfsetup.host.model import Host
from tfsetup.report.doctor import outcome

CASES = Path(__file__).parents[2] / "cases" / "doctor"
FAILED = [line for line in (CASES / "failed-lines.txt").read_text(encoding="utf-8").splitlines() if line]
FINE = [line for line in (CASES / "fine-lines.txt").read_text(encoding="utf-8").splitlines() if line]
HARMLESS = "2025-11-02 10:11:12.131415: I tensorflow/core/util/port.cc:153] oneDNN custom operations are on."


def ask(log: str) -> Diagnosis:
    return diagnose(Evidence(log=log), knowledge())


@pytest.mark.parametrize("line", FAILED)
def test_a_failure_is_read_whatever_stands_around_it(line: str) -> None:
    assert failed_lines(clean(line)) == (0,)
    assert failed_lines(clean(f"first\n   {line}\nEpoch 1/2\n")) == (1,)
    assert failed_lines(clean(f"\x1b[31m{line}\x1b[0m\r\nlast")) == (0,)


@pytest.mark.parametrize("line", FAILED)
def test_no_failure_is_called_healthy(line: str) -> None:
    for log in (line, f"Successfully installed numpy-1.26.4\n{line}\n", f"{HARMLESS}\n{line}\n{HARMLESS}\n"):
        found = ask(log)
        assert found.verdict == "problem" or found.findings[:1] == ask(line).findings[:1] or found.unexplained
        if not any(finding.kind == "harmless" for finding in ask(line).findings):
            assert outcome(found) is Code.ANSWER_IS_NO


@pytest.mark.parametrize("line", FINE)
def test_words_like_error_in_a_success_are_no_failure(line: str) -> None:
    assert failed_lines(clean(line)) == ()


def test_a_harmless_line_never_outweighs_an_unread_one() -> None:
    found = ask(f"{HARMLESS}\nTraceback (most recent call last):\nFrobnicationError: the frob is gone")
    assert (found.verdict, found.unexplained) == ("unknown", ("FrobnicationError: the frob is gone",))
    assert all(finding.kind == "harmless" and finding.confidence <= 0.3 for finding in found.findings)


def test_a_harmless_line_is_explained_wherever_it_stands_again() -> None:
    line = "2025-11-02 10:11:{}.131415: E external/xla/cuda_dnn.cc:9261] Unable to register cuDNN factory"
    assert ask(line.format(12)).verdict == "healthy"
    assert ask("\n".join(line.format(second) for second in range(10, 60))).verdict == "healthy"


def test_what_is_suffered_outweighs_a_harmless_line() -> None:
    found = ask(f"{HARMLESS}\nafter this message the kernel hangs for ever")
    assert (found.verdict, found.unexplained) == ("unknown", ("after this message the kernel hangs for ever",))


def test_what_raised_stands_for_its_traceback() -> None:
    log = clean("Traceback (most recent call last):\n  File 'a.py', line 1\nFrobnicationError: gone")
    assert [log.lines[number] for number in failed_lines(log)] == ["FrobnicationError: gone"]
    assert failed_lines(clean("Traceback (most recent call last):\n  File 'a.py', line 1")) == (0,)


def test_the_last_lines_are_shown_each_once() -> None:
    log = clean("\n".join(f"{name}Error: no" for name in ("A", "B", "C", "D", "E", "F", "G", "A")))
    assert len(failed_lines(log)) == 8
    assert len(unread(log, failed_lines(log), ())) == 7
    found = ask("\n".join(log.lines))
    assert found.unexplained == tuple(f"{name}Error: no" for name in ("C", "D", "E", "F", "G"))
    assert len(found.unexplained) == MOST_SHOWN


def test_a_long_line_is_cut() -> None:
    assert len(ask("FrobnicationError: " + "x" * 5000).unexplained[0]) <= 301


@given(st.text(max_size=400), st.sampled_from(FAILED))
@examples(60)
def test_any_text_is_read_and_a_failure_on_its_own_line_is_found(text: str, line: str) -> None:
    log = clean(f"{text}\n{line}\n")
    assert len(log.lines) - 1 in failed_lines(log)


@pytest.mark.parametrize("text", ["", " \n\t\n", "\x00\x1b[0m", "Hello there", "tensorflow 2.19.1 on a Mac"])
def test_with_nothing_to_judge_nobody_judges(text: str) -> None:
    found = ask(text)
    assert (found.verdict, found.findings, found.unexplained) == ("unknown", (), ())
    assert outcome(found) is Code.UNDECIDED


def test_advice_of_the_log_is_passed_on() -> None:
    told = "hint: pass `--frob` or run pip install frobnicator"
    found = ask(f"FrobnicationError: the frob is gone\n{told}\nWARNING: consider upgrading via the pip command")
    assert found.advice == (told.replace("`", "`"),)
    assert ask(f"{HARMLESS}\nyou can set TF_ENABLE_ONEDNN_OPTS=0\n").advice == ()
    assert ask("KeyError: 'x'\nyou can be happy\n").advice == ()


def test_one_sign_is_never_sure() -> None:
    cause = Cause(
        slug="x", title="", meaning="", kind="fatal", fixes=(),
        signals=(Signal(weight="strong", log=("frobnicated",)), Signal(weight="strong", log=("frobn",))),
    )  # fmt: skip
    known = Knowledge(causes=(cause,))
    assert diagnose(Evidence(log="frobnicated"), known).findings[0].confidence == 0.79
    assert diagnose(Evidence(log="frobnicated\nfrobn\n"), known).findings[0].confidence > 0.9
    proof = replace(cause, signals=(Signal(weight="proof", log=("frobnicated",)),))
    assert diagnose(Evidence(log="frobnicated"), Knowledge(causes=(proof,))).findings[0].confidence > 0.9
    fact = Signal(weight="supports", when=((Condition(scope="host", fact="os", test="linux"),),))
    fitting = replace(cause, signals=(*cause.signals, fact))
    evidence = Evidence(log="frobnicated", host=Host(os="linux"))
    assert diagnose(evidence, Knowledge(causes=(fitting,))).findings[0].confidence > 0.9


def test_what_was_not_read_is_no_health() -> None:
    working = "Successfully installed numpy-1.26.4\n"
    letters = ("".join("bcdfgjkmpqvwxzyt"[(n >> 4 * k) % 16] for k in range(5)) for n in range(30_000))
    noise = "\n".join(f"{name}{name[::-1] * 12}" for name in letters)
    assert ask(working + noise[:600_000] + working).verdict == "healthy"
    found = ask(working + noise + working)
    assert (found.verdict, outcome(found)) == ("unknown", Code.ANSWER_IS_NO)
    assert "were not read" in found.unexplained[0], found.unexplained
    assert ask(noise + "\nFrobnicationError: gone").unexplained == ("FrobnicationError: gone",)


def test_the_ends_of_a_long_text_are_whole_lines_but_for_one() -> None:
    lines = [f"{n:07d}" + "x" * 93 for n in range(20_000)]
    kept = ends(lines)
    assert sum(map(len, kept)) == 800_000
    assert (kept[0], kept[-1]) == (lines[0], lines[-1])
    assert ends(lines[:100]) == lines[:100]


def test_of_an_endless_line_the_ends_are_read() -> None:
    text = "FrobnicationError: gone " + "y" * 9_000_000 + " GrobnicationError: gone"
    log = clean(text)
    assert (len(log.lines[0]), log.unread) == (60_001, len(text) - 60_001)
    assert failed_lines(log) == (0,)
    assert ask("Successfully installed numpy-1.26.4\n" + "y" * 9_000_000).verdict == "unknown"


def test_what_was_looked_at_in_files_is_sure() -> None:
    cause = Cause(
        slug="x",
        title="",
        meaning="",
        kind="fatal",
        fixes=(),
        signals=(Signal(weight="strong", check="two-tensorflows"),),
    )
    seen = Observation(check="two-tensorflows", subject="tensorflow", detail="two of them")
    found = diagnose(Evidence(observations=(seen,)), Knowledge(causes=(cause,)))
    assert found.findings[0].confidence > 0.9
