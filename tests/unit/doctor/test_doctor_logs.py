"""Every log fixture: its cause first, a proof out of the log, a fix for its platform; and the sum of them honest."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from support.doctor import LogCase, knowledge, log_cases, merely_resembles, same
from tfsetup.doctor.listed import packages_in
from tfsetup.doctor.model import Cause
from tfsetup.doctor.text import clean

CASES = log_cases()
CAUSES = [case for case in CASES if case.cause is not None]
NEGATIVES = [case for case in CASES if case.cause is None]
CONFIDENT = 0.8
VOCABULARY = (Path(__file__).parents[2] / "cases" / "doctor" / "slugs.txt").read_text().split()


@pytest.mark.parametrize("case", CAUSES, ids=lambda case: case.name)
def test_the_cause_comes_first_with_a_proof_and_a_fix(case: LogCase) -> None:
    found = case.diagnose().findings
    assert found
    assert case.cause is not None
    assert same(found[0].cause, case.cause)
    assert all(is_out_of(case, proof.strip("…")) for proof in found[0].evidence)
    assert found[0].evidence
    assert found[0].fix
    fixes = "".join(found[0].fix).replace('{"use_plugin_optimizers": False}', "")
    assert "{" not in fixes.replace("{'disable_meta_optimizer': True}", "").replace("{version = ", "")


def is_out_of(case: LogCase, proof: str) -> bool:
    """Return whether a proof is a line of the log, or names a package with its version, or a file, out of it."""
    lines = clean(case.log).lines
    listed = packages_in(clean(case.log)) | case.packages
    named = any(f"{name} {version}" in proof.lower() for name, version in listed.items())
    first, second, *_ = (*proof.split(" "), "", "")
    of_a_file = first.count("/") + first.count("\\") > 1 and first in case.log
    told = re.sub(r"[-_]", " ", case.log.lower())
    of_a_release = second[:1].isdigit() and first.replace("-", " ") in told and second in case.log
    return proof in lines or proof in " ".join(lines) or named or of_a_file or of_a_release


@pytest.mark.parametrize("case", NEGATIVES, ids=lambda case: case.name)
def test_a_log_of_something_else_has_no_cause(case: LogCase) -> None:
    found = case.diagnose()
    assert found.findings == () or merely_resembles(found)


def test_every_cause_of_the_vocabulary_is_known_and_has_two_logs() -> None:
    known = {cause.slug for cause in knowledge().causes}
    logs = Counter(case.cause for case in CAUSES)
    assert set(VOCABULARY) <= known
    assert {slug: logs[slug] for slug in VOCABULARY if logs[slug] < 2} == {}


def test_no_answer_is_wrong_and_sure() -> None:
    wrong = [
        (case.name, finding.cause, finding.confidence)
        for case in CASES
        for finding in case.diagnose().findings[:1]
        if (case.cause is None or not same(finding.cause, case.cause)) and finding.confidence >= CONFIDENT
    ]
    assert wrong == []


def test_most_causes_are_told_exactly() -> None:
    exact = [case for case in CAUSES if case.diagnose().findings[0].cause == case.cause]
    assert len(exact) / len(CAUSES) >= 0.88


def test_confidence_is_honest() -> None:
    """Of the answers given with a confidence, about that share is exactly right: never much less than claimed."""
    bins: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for case in CASES:
        for finding in case.diagnose().findings[:1]:
            bins[int(finding.confidence * 5)].append((finding.confidence, finding.cause == case.cause))
    for answers in bins.values():
        claimed = sum(confidence for confidence, _ in answers) / len(answers)
        right = sum(was for _, was in answers) / len(answers)
        assert len(answers) < 5 or right >= claimed - 0.2


def test_brier_score() -> None:
    # An answer that rests on one sign is given with at most 0.79, and then weighs 0.04 although it is right.
    answers = [
        (case.diagnose().findings[0].confidence, same(case.diagnose().findings[0].cause, case.cause))
        for case in CAUSES
        if case.cause is not None
    ]
    assert sum((confidence - right) ** 2 for confidence, right in answers) / len(answers) <= 0.03


@pytest.mark.parametrize("cause", knowledge().causes, ids=lambda cause: cause.slug)
def test_every_cause_explains_itself_in_words(cause: Cause) -> None:
    assert 15 <= len(cause.title) <= 90
    assert cause.meaning.endswith(".")
    assert len(cause.meaning) >= 60
    assert not cause.title.endswith(".")
