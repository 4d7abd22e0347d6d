"""Which signals a log shows: groups of `also`, logs of other frameworks, short and long logs alike."""

from __future__ import annotations

import pytest

from tfsetup.doctor.causes.read import read_causes
from tfsetup.doctor.facts import collect
from tfsetup.doctor.match import Scanner, inner_words, signals_seen
from tfsetup.doctor.model import Evidence
from tfsetup.doctor.text import clean

TEXT = """\
patterns:
  family: ["tensorflow", "Keras"]
causes:
- cause: sure
  title: T
  meaning: M.
  kind: fatal
  signals: [{weight: proof, log: "only this prints it"}]
  fixes: [{do: fix}]
- cause: guess
  title: T
  meaning: M.
  kind: fatal
  signals: [{weight: strong, log: "many print it", also: [$family, "version"], without: "harmless"}]
  fixes: [{do: fix}]
"""
CAUSES = read_causes({"c.yaml": TEXT}).causes


def seen(log: str) -> list[str]:
    cleaned = clean(log)
    found = signals_seen(CAUSES, Evidence(log=log), cleaned, collect(None, None, cleaned.stream))
    return [cause.slug for cause, _ in found]


@pytest.mark.parametrize(
    ("log", "causes"),
    [
        ("many print it, tensorflow, version", ["guess"]),
        ("many print it, Keras version", ["guess"]),
        ("many print it, version", []),
        ("many print it, tensorflow", []),
        ("many print it, tensorflow, version, harmless", []),
        ("only this prints it", ["sure"]),
        ("only this prints it, in torch/nn", ["sure"]),
        ("many print it, version, Keras, torch/nn", ["guess"]),
    ],
)
def test_a_signal_needs_one_of_each_group_and_none_of_without(log: str, causes: list[str]) -> None:
    assert seen(log) == causes


def test_a_log_of_another_framework_shows_proofs_only() -> None:
    knowledge = read_causes({"c.yaml": TEXT.replace("also: [$family, ", "also: [")}).causes
    log = clean("many print it, version, torch/nn, only this prints it")
    found = signals_seen(knowledge, Evidence(log="x"), log, collect(None, None, log.stream))
    assert [cause.slug for cause, _ in found] == ["sure"]


def test_in_a_short_log_only_patterns_whose_anchor_is_there_are_searched() -> None:
    assert Scanner(clean("some words y")).possible(("some words {x}", "other words {x}")) == ["some words {x}"]


def test_a_long_log_is_searched_the_same_way() -> None:
    padding = "nothing to see in line {}, really nothing\n"
    log = "".join(padding.format("x" * (n % 97)) for n in range(9000)) + "many print it, tensorflow, version\n"
    scanner = Scanner(clean(log * 2))
    assert seen(log * 2) == ["guess"]
    assert scanner.any(["many print it"])
    assert not scanner.any(["many more print it"])


def test_only_words_inside_an_anchor_are_whole_words() -> None:
    assert inner_words("load dynamic library 'lib") == ["dynamic", "library"]
    assert inner_words("word") == []
