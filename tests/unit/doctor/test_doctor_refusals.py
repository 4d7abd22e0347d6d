"""The words of installers, and who would have been told them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.examples import examples
from tfsetup.doctor.refusals.hosts import interpreters
from tfsetup.doctor.refusals.model import Refusal
from tfsetup.doctor.refusals.specs import fits, specifiers, version_in
from tfsetup.doctor.refusals.words import refusals_in
from tfsetup.doctor.refusals.worlds import PLACES, PYTHONS, Interpreter, Market, admits, permits, serves
from tfsetup.doctor.text import clean
from tfsetup.matrix.relatives import Offer

FILE = Path(__file__).parents[2] / "cases" / "doctor" / "refusals.jsonl"
CASES: list[dict[str, Any]] = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
PIP = "Could not find a version that satisfies the requirement "


def read(text: str) -> list[Refusal]:
    return list(refusals_in(clean(text).stream))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["text"][:50])
def test_what_installers_say_is_read(case: dict[str, Any]) -> None:
    [one] = read(case["text"])
    offered = None if one.offered is None else list(one.offered)
    assert (one.name, one.wanted, offered) == (case["name"], case["wanted"], case.get("offered"))
    assert (one.blamed, one.tag) == (case.get("blamed"), case.get("tag", ""))


def test_who_asks_is_told_and_no_requirements_file_is() -> None:
    [one] = read(f"{PIP}tensorflow-text==2.7 (from tf-models==1.0->-r x.txt (line 2)) (from versions: none)")
    assert one.asker == "tf-models"
    [one] = read(f"{PIP}tensorflow-text==2.7 (from -r x.txt (line 2)) (from versions: none)")
    assert one.asker == ""


def test_a_second_sentence_about_the_same_is_none_of_its_own() -> None:
    text = (
        f"ERROR: {PIP}tensorflow==1.0 (from versions: 2.2.0)\nERROR: No matching distribution found for tensorflow==1.0"
    )
    assert len(read(text)) == 1


def test_the_words_are_of_their_time() -> None:
    assert read(f"{PIP}tensorflow (from versions: )")[0].until < "2022"
    assert read(f"{PIP}tensorflow (from versions: none)")[0].since > "2019"
    assert read("Unable to find candidates for tensorflow")[0].since > "2020"


@given(
    st.text(max_size=200),
    st.sampled_from(["(from versions: ", "Because ", " has no wheels with a matching Python ABI tag"]),
)
@examples(60)
def test_no_text_is_too_strange(text: str, part: str) -> None:
    for one in read(f"{PIP}{text}{part}{text})\nNo matching distribution found for {text}\n{text}{part}"):
        assert one.name
        version_in(one.wanted)
        assert all(fits("", version) in {True, False} for version in one.offered or ())


def test_many_refusals_are_a_few_the_last_among_them() -> None:
    found = read(f"{PIP}tensorflow (from versions: none)\n" * 5000 + f"{PIP}keras==3 (from versions: 1)")
    assert len(found) <= 16
    assert found[-1].name == "keras"


def test_of_a_long_text_the_ends_are_read_and_each_place_is_its_own() -> None:
    stream = f"{PIP}tensorflow==1.0 (from versions: none){' x' * 300_000} {PIP}keras==3 (from versions: 1)"
    found = refusals_in(stream)
    assert [one.name for one in found] == ["tensorflow", "keras"]
    assert all(stream.startswith(PIP, one.start) for one in found)


@pytest.mark.parametrize(
    ("place", "tags", "others"),
    [
        ("macos-arm64", ["macosx_12_0_arm64", "macosx_10_9_universal2", "any"], ["macosx_10_14_x86_64", "win_amd64"]),
        ("macos-x86_64", ["macosx_10_15_x86_64", "macosx_12_0_x86_64"], ["macosx_12_0_arm64"]),
        ("macos-10.16", ["macosx_10_14_x86_64"], ["macosx_11_0_x86_64", "macosx_12_0_x86_64"]),
        ("macos-11only", ["macosx_11_0_x86_64"], ["macosx_10_14_x86_64"]),
        ("linux-x86_64", ["manylinux1_x86_64", "manylinux_2_17_x86_64.manylinux2014_x86_64"], ["musllinux_1_1_x86_64"]),
        ("linux-manylinux1", ["manylinux1_x86_64"], ["manylinux2010_x86_64", "manylinux_2_17_x86_64"]),
        ("linux-aarch64", ["manylinux2014_aarch64"], ["manylinux2014_x86_64"]),
        ("linux-armv7l", ["manylinux2014_armv7l", "linux_armv7l"], ["manylinux2014_aarch64"]),
        ("linux-i686", ["manylinux1_i686"], ["manylinux1_x86_64"]),
        ("musl-x86_64", ["musllinux_1_2_x86_64"], ["manylinux2014_x86_64"]),
        ("windows-x86_64", ["win_amd64"], ["win32", "win_arm64"]),
        ("windows-i686", ["win32"], ["win_amd64"]),
        ("windows-arm64", ["win_arm64"], ["win_amd64"]),
    ],
)  # fmt: skip
def test_each_place_takes_its_own_wheels(place: str, tags: list[str], others: list[str]) -> None:
    assert [tag for tag in tags if not admits(place, tag)] == []
    assert [tag for tag in others if admits(place, tag)] == []


def test_a_wheel_serves_its_python_a_stable_abi_later_ones_and_no_code_all() -> None:
    assert [python for python in PYTHONS if serves(("3.9",), python)] == ["3.9"]
    assert [python for python in ("3.8", "3.9", "3.14") if serves(("3.9+",), python)] == ["3.9", "3.14"]
    assert [python for python in ("2.7", "3.4", "3.14") if serves(("any",), python)] == ["3.4", "3.14"]
    assert serves(("2",), "2.7")
    assert not serves(("3.13t",), "3.13")


def test_requires_python_is_heeded_and_nonsense_forbids_nothing() -> None:
    assert permits(">=3.8,<3.11", "3.10")
    assert not permits(">=3.8,<3.11", "3.11")
    assert permits("whatever", "3.11")


def test_a_market_shows_what_is_for_somebody_oldest_first() -> None:
    offers = (
        Offer("1.0", "2020-02-01", wheels=(("win_amd64", ("3.8",)),)),
        Offer("1.1", "2020-01-01", wheels=(("win_amd64", ("3.8", "3.9")),)),
        Offer("1.2", "2021-01-01", ">=3.9", sdist=True),
    )
    market = Market(offers)
    assert [offer.version for offer in market.offered(Interpreter("3.8", "windows-x86_64"))] == ["1.1", "1.0"]
    assert [offer.version for offer in market.offered(Interpreter("3.9", "windows-x86_64"))] == ["1.1", "1.2"]
    assert [offer.version for offer in market.offered(Interpreter("3.9", "linux-aarch64"))] == ["1.2"]


def likeliest(facts: dict[str, str], guessed: frozenset[str] = frozenset(), **known: str) -> Interpreter:
    weights = interpreters(facts, guessed, **known)  # type: ignore[arg-type]
    return max(weights, key=lambda one: weights[one])


def test_a_told_fact_decides_and_a_guessed_one_less() -> None:
    assert likeliest({"os": "linux", "arch": "aarch64", "python": "3.9.7"}) == Interpreter("3.9", "linux-aarch64")
    assert likeliest({"os": "macos", "process": "x86_64"}).place == "macos-x86_64"
    assert likeliest({"os": "macos", "arch": "arm64", "rosetta": "true"}).place == "macos-x86_64"
    assert likeliest({"libc": "musl"}).place == "musl-x86_64"
    assert likeliest({"os": "windows", "bits": "32"}).place == "windows-i686"
    told, guessed = interpreters({"python": "3.9"}, frozenset()), interpreters({"python": "3.9"}, frozenset({"python"}))
    other = Interpreter("3.11", "linux-x86_64")
    assert told[other] < guessed[other] < interpreters({}, frozenset())[other]


def test_an_old_pip_makes_its_tags_likely_and_a_new_one_impossible() -> None:
    one = Interpreter("3.8", "macos-11only")
    assert interpreters({}, frozenset(), pip="20.2.4")[one] > 10 * interpreters({}, frozenset())[one]
    assert one not in interpreters({}, frozenset(), pip="23.1")
    assert Interpreter("3.6", "linux-manylinux1") not in interpreters({}, frozenset(), pip="19.3")


def test_every_place_and_python_is_possible_where_nothing_is_known() -> None:
    assert set(interpreters({}, frozenset())) == {Interpreter(python, place) for python in PYTHONS for place in PLACES}


@pytest.mark.parametrize(
    ("wanted", "version", "does"), [("", "2.0", True), ("", "2.0rc1", False), (">=1", "2.0", True)]
)
def test_final_releases_do_and_others_only_by_name(wanted: str, version: str, *, does: bool) -> None:
    assert fits(wanted, version) is does
    assert fits("==2.0rc1", "2.0rc1")
    assert specifiers("nonsense") is None
    assert not fits("nonsense", "1.0")
