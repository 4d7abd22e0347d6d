"""`tfsetup list`, `rollback`, `remove` and `run`, on generations made of plain files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.cli import Tfsetup
from support.envs import finish, make_store

pytestmark = pytest.mark.process  # the interpreter of a generation is started before and after a switch


@pytest.fixture
def three(tmp_path: Path) -> Path:
    """Return a prefix with generations 1 to 3, the third current."""
    store = make_store(tmp_path)
    for number in (1, 2, 3):
        finish(store, number, row=f"row-{number}")
    store.switch(3)
    return store.layout.prefix


def test_the_list_marks_the_current_one(tfsetup: Tfsetup, three: Path) -> None:
    rows = tfsetup("list", "--json").document["data"]["generations"]
    assert [(row["generation"], row["row"], row["current"]) for row in rows] == [
        (1, "row-1", False),
        (2, "row-2", False),
        (3, "row-3", True),
    ]
    text = tfsetup("list").out
    assert next(line for line in text.splitlines() if line.startswith("→")).split()[1:3] == ["3", "row-3"]
    assert three.exists()


def test_an_empty_list_says_what_to_do(tfsetup: Tfsetup, tmp_path: Path) -> None:
    ran = tfsetup("list")
    assert ran.out == f"There is no environment at {tmp_path}/.venv; `tfsetup install` builds one.\n"
    assert ran.status == 0


def test_rolling_back_goes_one_step(tfsetup: Tfsetup, three: Path) -> None:
    ran = tfsetup("rollback")
    assert ran.out == f"{three} is generation 2 again (row-2).\n"
    assert three.resolve().name == "2"
    assert tfsetup("rollback").status == 0
    assert three.resolve().name == "1"


def test_rolling_back_can_name_a_generation(tfsetup: Tfsetup, three: Path) -> None:
    data = tfsetup("rollback", "1", "--json").document["data"]
    assert (data["before"], data["generation"], data["changed"]) == (3, 1, True)
    assert three.resolve().name == "1"
    assert tfsetup("rollback", "3").status == 0
    assert three.resolve().name == "3"


def test_there_may_be_nothing_to_go_back_to(tfsetup: Tfsetup, three: Path) -> None:
    tfsetup("rollback", "1")
    ran = tfsetup("rollback")
    assert ran.status == 2
    assert "to go back to" in ran.err
    assert three.resolve().name == "1"


def test_an_unknown_generation_is_refused(tfsetup: Tfsetup, three: Path) -> None:
    ran = tfsetup("rollback", "9")
    assert ran.status == 2
    assert "There are: 1, 2, 3." in ran.err
    assert three.resolve().name == "3"


def test_the_current_generation_is_not_removed(tfsetup: Tfsetup, three: Path) -> None:
    assert tfsetup("remove", "3").status == 2
    assert tfsetup("remove", "2").out == f"Removed generation 2 of {three}.\n"
    assert [row["generation"] for row in tfsetup("list", "--json").document["data"]["generations"]] == [1, 3]


def test_another_prefix_has_its_own_generations(tfsetup: Tfsetup, tmp_path: Path, three: Path) -> None:
    store = make_store(tmp_path, "other")
    finish(store, 1)
    store.switch(1)
    assert tfsetup("list", "--prefix", "other", "--json").document["data"]["current"] == 1
    assert three.resolve().name == "3"


def test_a_command_runs_inside(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    folder = finish(store, 1)
    tool = folder / "bin" / "say"
    tool.write_text('#!/bin/sh\necho "$VIRTUAL_ENV" "$@"; exit 7\n')
    tool.chmod(0o755)
    store.switch(1)
    source = Path(__file__).parents[2] / "installer"
    argv = [sys.executable, "-m", "tfsetup", "run", "--", "say", "--loud", "hello"]
    environ = {"PYTHONPATH": str(source), "PATH": "/usr/bin:/bin", "PYTHONHOME": ""}
    done = subprocess.run(argv, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert done.stdout == f"{store.layout.prefix} --loud hello\n"
    assert done.returncode == 7


@pytest.mark.parametrize("argv", [["run"], ["run", "--"], ["run", "a", "b", "--", "python"]], ids=" ".join)
def test_run_says_how_it_is_used(tfsetup: Tfsetup, argv: list[str]) -> None:
    ran = tfsetup(*argv)
    assert ran.status == 2
    assert "tfsetup run -- python train.py" in ran.err


def test_run_needs_an_environment(tfsetup: Tfsetup) -> None:
    ran = tfsetup("run", "--", "python")
    assert ran.status == 6
    assert "There is no environment at .venv." in ran.err


def test_run_names_a_program_that_is_not_there(tfsetup: Tfsetup, three: Path) -> None:
    ran = tfsetup("run", "--", "no-such-program")
    assert ran.status == 2
    assert "`no-such-program` is neither in .venv nor on PATH." in ran.err
    assert three.exists()


def test_clearing_up_says_what_went_and_what_stays(tfsetup: Tfsetup, three: Path) -> None:
    (three.with_name(".venv.generations") / "7" / "lib").mkdir(parents=True)
    ran = tfsetup("gc", "--keep", "1")
    assert ran.out == f"{three}: generations 1, 2 were removed, 1 unfinished of killed runs too; generation 3 stays.\n"
    assert tfsetup("gc", "--keep", "1").out == f"Nothing to remove beside {three}: generation 3 stays.\n"
    data = tfsetup("gc", "--json").document["data"]
    assert data == {"prefix": str(three), "kept": [3], "removed": [], "unfinished": [], "changed": False}
    assert tfsetup("gc", "--keep", "0").status == 2


def test_one_damaged_receipt_does_not_hide_the_others(tfsetup: Tfsetup, three: Path) -> None:
    (three.with_name(".venv.generations") / "2.json").write_text("{")
    rows = tfsetup("list", "--json").document["data"]["generations"]
    assert [(row["generation"], row["damaged"] is None) for row in rows] == [(1, True), (2, False), (3, True)]
    assert "its receipt is gone or damaged" in tfsetup("list").out
    assert tfsetup("rollback", "2").status == 3
    assert three.resolve().name == "3"


def test_a_receipt_does_not_drive_the_terminal(tfsetup: Tfsetup, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    finish(store, 1, row="\x1b[2Jrow", requirements=("\x1b]0;title\x07x",))
    store.switch(1)
    assert "\x1b" not in tfsetup("list").out
