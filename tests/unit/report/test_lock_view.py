"""What `tfsetup lock` says to people, word for word."""

from __future__ import annotations

from typing import Any

from tfsetup.report.lock import lock_lines, progress, proven, proving

FILE: dict[str, Any] = {
    "path": "environments/locks/pylock.macos-arm64-metal.toml",
    "row": "macos-arm64-metal",
    "packages": 38,
    "fresh": True,
    "verdict": "loads",
    "reasons": [],
    "python": "3.12",
    "requirements": ["alpha==2.19.1", "alpha-metal==1.2.0"],
    "download_bytes": 323_300_000,
    "changed": True,
    "versions": None,
}


def lines(*files: dict[str, Any], checked: bool = False) -> list[str]:
    return list(lock_lines({"files": [FILE | file for file in files], "checked": checked}))


def test_a_lock_that_was_written() -> None:
    written = "environments/locks/pylock.macos-arm64-metal.toml  written: alpha==2.19.1, alpha-metal==1.2.0"
    assert lines({}) == [f"{written} on Python 3.12, 38 packages, 323.3 MB; loads"]


def test_what_moved_is_listed_up_to_a_point() -> None:
    moved = [f"p{n} 1.0 → 2.0" for n in range(15)]
    told = lines({"versions": moved})
    assert told[1:3] == ["    p0 1.0 → 2.0", "    p1 1.0 → 2.0"]
    assert told[-1] == "    and 3 more"
    assert len(told) == 14


def test_nothing_new() -> None:
    assert "  as it was: " in lines({"changed": False, "versions": []})[0]


def test_what_is_not_proven_says_why() -> None:
    assert lines({"verdict": "undecided", "reasons": ["no network"]})[0].endswith("; not proven: no network")
    assert lines({"verdict": "fails", "reasons": ["a.so: no symbol"]})[0].endswith("; does not load: a.so: no symbol")


def test_fresh_stale_and_missing() -> None:
    stale = {"fresh": False, "changes": ["Python: 3.12 → 3.11"]}
    missing = {"fresh": False, "packages": 0, "changes": ["there is no lock file for it"]}
    assert lines({}, stale, missing, checked=True) == [
        "environments/locks/pylock.macos-arm64-metal.toml  fresh, loads",
        "environments/locks/pylock.macos-arm64-metal.toml  stale",
        "    Python: 3.12 → 3.11",
        "environments/locks/pylock.macos-arm64-metal.toml  missing",
        "    there is no lock file for it",
        "2 of 3 not fresh: `tfsetup lock` writes them anew.",
    ]
    assert lines({}, checked=True)[-1] == "1 fresh."


def test_one_line_of_progress_a_target() -> None:
    assert (
        progress("linux-x86_64-cpu", ["1", "2"], 1.25) == "Resolved  linux-x86_64-cpu             2 packages     1.2 s"
    )
    assert progress("linux-x86_64-cpu", [], 1.25) == "Failed    linux-x86_64-cpu             no solution    1.2 s"


def test_the_words_while_locks_are_proven() -> None:
    how = "what a loader would look at is read off the index"
    assert proving(7, 7) == f"Proving   7 of 7: {how}"
    assert proving(2, 7) == f"Proving   2 of 7: {how}; the same files as in the other 5 were judged before"
    assert (
        proven("macos-arm64-cpu", "loads", 128) == "Proven    macos-arm64-cpu              loads          128 libraries"
    )
    assert proven("a", "fails", 3) == f"Proven    {'a':<28} does not load  3 libraries"
    assert proven("a", "undecided", 0) == f"Undecided {'a':<28} not proven     0 libraries"


def test_a_lock_that_does_not_carry_its_cure_comes_with_the_line_to_add() -> None:
    one = {"TURN_OFF_REMAPPER": "1"}
    line = "add the line: export TURN_OFF_REMAPPER=1"
    for checked in (False, True):
        told = lines({"environment": one, "cure": None, "hazards": []}, checked=checked)
        assert told[1] == f"    `tfsetup install` sets it; where pip, uv or conda install this lock, {line}"
        assert "export" not in "".join(lines({"environment": one, "cure": "a.whl"}, checked=checked))
        assert "export" not in "".join(lines({"environment": {}, "cure": None}, checked=checked))
