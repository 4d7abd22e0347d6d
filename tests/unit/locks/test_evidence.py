"""What was found about a row, as values and as the bytes of its file."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.locks import origin, package
from tfsetup.host.model import Host, Libc
from tfsetup.locks.evidence import Evidence, Finding, bare, render_evidence
from tfsetup.locks.proof import Proof, Verdict

NAMES = {"tensorflow", "tensorflow-metal"}
MAC = Host(os="macos", os_version="14.0", arch="arm64")
LINUX = Host(os="linux", arch="x86_64", libc=Libc(name="glibc", version="2.28"))


def proof(verdict: Verdict = "loads", *reasons: str, images: int = 7, python: str = "3.12") -> Proof:
    return Proof(
        row="macos-arm64-metal",
        python=python,
        sha256="0" * 64,
        verdict=verdict,
        subject="5" * 64,
        images=images,
        reasons=reasons,
    )


def finding(found: Proof | None = None, *, host: Host = MAC, **changes: Any) -> Finding:
    found = found or proof()
    packages = (
        package("numpy", "2.1.3", "cp312-cp312-macosx_14_0_arm64"),
        package("tensorflow-metal", "1.2.0", "cp312-cp312-macosx_12_0_arm64"),
        package("tensorflow", "2.19.1", "cp312-cp312-macosx_12_0_arm64"),
    )
    return Finding(origin=origin(python=found.python, **changes), host=host, packages=packages, proof=found)


def plain(*found: Finding, because: str = "") -> dict[str, Any]:
    evidence = Evidence(row="macos-arm64-metal", findings=found, because=because)
    document = json.loads(render_evidence(evidence, NAMES))
    assert isinstance(document, dict)
    return document


def test_a_file_says_what_was_judged_and_what_came_out() -> None:
    one = finding()
    tensorflow, metal = one.packages[2].files[0], one.packages[1].files[0]
    assert plain(one) == {
        "schema": 1,
        "row": "macos-arm64-metal",
        "verdict": "loads",
        "because": "",
        "judged": [
            {
                "python": "3.12",
                "requirements": ["alpha==1.0"],
                "wheels": [
                    {"name": "tensorflow-2.19.1-cp312-cp312-macosx_12_0_arm64.whl", "sha256": tensorflow.sha256},
                    {"name": "tensorflow_metal-1.2.0-cp312-cp312-macosx_12_0_arm64.whl", "sha256": metal.sha256},
                ],
                "packages": 3,
                "target": {
                    "os": "macos",
                    "os_version": "14.0",
                    "arch": "arm64",
                    "libc": None,
                    "platform": "aarch64-apple-darwin",
                },
                "subject": "5" * 64,
                "images": 7,
                "verdict": "loads",
                "error": None,
                "also": [],
                "undecided": [],
            }
        ],
    }


def test_the_c_library_is_part_of_the_target() -> None:
    (judged,) = plain(finding(host=LINUX))["judged"]
    assert judged["target"]["libc"] == "glibc 2.28"
    assert judged["target"]["os_version"] is None


def test_the_first_failure_is_the_error_and_the_rest_stands_beside_it() -> None:
    (judged,) = plain(finding(proof("fails", "a.so: one", "b.so: two", "c.so: three")))["judged"]
    assert (judged["error"], judged["also"], judged["undecided"]) == ("a.so: one", ["b.so: two", "c.so: three"], [])


def test_a_failure_without_words_is_still_an_error() -> None:
    (judged,) = plain(finding(proof("fails")))["judged"]
    assert judged["error"] == "it would not load"


def test_what_cannot_be_decided_is_listed() -> None:
    (judged,) = plain(finding(proof("undecided", "no list of symbols for macOS 27")))["judged"]
    assert (judged["error"], judged["undecided"]) == (None, ["no list of symbols for macOS 27"])


def test_a_plugin_that_is_compiled_there_is_not_said_to_load() -> None:
    one = finding(source_builds=("plugin==1.0",))
    assert one.verdict == "undecided"
    (judged,) = plain(one)["judged"]
    assert (judged["verdict"], judged["undecided"]) == ("undecided", ["plugin==1.0 is compiled on the machine"])


def test_a_compiled_plugin_does_not_hide_that_tensorflow_fails() -> None:
    one = finding(proof("fails", "a.so: gone"), source_builds=("plugin==1.0",))
    assert one.verdict == "fails"
    assert Evidence(row="r", findings=(one,)).error == "Python 3.12: a.so: gone"


@pytest.mark.parametrize(
    ("verdicts", "whole"),
    [
        ((), "undecided"),
        (("loads",), "loads"),
        (("loads", "loads"), "loads"),
        (("loads", "undecided"), "undecided"),
        (("undecided", "loads"), "undecided"),
        (("loads", "fails"), "fails"),
        (("undecided", "fails", "loads"), "fails"),
    ],
)
def test_the_verdict_of_a_row_is_the_worst_of_its_pythons(verdicts: tuple[Verdict, ...], whole: Verdict) -> None:
    evidence = Evidence(row="r", findings=tuple(finding(proof(verdict)) for verdict in verdicts))
    assert evidence.verdict == whole
    assert (evidence.error is not None) == (whole == "fails")


def test_the_error_of_a_row_names_the_python() -> None:
    found = (finding(), finding(proof("fails", "a.so: gone", python="3.10")))
    assert Evidence(row="r", findings=found).error == "Python 3.10: a.so: gone"


def test_what_was_never_opened_is_no_evidence() -> None:
    unread = finding(proof("undecided", "the wheels could not be read", images=0))
    assert not unread.read
    assert not Evidence(row="r", findings=(finding(), unread)).readable
    assert finding(proof("undecided", "unknown symbol", images=3)).read
    assert Evidence(row="r", because="no release for it").readable


def test_why_there_is_nothing_to_judge_is_kept() -> None:
    document = plain(because="Nothing to lock")
    assert (document["verdict"], document["because"], document["judged"]) == ("undecided", "Nothing to lock", [])


def test_only_the_distributions_of_the_matrix_are_named() -> None:
    text = render_evidence(Evidence(row="r", findings=(finding(),)), {"numpy"})
    assert [wheel["name"].partition("-")[0] for wheel in json.loads(text)["judged"][0]["wheels"]] == ["numpy"]


def test_addresses_are_left_out_of_words() -> None:
    found = finding(proof("fails", "see https://files.example/a.whl for it", "file:///home/me/x broke"))
    text = render_evidence(Evidence(row="r", findings=(found,), because="asked https://index.example/simple/"), NAMES)
    assert "://" not in text
    assert "see (address) for it" in text
    assert "asked (address)" in text


@given(st.text(max_size=80))
def test_words_never_keep_an_address(words: str) -> None:
    assert "https://" not in bare(f"{words} https://index.example/{words}")


@given(st.permutations([0, 1, 2]))
def test_the_same_files_give_the_same_bytes_in_any_order(order: list[int]) -> None:
    one = finding()
    other = Finding(origin=one.origin, host=one.host, packages=tuple(one.packages[n] for n in order), proof=one.proof)
    texts = {render_evidence(Evidence(row="r", findings=(each,)), NAMES) for each in (one, other)}
    assert len(texts) == 1


def test_where_a_file_came_from_is_no_part_of_it() -> None:
    text = render_evidence(Evidence(row="r", findings=(finding(),)), NAMES)
    assert "files.example" not in text
    assert text.endswith("}\n")
