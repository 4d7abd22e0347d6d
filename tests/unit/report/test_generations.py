"""Generations as a table."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from tfsetup.report.generations import change_line, generations_view
from tfsetup.report.result import Result


def row(number: int, **changes: Any) -> dict[str, Any]:
    known = {
        "generation": number, "row": "linux-x86_64-cpu", "python": "3.12", "created": "2026-01-02T03:04:05+00:00",
        "requirements": ["tensorflow-cpu==2.99.0"], "tfsetup": "0.1.0", "verified": True, "damaged": None,
        "whole": True, "missing": [], "rebuilt": False, "current": False,
    }  # fmt: skip
    return known | changes


def lines(*rows: dict[str, Any], width: int = 80) -> list[str]:
    file = io.StringIO()
    data = {"prefix": "/home/u/p/.venv", "generations": list(rows)}
    Console(file=file, width=width, no_color=True, highlight=False).print(generations_view(data))
    return [line.rstrip() for line in file.getvalue().splitlines()]


def test_at_eighty_columns_nothing_is_cut_off() -> None:
    assert lines(row(1), row(12, current=True, verified=False)) == [
        "/home/u/p/.venv",
        "   N   row               Python  what          built (UTC)       verified  whole",
        "   1   linux-x86_64-cpu  3.12    tensorflow-c  2026-01-02 03:04  yes       yes",
        "                                 pu==2.99.0",
        "→  12  linux-x86_64-cpu  3.12    tensorflow-c  2026-01-02 03:04  no        yes",
        "                                 pu==2.99.0",
    ]


def test_what_is_lost_stands_below_and_only_the_first_of_it() -> None:
    lost = [f"part-{number} is gone" for number in range(7)]
    assert lines(row(1, whole=False, missing=lost), row(2), width=120)[4:] == [
        "Generation 1 is not whole:",
        *(f"  part-{number} is gone" for number in range(5)),
        "  and 2 more",
    ]


def test_what_is_known_of_a_receipt_is_told() -> None:
    found = lines(
        row(1, requirements=[]),
        row(2, damaged="x", whole=False, missing=["2.json is gone"], created=""),
        row(3, requirements=[], rebuilt=True, created=""),
        width=120,
    )
    assert "was there before tfsetup" in found[2]
    assert "its receipt is gone or damaged" in found[3]
    assert "its receipt was lost" in found[4]


def test_names_do_not_drive_the_terminal() -> None:
    assert "\x1b" not in "".join(lines(row(1, whole=False, missing=["\x1b[2Jx is gone"])))


def test_what_cures_a_generation_and_what_does_not_stands_below() -> None:
    one = {"TURN_OFF_REMAPPER": "1"}
    found = lines(row(1, cures=one, uncured={}), row(2, cures={}, uncured=one), row(3, cures={}, uncured={}), width=200)
    wrong = "a known defect of what is installed there makes results wrong."
    assert found[5:] == [
        "Generation 1 sets TURN_OFF_REMAPPER=1 at every start of its Python.",
        f"Generation 2 does not set TURN_OFF_REMAPPER=1: {wrong} `tfsetup install` builds one that is cured.",
    ]


def test_a_change_to_one_that_is_not_cured_is_told() -> None:
    data = {"prefix": "/p", "generation": 1, "changed": True, "row": "r", "uncured": {"A": "1"}}
    for changed, first in (
        (True, "/p is generation 1 again (r)."),
        (False, "/p already is generation 1: nothing to do."),
    ):
        line = change_line(Result(command="rollback", data=data | {"changed": changed}))
        assert line.splitlines()[0] == first
        assert line.splitlines()[1].startswith("It does not set A=1: a known defect")
        cured = change_line(Result(command="rollback", data=data | {"changed": changed, "uncured": {}}))
        assert cured == first
