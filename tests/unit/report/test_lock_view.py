"""What `tfsetup lock` says to people, word for word."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from tfsetup.report.lock import lock_lines
from tfsetup.workflows.locked import Locked, LockEntry

ENTRY = LockEntry(
    path=Path("environments/locks/pylock.macos-arm64-metal.toml"),
    row="macos-arm64-metal",
    packages=38,
    fresh=True,
    verdict="loads",
    reasons=(),
    python="3.12",
    requirements=("alpha==2.19.1", "alpha-metal==1.2.0"),
    download_bytes=323_300_000,
    changed=True,
    versions=None,
)


def lines(*entries: dict[str, Any], checked: bool = False) -> list[str]:
    return list(lock_lines(Locked(files=tuple(replace(ENTRY, **entry) for entry in entries), checked=checked)))


def test_a_lock_that_was_written() -> None:
    written = "environments/locks/pylock.macos-arm64-metal.toml  written: alpha==2.19.1, alpha-metal==1.2.0"
    assert lines({}) == [f"{written} on Python 3.12, 38 packages, 323.3 MB; loads"]


def test_what_moved_is_listed_up_to_a_point() -> None:
    moved = tuple(f"p{n} 1.0 → 2.0" for n in range(15))
    told = lines({"versions": moved})
    assert told[1:3] == ["    p0 1.0 → 2.0", "    p1 1.0 → 2.0"]
    assert told[-1] == "    and 3 more"
    assert len(told) == 14


def test_nothing_new() -> None:
    assert "  as it was: " in lines({"changed": False, "versions": ()})[0]


def test_what_is_not_proven_says_why() -> None:
    assert lines({"verdict": "undecided", "reasons": ("no network",)})[0].endswith("; not proven: no network")
    assert lines({"verdict": "fails", "reasons": ("a.so: no symbol",)})[0].endswith("; does not load: a.so: no symbol")


def test_fresh_stale_and_missing() -> None:
    stale = {"fresh": False, "changes": ("Python: 3.12 → 3.11",)}
    missing = {"fresh": False, "packages": 0, "changes": ("there is no lock file for it",)}
    assert lines({}, stale, missing, checked=True) == [
        "environments/locks/pylock.macos-arm64-metal.toml  fresh, loads",
        "environments/locks/pylock.macos-arm64-metal.toml  stale",
        "    Python: 3.12 → 3.11",
        "environments/locks/pylock.macos-arm64-metal.toml  missing",
        "    there is no lock file for it",
        "2 of 3 not fresh: `tfsetup lock` writes them anew.",
    ]
    assert lines({}, checked=True)[-1] == "1 fresh."


def test_a_lock_that_does_not_carry_its_cure_comes_with_the_line_to_add() -> None:
    one = {"TURN_OFF_REMAPPER": "1"}
    line = "add the line: export TURN_OFF_REMAPPER=1"
    for checked in (False, True):
        told = lines({"environment": one, "cure": None, "hazards": ()}, checked=checked)
        assert told[1] == f"    `tfsetup install` sets it; where pip, uv or conda install this lock, {line}"
        assert "export" not in "".join(lines({"environment": one, "cure": "a.whl"}, checked=checked))
        assert "export" not in "".join(lines({"environment": {}, "cure": None}, checked=checked))
