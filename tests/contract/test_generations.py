"""`tfsetup list`, `rollback`, `remove` and `run`, on generations made of plain files."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.cli import Tfsetup
from support.envs import finish, make_receipt, make_store
from tfsetup.ground.start_up import START_UP, start_up_text

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


@pytest.mark.parametrize(("mine", "expected"), [({}, "1"), ({"A": "0"}, "0"), ({"A": ""}, "")], ids=str)
def test_a_command_has_what_the_start_up_file_sets_unless_the_user_set_it(
    tmp_path: Path, mine: dict[str, str], expected: str
) -> None:
    store = make_store(tmp_path)
    folder = finish(store, 1)
    (store.layout.site_packages(folder, "3.12") / START_UP).write_text(start_up_text({"A": "1"}))
    store.switch(1)
    argv = [sys.executable, "-m", "tfsetup", "run", "--", "sh", "-c", 'printf "%s" "${A-unset}"']
    environ = {"PYTHONPATH": str(Path(__file__).parents[2] / "installer"), "PATH": "/usr/bin:/bin"} | mine
    done = subprocess.run(argv, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, expected), done.stderr


def test_list_and_rollback_tell_what_is_not_cured(tfsetup: Tfsetup, three: Path) -> None:
    metal = ("alpha-1.dist-info", "tensorflow_metal-1.2.0.dist-info")
    store = make_store(three.parent)
    folder = store.layout.folder(2)
    info = store.layout.site_packages(folder, "3.12") / metal[1]
    info.mkdir()
    (info / "RECORD").write_text("x,,\n")
    store.write_receipt(make_receipt(2, packages=metal))
    one = {"TURN_OFF_REMAPPER": "1"}
    rows = tfsetup("list", "--json").document["data"]["generations"]
    assert [(row["cures"], row["uncured"]) for row in rows] == [({}, {}), ({}, one), ({}, {})]
    assert "Generation 2 does not set TURN_OFF_REMAPPER=1" in " ".join(tfsetup("list").out.split())
    assert tfsetup("rollback", "--json").document["data"]["uncured"] == one
    assert "It does not set TURN_OFF_REMAPPER=1: a known defect" in tfsetup("rollback", "2").out
    assert tfsetup("rollback", "1", "--json").document["data"]["uncured"] == {}


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


def spoil(prefix: Path, number: int) -> Path:
    """Take what `uv pip uninstall` takes from a generation, and empty a file."""
    site = prefix.with_name(".venv.generations") / str(number) / "lib/python3.12/site-packages"
    shutil.rmtree(site / "alpha-1.dist-info")
    return site


def test_the_list_says_which_are_whole_and_what_is_lost(tfsetup: Tfsetup, three: Path) -> None:
    spoil(three, 2)
    rows = tfsetup("list", "--json").document["data"]["generations"]
    assert [(row["whole"], row["missing"]) for row in rows] == [
        (True, []),
        (False, ["alpha 1 is not installed any more"]),
        (True, []),
    ]
    out = tfsetup("list").out
    lines = out[out.index(" N ") :].splitlines()
    lines.insert(0, "")
    assert lines[1].split()[-1] == "whole"
    assert [line.split()[-1] for line in lines[2:5]] == ["yes", "no", "yes"]
    assert lines[5:] == ["Generation 2 is not whole:", "  alpha 1 is not installed any more"]


def test_there_is_no_way_back_to_what_is_not_whole(tfsetup: Tfsetup, three: Path) -> None:
    spoil(three, 2)
    ran = tfsetup("rollback")
    assert ran.status == 7
    assert ran.out == (
        "Generation 2 is not whole: alpha 1 is not installed any more. Nothing was changed.\n"
        " hint: `tfsetup list` shows which generations are whole; `tfsetup install` builds anew.\n"
    )
    document = tfsetup("rollback", "2", "--json").document
    assert document["status"] == "failed"
    data = document["data"]
    assert (data["generation"], data["changed"], data["whole"]) == (2, False, False)
    assert data["missing"] == ["alpha 1 is not installed any more"]
    assert three.resolve().name == "3"
    assert tfsetup("rollback", "1", "--json").document["data"]["whole"] is True


def test_an_interpreter_that_does_not_start_at_the_prefix_is_exit_6(tfsetup: Tfsetup, three: Path) -> None:
    python = three.with_name(".venv.generations") / "1/bin/python"
    python.write_text('#!/bin/sh\ncase "$0" in *.generations/*) exit 0;; esac\nexit 9\n')
    ran = tfsetup("rollback", "1")
    assert ran.status == 6
    assert "does not start: it ends with status 9, once it was generation 1; that was taken back." in ran.err
    assert three.resolve().name == "3"


@pytest.mark.parametrize("command", [["gc", "--keep", "1"], ["rollback", "2"], ["remove", "1"]])
def test_a_lost_receipt_of_the_current_one_is_told_by_every_command(
    tfsetup: Tfsetup, three: Path, command: list[str]
) -> None:
    (three.with_name(".venv.generations") / "3.json").unlink()
    listed = tfsetup("list", "--json").document["data"]["generations"][-1]
    assert (listed["current"], listed["whole"]) == (True, False)
    assert listed["missing"] == [f"{three}.generations/3.json is gone"]
    ran = tfsetup(*command)
    assert ran.status == 0
    assert f"{three}.generations/3.json was gone or damaged; it was written anew" in ran.err
    assert (three.with_name(".venv.generations") / "3/bin/python").exists()
    assert "its receipt was lost" in tfsetup("list").out


def test_a_generation_that_is_gone_is_listed_as_such(tfsetup: Tfsetup, three: Path) -> None:
    shutil.rmtree(three.with_name(".venv.generations") / "3")
    rows = tfsetup("list", "--json").document["data"]["generations"]
    assert rows[-1]["missing"] == [f"{three}.generations/3 is gone"]
    ran = tfsetup("gc")
    assert f"{three} leads to generation 3, which is gone." in ran.err
    assert tfsetup("rollback").status == 0


def test_the_list_says_that_the_link_of_somebody_else_leads_nowhere(tfsetup: Tfsetup, three: Path) -> None:
    three.unlink()
    three.symlink_to("/nowhere/at/all")
    ran = tfsetup("list")
    assert (ran.status, ".venv points to /nowhere/at/all, which is gone." in ran.out) == (0, True)
    assert "→" not in ran.out, "no generation is the current one"


@pytest.mark.parametrize("command", [["rollback"], ["gc"], ["remove", "1"]])
def test_a_dangling_link_of_somebody_else_has_its_message(tfsetup: Tfsetup, three: Path, command: list[str]) -> None:
    three.unlink()
    three.symlink_to("/nowhere/at/all")
    ran = tfsetup(*command)
    assert ran.status == 6
    assert f"{three} is a link to /nowhere/at/all, which is not there" in ran.err


def test_an_old_environment_that_cannot_be_read_is_no_bug(tfsetup: Tfsetup, three: Path) -> None:
    python = three.with_name(".venv.generations") / "2/bin/python"
    python.unlink()
    python.symlink_to(python)
    ran = tfsetup("rollback")
    assert ran.status == 7
    assert "bin/python cannot be read: Too many levels of symbolic links" in ran.out
