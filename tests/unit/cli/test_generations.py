"""`list`, `rollback`, `remove` and `gc`: what they hand to their courses, and what becomes of the answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.cli import Tfsetup
from tfsetup.ground.encode import encode
from tfsetup.workflows.maintain import Collected, Generation, Listed, NotWhole, Removed, RolledBack

MAINTAIN = "tfsetup.workflows.maintain"
ONE = Generation(generation=1, row="linux-x86_64-cpu", python="3.12", whole=True, missing=(), current=True)
LISTED = Listed(prefix="/p/.venv", current=1, missing=None, generations=(ONE,))
BACK = RolledBack(prefix="/p/.venv", generation=1, before=2, changed=True, row="linux-x86_64-cpu")
DAMAGED = NotWhole(prefix="/p/.venv", generation=1, missing=("numpy",), refused="It has lost numpy.", hint="Install.")


@pytest.mark.parametrize(
    ("function", "answer", "argv", "values", "status", "line"),
    [
        ("collect", Collected(prefix="/p/.venv", kept=(2, 3), removed=(1,), unfinished=(), changed=True),
         ["gc"], (Path(".venv"), 2), 0, "/p/.venv: generation 1 was removed; generations 2, 3 stay."),
        ("collect", Collected(prefix="/p", kept=(1,), removed=(), unfinished=(), changed=False),
         ["gc", "--keep", "5", "--prefix", "/p"], (Path("/p"), 5), 0,
         "Nothing to remove beside /p: generation 1 stays."),
        ("remove", Removed(prefix="/p/.venv", generation=4), ["remove", "4"], (Path(".venv"), 4), 0,
         "Removed generation 4 of /p/.venv."),
        ("roll_back", BACK, ["rollback"], (Path(".venv"), None), 0,
         "/p/.venv is generation 1 again (linux-x86_64-cpu)."),
        ("roll_back", BACK, ["rollback", "1", "--prefix", "/q"], (Path("/q"), 1), 0,
         "/p/.venv is generation 1 again (linux-x86_64-cpu)."),
        ("roll_back", DAMAGED, ["rollback", "1"], (Path(".venv"), 1), 7, "It has lost numpy."),
        ("list_generations", LISTED, ["list", "--prefix", "/p/.venv"], (Path("/p/.venv"),), 0, "/p/.venv"),
    ],
)  # fmt: skip
def test_what_is_asked_and_what_is_said(
    tfsetup: Tfsetup, stand_in: Any, function: str, answer: Any, argv: list[str], values: tuple[Any, ...], status: int,
    line: str,
) -> None:  # fmt: skip
    calls = stand_in(f"{MAINTAIN}.{function}", answer)
    ran = tfsetup(*argv)
    assert (ran.status, ran.out.splitlines()[0]) == (status, line)
    ((given, _options),) = calls
    assert given[: len(values)] == values
    documented = tfsetup(*argv, "--json")
    assert (documented.status, documented.document["data"]) == (status, encode(answer))
    assert documented.document["status"] == ("ok" if status == 0 else "failed")


@pytest.mark.parametrize(("function", "argv"), [("roll_back", ["rollback"]), ("list_generations", ["list"])])
def test_known_defects_of_the_matrix_are_looked_for(
    tfsetup: Tfsetup, stand_in: Any, function: str, argv: list[str]
) -> None:
    calls = stand_in(f"{MAINTAIN}.{function}", BACK if function == "roll_back" else LISTED)
    assert tfsetup(*argv).status == 0
    ((given, _options),) = calls
    known = given[-1]() if function == "list_generations" else given[-1]
    assert "metal-activation-dropped" in [hazard.id for hazard in known]


@pytest.mark.parametrize("argv", [["gc", "--keep", "0"], ["remove", "one"], ["rollback", "1", "2"]], ids=" ".join)
def test_numbers_that_are_none_are_not_handed_on(tfsetup: Tfsetup, stand_in: Any, argv: list[str]) -> None:
    calls = [stand_in(f"{MAINTAIN}.{name}", BACK) for name in ("collect", "remove", "roll_back")]
    assert tfsetup(*argv).status == 2
    assert calls == [[], [], []]


def test_the_mark_stands_at_the_current_generation(tfsetup: Tfsetup, stand_in: Any) -> None:
    stand_in(f"{MAINTAIN}.list_generations", LISTED)
    _prefix, _heading, row = tfsetup("list").out.splitlines()
    assert row.split()[:4] == ["→", "1", "linux-x86_64-cpu", "3.12"]


def test_a_prefix_that_is_broken_is_told_without_a_table(tfsetup: Tfsetup, stand_in: Any) -> None:
    broken = Listed(
        prefix="/p", current=None, missing="/p leads to nothing; `tfsetup rollback` mends it.", generations=()
    )
    stand_in(f"{MAINTAIN}.list_generations", broken)
    assert tfsetup("list").out == "/p leads to nothing; `tfsetup rollback` mends it.\n"
