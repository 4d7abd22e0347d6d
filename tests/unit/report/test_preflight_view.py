from __future__ import annotations

from typing import Any, get_args

import pytest

from tfsetup.loader.model import Kind
from tfsetup.report.preflight import explanation, lines

BASE: dict[str, Any] = {
    "verdict": "loads",
    "images": 3,
    "tensorflow": "2.19.1",
    "python": "3.12",
    "host": {"os": "linux", "arch": "x86_64", "libc": {"name": "glibc", "version": "2.36"}},
    "failures": [],
    "not_covered": [],
}


def failure(**changes: Any) -> dict[str, Any]:
    base = {"kind": "library-not-found", "image": "p/a.so", "symbol": None, "library": "libx.so", "message": "words"}
    return {**base, "stage": "extension", **changes}


def texts(data: dict[str, Any], notes: Any = ()) -> list[str]:
    return [text for text, _ in lines({**BASE, **data}, notes)]


def test_a_clean_answer_is_two_lines() -> None:
    assert texts({}) == [
        "It loads.",
        "  judged: TensorFlow 2.19.1, Python 3.12, Linux glibc 2.36 x86_64; 3 native files followed",
    ]


def test_what_is_not_known_is_said() -> None:
    host = {"os": "macos", "arch": "arm64", "rosetta": True}
    assert texts({"tensorflow": None, "python": None, "host": host})[1] == (
        "  judged: no TensorFlow among the files, Python unknown, macOS arm64 under Rosetta; 3 native files followed"
    )


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_kind_is_explained(kind: str) -> None:
    text = explanation(failure(kind=kind, symbol="S_1", library="avx"))
    assert text.startswith("Why: ")
    assert text.endswith(".")
    assert "{" not in text


def test_explanations_name_what_is_missing() -> None:
    assert "nothing in the process has it" in explanation(failure(kind="symbol-not-found", symbol="f", library=None))
    assert "(GLIBC_2.27 is missing)" in explanation(failure(kind="version-not-found", symbol="GLIBC_2.27"))
    assert "uses AVX instructions" in explanation(failure(kind="cpu-feature", library="avx"))


def test_long_lists_are_cut() -> None:
    found = texts({"verdict": "fails", "failures": [failure(image=f"p/{index}.so") for index in range(20)]})
    assert "p/11.so" in found
    assert "p/12.so" not in found
    assert "… and 8 more; --json lists them all" in found


def test_what_matters_comes_first_among_what_was_not_seen() -> None:
    unseen = [
        {"reason": "minor", "image": None, "matters": False},
        {"reason": "major", "image": "p/a.so", "matters": True},
    ]
    found = texts({"verdict": "undecided", "not_covered": unseen})
    assert found[0] == "Reading the files cannot decide whether it loads."
    assert found[-2:] == ["  ? major (p/a.so)", "  - minor"]


def test_notes_stand_at_the_end() -> None:
    found = texts({}, [{"title": "two wheels bring x", "detail": "The later stays."}])
    assert found[-2:] == ["note: two wheels bring x", "  The later stays."]


def test_hostile_names_cannot_drive_the_terminal() -> None:
    from io import StringIO

    from rich.console import Console

    from tfsetup.report.preflight import preflight_view

    out = StringIO()
    evil = failure(image="p/\x1b[2Ja.so", message="\x1b]0;title\x07[bold]not markup[/bold]")
    Console(file=out, width=200).print(preflight_view({**BASE, "verdict": "fails", "failures": [evil]}))
    assert "\x1b" not in out.getvalue()
    assert "[bold]not markup[/bold]" in out.getvalue()
