"""What people have is taken over: requirements that name TensorFlow, projects of their own, companions. No request."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.cli import Ran, Tfsetup
from support.matrix import shipped

HOST = "linux-x86_64-cpu"
REQUIREMENTS = "pandas>=2\ntensorflow-macos[and-cuda]==2.16.2  # what the Macs have\ntensorflow>=2.18\n"
TABLE = '[project]\nrequires-python = ">=3.11"\ndependencies = ["tensorflow==2.8.9"]\n[tool.tfsetup]\n'


def error(done: Ran) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.out)["error"]
    return found


def data(done: Ran) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.out)["data"]
    return found


def nothing_written() -> bool:
    return not Path("environments/locks").exists() and not Path(".venv").exists()


@pytest.mark.parametrize(
    "argv",
    [
        ("lock", "--no-prove", "--platform", HOST),
        ("install", "--dry-run", "-r", "requirements.txt", "--host", HOST),
    ],
)
def test_lines_that_contradict_each_other_are_told_with_the_change(tfsetup: Tfsetup, argv: tuple[str, ...]) -> None:
    Path("requirements.txt").write_text(REQUIREMENTS)
    if argv[0] == "lock":
        Path("environments").mkdir()
        Path("environments/team.yaml").write_text("requirements: ../requirements.txt\n")
    done = tfsetup(*argv, "--json")
    assert (done.status, error(done)["code"], error(done)["where"]) == (7, "answer-is-no", "requirements.txt:3:1")
    assert error(done)["message"] == (
        "No release of TensorFlow is what is asked for: `tensorflow-macos[and-cuda]==2.16.2` (requirements.txt:2:1) "
        "and `tensorflow>=2.18` (requirements.txt:3:1)."
    )
    assert error(done)["hint"] == (
        "Leave out `tensorflow-macos[and-cuda]==2.16.2` (requirements.txt:2:1): the others are satisfied by "
        f"{shipped().index.releases('tensorflow')[1]}."
    )
    assert nothing_written()


def test_a_release_that_nobody_published_is_no_answer_and_its_line_is_named(tfsetup: Tfsetup) -> None:
    Path("pyproject.toml").write_text(TABLE)
    done = tfsetup("install", "--dry-run", "--host", HOST, "--json")
    assert done.status == 4
    resolve = data(done)["resolve"]
    assert resolve["reasons"][0] == "`tensorflow==2.8.9` (pyproject.toml:3:17) chooses the TensorFlow"
    assert resolve["suggestions"][0].startswith("--tensorflow 2.8.4, the nearest: tensorflow-cpu==2.8.4")
    assert nothing_written()


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("--with", "six=>1"), "--with six=>1: not a requirement (PEP 508)."),
        (("-r", "gone.txt"), "-r gone.txt: there is no such file."),
        (
            ("--with", "six", "--lock", "x.toml"),
            "--with and -r have no place here: a lock is installed exactly as it is.",
        ),
        (("--with", "six", "--backend", "conda"), "--with and -r have no place here: they are for --backend venv."),
    ],
)
def test_what_has_no_place_is_wrong_usage(tfsetup: Tfsetup, argv: tuple[str, ...], message: str) -> None:
    done = tfsetup("install", "--dry-run", "--host", HOST, *argv, "--json")
    assert (done.status, error(done)["message"]) == (2, message)


def test_a_python_outside_the_project_is_wrong_usage_with_the_line(tfsetup: Tfsetup) -> None:
    Path("pyproject.toml").write_text(TABLE)
    done = tfsetup("install", "--dry-run", "--host", HOST, "--python", "3.10", "--json")
    assert done.status == 2
    assert "the project is for >=3.11 (`requires-python`, pyproject.toml:2:19)" in error(done)["message"]


def test_companions_that_contradict_the_tensorflow_asked_for_are_no_answer(tfsetup: Tfsetup) -> None:
    done = tfsetup("resolve", "--host", HOST, "--with", "tensorflow==2.16.2", "--tensorflow", ">=2.18", "--json")
    assert (done.status, error(done)["code"]) == (7, "answer-is-no")
    assert "`--tensorflow >=2.18` and `tensorflow==2.16.2` (--with)" in error(done)["message"]


def test_a_companion_that_names_tensorflow_chooses_it(tfsetup: Tfsetup) -> None:
    done = tfsetup("resolve", "--host", HOST, "--with", "tensorflow==2.8.9", "--json")
    assert (done.status, data(done)["companions"]) == (4, [])
    assert data(done)["reasons"][0] == "`tensorflow==2.8.9` (--with) chooses the TensorFlow"


def test_without_companions_the_answer_has_none(tfsetup: Tfsetup) -> None:
    assert data(tfsetup("resolve", "--host", HOST, "--json"))["companions"] == []
