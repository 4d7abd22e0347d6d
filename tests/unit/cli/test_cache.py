"""`tfsetup cache`: which course it asks for, and what becomes of the answer."""

from __future__ import annotations

from typing import Any

import pytest

from support.cli import Tfsetup
from tfsetup.ground.encode import encode
from tfsetup.workflows.caches import Cache, Caches

ONE = Cache(name="digests", what="of wheels", path="/c/digests", files=3, bytes=1_500_000, limit=2_000_000_000)
PROBE = Cache(name="probe.json", what="of this machine", path="/c/probe.json", files=1, bytes=20, limit=None)
FOUND = Caches(folder="/c", caches=(ONE, PROBE), files=4, bytes=1_500_020)
GONE = Caches(folder="/c", caches=(), files=1, bytes=20, changed=True, removed_files=3, removed_bytes=1_500_000)


@pytest.mark.parametrize(
    ("function", "answer", "argv", "lines"),
    [
        ("caches", FOUND, [], ["/c", "digests", "probe.json", "1.5 MB in all, which may be removed at any time."]),
        ("caches", Caches(folder=None, caches=(), files=0, bytes=0), [], ["There is no home folder"]),
        ("prune", GONE, ["--prune"], ["Removed 1.5 MB in 3 files from /c; 20 B stay."]),
        ("prune", FOUND, ["--prune"], ["Nothing to remove: 1.5 MB in 4 files."]),
        ("clear", GONE, ["--clear"], ["Removed 1.5 MB in 3 files from /c; 20 B stay."]),
    ],
)
def test_what_is_asked_and_what_is_said(
    tfsetup: Tfsetup, stand_in: Any, function: str, answer: Caches, argv: list[str], lines: list[str]
) -> None:
    calls = stand_in(f"tfsetup.workflows.caches.{function}", answer)
    ran = tfsetup("cache", *argv)
    assert ran.status == 0
    assert len(calls) == 1
    for line in lines:
        assert line in ran.out
    documented = tfsetup("cache", *argv, "--json")
    assert (documented.status, documented.document["status"]) == (0, "ok")
    assert documented.document["data"] == encode(answer)


def test_a_row_tells_size_and_limit(tfsetup: Tfsetup, stand_in: Any) -> None:
    stand_in("tfsetup.workflows.caches.caches", FOUND)
    row = next(line for line in tfsetup("cache").out.splitlines() if line.startswith("digests"))
    assert row.split() == ["digests", "3", "1.5", "MB", "2.00", "GB", "of", "wheels"]


def test_both_at_once_is_no_question(tfsetup: Tfsetup) -> None:
    assert tfsetup("cache", "--prune", "--clear").status == 2


def test_it_changes_something_only_where_it_removes() -> None:
    from tfsetup.cli.commands import changes_something

    asked = [changes_something("cache", ["cache", *argv]) for argv in ([], ["--json"], ["--prune"], ["--clear"])]
    assert asked == [False, False, True, True]
