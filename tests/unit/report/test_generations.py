"""Generations as a table."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

from rich.console import Console

from tfsetup.report.generations import collected, listed, removed, rolled_back
from tfsetup.workflows.maintain import Collected, Generation, Listed, NotWhole, Removed, RolledBack


def row(number: int, **changes: Any) -> Generation:
    known: dict[str, Any] = {
        "generation": number, "row": "linux-x86_64-cpu", "python": "3.12", "created": "2026-01-02T03:04:05+00:00",
        "requirements": ("tensorflow-cpu==2.99.0",), "tfsetup": "0.1.0", "verified": True, "whole": True,
        "missing": (), "current": False,
    }  # fmt: skip
    return Generation(**(known | changes))


def lines(*rows: Generation, width: int = 80, missing: str | None = None) -> list[str]:
    file = io.StringIO()
    found = Listed(prefix="/home/u/p/.venv", current=None, missing=missing, generations=rows)
    Console(file=file, width=width, no_color=True, highlight=False).print(*listed(found), sep="\n")
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
    assert lines(row(1, whole=False, missing=tuple(lost)), row(2), width=120)[4:] == [
        "Generation 1 is not whole:",
        *(f"  part-{number} is gone" for number in range(5)),
        "  and 2 more",
    ]


def test_what_was_added_by_hand_stands_below_all_of_it() -> None:
    found = lines(row(1, added=("b==2", "c==3")), row(2), width=120)[4:]
    assert found == ["Generation 1 has more, added by hand: b==2, c==3."]


def test_what_is_known_of_a_receipt_is_told() -> None:
    found = lines(
        row(1, requirements=()),
        row(2, damaged="x", whole=False, missing=("2.json is gone",), created=""),
        row(3, requirements=(), rebuilt=True, created=""),
        width=120,
    )
    assert "was there before tfsetup" in found[2]
    assert "its receipt is gone or damaged" in found[3]
    assert "its receipt was lost" in found[4]


def test_names_do_not_drive_the_terminal() -> None:
    assert "\x1b" not in "".join(lines(row(1, whole=False, missing=("\x1b[2Jx is gone",))))


def test_what_cures_a_generation_and_what_does_not_stands_below() -> None:
    one = {"TURN_OFF_REMAPPER": "1"}
    found = lines(row(1, cures=one, uncured={}), row(2, cures={}, uncured=one), row(3, cures={}, uncured={}), width=200)
    damaged = row(1, cures=one, uncured={}, whole=False, missing=("tfsetup_cures.pth is missing",))
    assert not any("sets" in line for line in lines(damaged, width=200))
    wrong = "a known defect of what is installed there makes results wrong."
    assert found[5:] == [
        "Generation 1 sets TURN_OFF_REMAPPER=1 at every start of its Python.",
        f"Generation 2 does not set TURN_OFF_REMAPPER=1: {wrong} `tfsetup install` builds one that is cured.",
    ]


def test_what_is_wrong_with_the_prefix_stands_below_the_generations_or_alone() -> None:
    gone = ".venv points to /x, which is gone."
    assert lines(missing=gone) == [gone]
    assert lines(row(1), missing=gone)[-1] == gone


def test_no_generation_is_said_in_words() -> None:
    words = "There is no environment at /home/u/p/.venv; `tfsetup install` builds one."
    assert lines(width=100) == [words]


def test_a_change_to_one_that_is_not_cured_is_told() -> None:
    for changed, first in (
        (True, "/p is generation 1 again (r)."),
        (False, "/p already is generation 1: nothing to do."),
    ):
        cured = RolledBack(prefix="/p", generation=1, before=None, changed=changed, row="r")
        assert rolled_back(cured) == first
        line = rolled_back(replace(cured, uncured={"A": "1"}))
        assert line.splitlines()[0] == first
        assert line.splitlines()[1].startswith("It does not set A=1: a known defect")


def test_a_rollback_that_was_refused_says_why_and_what_to_do() -> None:
    refused = NotWhole(prefix="/p", generation=1, missing=("alpha is gone",), refused="It is not whole.", hint="Build.")
    assert rolled_back(refused) == "It is not whole.\n hint: Build."


def test_what_went_and_what_stays_is_one_line() -> None:
    assert removed(Removed(prefix="/p", generation=2)) == "Removed generation 2 of /p."
    swept = Collected(prefix="/p", kept=(3,), removed=(1, 2), unfinished=(7,), changed=True)
    assert collected(swept) == (
        "/p: generations 1, 2 were removed, 1 unfinished of killed runs too; generation 3 stays."
    )
    assert collected(replace(swept, removed=(1,), unfinished=(), kept=(2, 3))) == (
        "/p: generation 1 was removed; generations 2, 3 stay."
    )
    nothing = replace(swept, removed=(), unfinished=(), changed=False)
    assert collected(nothing) == "Nothing to remove beside /p: generation 3 stays."
    assert collected(replace(nothing, kept=())) == "Nothing to remove beside /p: there are no generations."


def test_what_a_generation_was_tuned_with_stands_below_with_the_way_back() -> None:
    one = {"TF_ENABLE_ONEDNN_OPTS": "1"}
    assert lines(row(1, cures=one, tuned=one), row(2), width=200)[4:] == [
        "Generation 1 sets TF_ENABLE_ONEDNN_OPTS=1 at every start of its Python.",
        (
            "Generation 1 was tuned: TF_ENABLE_ONEDNN_OPTS=1 was measured to be faster here. "
            "`tfsetup install --without-cures` sets none of it."
        ),
    ]
