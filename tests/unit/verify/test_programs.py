"""What programs and imports came to, judged from what a child said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tfsetup.loader.files.sources import LocalTree
from tfsetup.loader.python.reach import Reach
from tfsetup.loader.python.survey import Program, Surveyed
from tfsetup.verify.model import Ended, ProbeOutcome
from tfsetup.verify.programs import Imports, Task, findings, judged, read_only, sentence, summary, tasks

BOARD = Surveyed(
    name="board", version="2.20", requires=("tools",), modules=("board",),
    programs=(Program(name="board", module="board.main", attribute="run"),),
)  # fmt: skip
FOUND = (
    BOARD,
    Surveyed(name="tools", version="84", modules=("tools",)),
    Surveyed(name="own", version="1", modules=("own",)),
)
MODULES = [task for task in tasks(FOUND, ["board==2.20"]) if task.what == "module"]
(PROGRAM,) = [task for task in tasks(FOUND, ["board==2.20"]) if task.what == "program"]
DIED: dict[str, Any] = {
    "event": "error",
    "phase": "import",
    "type": "ModuleNotFoundError",
    "message": "No module named 'parts'",
    "where": ["/e/lib/python3.12/site-packages/board/main.py:30 <module>"],
}


def outcome(*events: dict[str, Any], ended: Ended = "finished", **changes: Any) -> ProbeOutcome:
    return ProbeOutcome(python="/p", ended=ended, events=events, **changes)


def test_what_the_row_brings_and_what_the_user_does() -> None:
    assert [(task.name, task.by) for task in MODULES] == [("board", "row"), ("tools", "row"), ("own", "user")]
    assert PROGRAM.options == {
        "mode": "programs",
        "program": {"name": "board", "module": "board.main", "attribute": "run"},
        "arguments": ["--help"],
    }


DONE = {"event": "done"}


@pytest.mark.parametrize(
    ("seen", "status", "message"),
    [
        (outcome(DONE), "works", ""),
        (outcome(DIED, DONE), "dies", "ModuleNotFoundError: No module named 'parts' (board/main.py:30 <module>)"),
        (outcome(DIED | {"phase": "call", "broken": True}, DONE), "dies", "ModuleNotFoundError"),
        (outcome(DIED | {"phase": "call", "type": "OSError"}, DONE), "undecided", "OSError"),
        (outcome({"event": "network", "where": "example.org:443"}, DIED, DONE), "undecided", "ModuleNotFoundError"),
        (outcome(DONE, ended="signal", signal="SIGABRT"), "dies", "ended by SIGABRT"),
        (outcome(ended="timeout", seconds=20.2), "undecided", "it gave no answer within 20 seconds, and was ended"),
        (outcome(ended="timeout", message="there was no time"), "undecided", "there was no time"),
        (outcome(ended="not-started", message="no such file"), "dies", "does not start: no such file"),
        (outcome(exit_status=3), "undecided", "status 3"),
    ],
)
def test_what_is_dead_and_what_was_not_seen(seen: ProbeOutcome, status: str, message: str) -> None:
    found = judged(PROGRAM, seen)
    assert found.status == status
    assert message in found.message
    assert (found.distribution, found.by) == ("board 2.20", "row")


def imported(*names: str) -> list[dict[str, Any]]:
    return [one for name in names for one in ({"event": "begin", "phase": name}, {"event": "end", "phase": name})]


def test_what_failed_among_others_is_tried_alone() -> None:
    imports = Imports(waiting=list(MODULES))
    failed = [{"event": "begin", "phase": "tools"}, DIED | {"phase": "tools"}]
    imports.heard(outcome(*imported("board"), *failed, *imported("own"), DONE))
    assert ([task.name for task in imports.alone], imports.waiting) == (["tools"], [])


def test_behind_what_ended_the_process_it_goes_on() -> None:
    imports = Imports(waiting=list(MODULES))
    imports.heard(outcome({"event": "begin", "phase": "board"}, ended="signal", signal="SIGSEGV"))
    assert [task.name for task in imports.alone] == ["board"]
    assert [task.name for task in imports.waiting] == ["tools", "own"]
    assert imports.options() == {"mode": "programs", "modules": ["tools", "own"]}


def test_what_took_too_long_once_is_not_tried_again() -> None:
    imports = Imports(waiting=list(MODULES))
    late = outcome(*imported("board"), {"event": "begin", "phase": "tools"}, ended="timeout")
    imports.heard(late)
    assert (imports.late, imports.alone) == ([(MODULES[1], late)], [])
    assert [task.name for task in imports.waiting] == ["own"]


def test_a_child_that_said_nothing_is_not_asked_for_ever() -> None:
    imports = Imports(waiting=list(MODULES))
    imports.heard(outcome(ended="not-started", message="why"))
    assert not imports.waiting


def test_only_what_the_row_brings_makes_it_a_no() -> None:
    dead = judged(PROGRAM, outcome(DIED, DONE))
    own = judged(MODULES[2], outcome(DIED, DONE))
    late = judged(MODULES[0], outcome(ended="timeout"))
    asked = outcome({"event": "network", "where": "example.org:443"})
    found = summary([*MODULES, PROGRAM], [dead, own, late], [asked], 3.21)
    assert (found.programs, found.modules, found.seconds, found.ok) == (1, 3, 3.2, False)
    assert (found.dead, found.network) == ((dead,), ("example.org:443",))
    assert summary(MODULES, [own, late], [], 1).ok
    assert [one.severity for one in findings(found)] == ["error", "warning", "note"]
    assert sentence(dead) == "`board` of board 2.20 does not start"
    assert sentence(late) == "`board` of board 2.20 was not seen to work when it is imported"
    assert list(findings(None)) == []


def read(folder: Path, text: str) -> tuple[str, str]:
    (folder / "board").mkdir()
    (folder / "board/main.py").write_text(text)
    reach = Reach(LocalTree(folder), folder.as_posix(), {"parts": "tools 82 took it away"})
    found = read_only([*MODULES, PROGRAM], reach)
    assert (found.programs, found.read) == (1, 1)
    return (found.trouble[0].status, found.trouble[0].message) if found.trouble else ("works", "")


@pytest.mark.parametrize(
    ("text", "status", "message"),
    [
        ("import parts\n", "dies", "board/main.py:1 wants parts: tools 82 took it away"),
        ("def run():\n    import parts\n", "undecided", "inside a function, board/main.py:2 wants parts"),
        ("def run(:\n", "undecided", "not read: board.main"),
        ("def run():\n    pass\n", "works", ""),
    ],
)
def test_what_sources_tell_where_nothing_can_be_run(tmp_path: Path, text: str, status: str, message: str) -> None:
    found = read(tmp_path, text)
    assert found[0] == status
    assert message in found[1]


def test_a_task_says_what_it_is() -> None:
    assert Task(what="module", name="own", owner=FOUND[2], by="user").options == {
        "mode": "programs",
        "modules": ["own"],
    }
