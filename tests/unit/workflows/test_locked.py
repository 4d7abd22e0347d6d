"""What became of locks as values, and the shape that they have in JSON."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from support.backends import origin
from support.conda import platform_lock
from support.locks import package
from support.matrix import shipped
from tfsetup.errors import Code
from tfsetup.ground.encode import encode
from tfsetup.ground.schema import schema
from tfsetup.locks.conda.lockfile import as_lock
from tfsetup.locks.cure import cure_wheel
from tfsetup.locks.model import Lock
from tfsetup.locks.proof import Proof
from tfsetup.locks.venv.write import write_lock
from tfsetup.workflows.locked import Locked, LockEntry, entry, summed

MATRIX = shipped()
CURES = {"TURN_OFF_REMAPPER": "1"}
MISSING = LockEntry(path=Path("a"), row="a", fresh=False, changes=("there is no lock file for it",))
CONDA = as_lock(platform_lock())
PATH = Path("locks/x")


def metal(*, cured: bool) -> Lock:
    made = origin("macos-arm64-metal", cures=CURES if cured else {}, requirements=("tensorflow-metal==1.2.0",))
    wheels = [cure_wheel(CURES).package] if cured else []
    return write_lock([package("tensorflow-metal", "1.2.0"), *wheels], made, "pylock")


def conda() -> Lock:
    made = origin("linux-x86_64-cpu", platform="linux-64", requirements=("keras==3.1", "six"))
    return replace(CONDA, origin=made)


# --------------------------------------------------------------------------------------------------------------- keys


WHEELS = ["path", "row", "packages", "fresh", "verdict", "reasons", "python", "requirements", "download_bytes", "cure"]
OF_CONDA = [
    "path",
    "row",
    "platform",
    "packages",
    "fresh",
    "verdict",
    "reasons",
    "python",
    "requirements",
    "conda",
    "download_bytes",
]


@pytest.mark.parametrize(
    ("one", "more", "keys"),
    [
        (
            metal(cured=True),
            {"changed": True, "versions": None},
            [*WHEELS, "environment", "hazards", "changed", "versions"],
        ),
        (metal(cured=True), {"changes": ()}, [*WHEELS, "environment", "hazards", "changes"]),
        (conda(), {"changed": True, "versions": ()}, [*OF_CONDA, "environment", "hazards", "changed", "versions"]),
        (conda(), {"changes": ()}, [*OF_CONDA, "environment", "hazards", "changes"]),
    ],
)
def test_the_keys_of_a_lock_written_and_checked(one: Lock, more: dict[str, Any], keys: list[str]) -> None:
    specs = ("python 3.12.*",) if one.part else None
    found = entry(PATH, one, None, MATRIX, **({"conda": specs} if specs else {}))
    assert list(encode(replace(found, **more))) == keys


def test_the_keys_of_a_lock_that_is_missing() -> None:
    assert encode(MISSING) == {
        "path": "a",
        "row": "a",
        "packages": 0,
        "fresh": False,
        "verdict": "undecided",
        "changes": ["there is no lock file for it"],
    }


def test_the_type_has_a_schema_with_every_key() -> None:
    found = schema(Locked, "lock")
    assert set(found["$defs"]["LockEntry"]["properties"]) == {field.name for field in fields(LockEntry)}
    assert set(found["$defs"]["LockEntry"]["required"]) == {"path", "row", "packages", "fresh", "verdict"}


# -------------------------------------------------------------------------------------------------------------- entry


def test_a_lock_of_wheels_says_what_it_is_for_and_what_was_found() -> None:
    lock = metal(cured=False)
    proof = Proof(row="x", python="3.12", sha256="", verdict="fails", reasons=("a.so: no symbol",))
    one = entry(PATH, lock, proof, MATRIX)
    assert (one.path, one.row, one.python, one.requirements) == (
        PATH,
        "macos-arm64-metal",
        "3.12",
        ("tensorflow-metal==1.2.0",),
    )
    assert (one.packages, one.download_bytes, one.fresh) == (1, 10, True)
    assert (one.verdict, one.reasons) == ("fails", ("a.so: no symbol",))


def test_nobody_judged_it_yet() -> None:
    one = entry(PATH, metal(cured=False), None, MATRIX)
    assert (one.verdict, one.reasons) == ("undecided", ("never proven",))


@pytest.mark.parametrize("cured", [True, False])
def test_known_defects_are_cured_where_the_lock_carries_the_wheel(*, cured: bool) -> None:
    one = entry(PATH, metal(cured=cured), None, MATRIX)
    assert one.environment == CURES
    assert one.cure == (cure_wheel(CURES).filename if cured else None)
    assert [defect.cured for defect in one.hazards or ()] == [cured]


def test_the_row_s_own_variables_are_among_them() -> None:
    rows = tuple(
        replace(row, environment={"OWN": "1"}) if row.id == "macos-arm64-metal" else row for row in MATRIX.rows
    )
    one = entry(PATH, metal(cured=False), None, replace(MATRIX, rows=rows))
    assert one.environment == {"OWN": "1", **CURES}


def test_a_platform_of_a_conda_lock_has_no_cure_of_its_own() -> None:
    one = entry(PATH, conda(), None, MATRIX, conda=("python 3.12.*", "numpy"))
    assert (one.platform, one.packages, one.conda) == ("linux-64", 3, ("python 3.12.*", "numpy"))
    assert "cure" not in encode(one)


def test_somebody_else_s_lock_says_nothing_of_itself() -> None:
    foreign = replace(metal(cured=False), origin=None)
    one = entry(PATH, foreign, None, MATRIX)
    assert (one.row, one.python, one.requirements, one.cure) == (None, None, (), None)
    assert [defect.id for defect in one.hazards or ()] == ["metal-activation-dropped"]


# ------------------------------------------------------------------------------------------------------ all together


def test_variables_and_defects_of_all_locks() -> None:
    good, bad = entry(PATH, metal(cured=True), None, MATRIX), entry(PATH, metal(cured=False), None, MATRIX)
    none = entry(PATH, conda(), None, MATRIX)
    assert summed([none, MISSING]) == ({}, ())
    environment, defects = summed([none, good, bad])
    assert environment == CURES
    assert [defect.cured for defect in defects] == [False]
    assert [defect.cured for defect in summed([good, good])[1]] == [True]


@pytest.mark.parametrize(
    ("verdict", "fresh", "proven", "code"),
    [
        ("loads", True, True, None),
        ("undecided", True, True, None),
        ("fails", True, True, Code.ANSWER_IS_NO),
        ("fails", True, False, None),
        ("fails", False, True, Code.LOCK),
        ("loads", False, False, Code.LOCK),
    ],
)
def test_the_answer_is_no_when_a_lock_is_stale_or_was_judged_not_to_load(
    verdict: Any, *, fresh: bool, proven: bool, code: Code | None
) -> None:
    one = replace(MISSING, verdict=verdict, fresh=fresh)
    assert Locked(files=(one,), checked=True).code(proven=proven) is code
    assert Locked(files=(one,)).code(proven=proven) is None
