"""What is said while locks are resolved and proven, word for word."""

from __future__ import annotations

from tfsetup.workflows.progress import progress, proven, proving


def test_one_line_of_progress_a_target() -> None:
    assert progress("linux-x86_64-cpu", 2, 1.25) == "Resolved  linux-x86_64-cpu             2 packages     1.2 s"
    assert progress("linux-x86_64-cpu", 0, 1.25) == "Failed    linux-x86_64-cpu             no solution    1.2 s"


def test_the_words_while_locks_are_proven() -> None:
    how = "what a loader would look at is read off the index"
    assert proving(7, 7) == f"Proving   7 of 7: {how}"
    assert proving(2, 7) == f"Proving   2 of 7: {how}; the same files as in the other 5 were judged before"
    assert (
        proven("macos-arm64-cpu", "loads", 128) == "Proven    macos-arm64-cpu              loads          128 libraries"
    )
    assert proven("a", "fails", 3) == f"Proven    {'a':<28} does not load  3 libraries"
    assert proven("a", "undecided", 0) == f"Undecided {'a':<28} not proven     0 libraries"


def test_a_backend_says_how_its_locks_are_proven() -> None:
    assert proving(1, 1, "nothing is linked") == "Proving   1 of 1: nothing is linked"
