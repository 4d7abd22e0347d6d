"""A project's own `pyproject.toml` as a team file; one without `[tool.tfsetup]` is nobody's business."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfsetup.errors import InvalidFileError, UsageError
from tfsetup.locks.files import offers, read_project, read_range, read_requirements, read_team
from tfsetup.locks.project import admits, has_dependencies, parse_own_project, parse_range

PROJECT = """\
[project]
name = "x"
requires-python = ">=3.10,<3.13"
dependencies = [
  "pandas>=2",
  "tensorflow==2.18.*",
]

[tool.tfsetup]
platforms = ["linux-x86_64-cpu"]
pythons = ["3.11", "3.12"]
tensorflow = ">=2.17"
pre = true
requirements = ["six"]
"""


def refusal(text: str) -> tuple[str, str]:
    with pytest.raises(InvalidFileError) as caught:
        parse_own_project(text, "p.toml")
    return caught.value.message, str(caught.value.where)


def test_the_table_takes_the_team_file_s_keys_and_the_project_s_own_come_with_it() -> None:
    team = parse_own_project(PROJECT, "p.toml")
    assert team is not None
    assert [(one.text, str(one.where)) for one in team.requirements] == [
        ("pandas>=2", "p.toml:5:3"),
        ("tensorflow==2.18.*", "p.toml:6:3"),
        ("six", "p.toml:14:17"),
    ]
    assert team.taken_over == team.requirements[:2]
    assert [(one.text, str(one.where)) for one in team.platforms] == [("linux-x86_64-cpu", "p.toml:10:14")]
    assert (team.pythons, team.tensorflow, team.pre) == (("3.11", "3.12"), ">=2.17", True)
    assert str(team.tensorflow_at) == "p.toml:12:14"
    assert team.requires_python is not None
    assert (team.requires_python.text, str(team.requires_python.where)) == (">=3.10,<3.13", "p.toml:3:19")


@pytest.mark.parametrize("text", ["", '[project]\ndependencies = ["six"]\n', "[tool.uv]\n", "[tool]\ntfsetup = 1\n"])
def test_without_the_table_it_is_no_team_file(text: str) -> None:
    assert parse_own_project(text, "p.toml") is None


def test_a_project_without_dependencies_may_list_them_in_the_table() -> None:
    team = parse_own_project('[tool.tfsetup]\nrequirements = ["six"]\n', "p.toml")
    assert team is not None
    assert ([one.text for one in team.requirements], team.taken_over) == (["six"], ())


@pytest.mark.parametrize(
    ("old", "new", "message", "where"),
    [
        ("pre = true", "pree = true", "Unknown key `pree`", "p.toml:13:8"),
        ('"six"', '"six @ https://a/b"', "an address cannot be locked", "p.toml:14:17"),
        ('"pandas>=2"', '"pandas>=>2"', "not a requirement", "p.toml:5:3"),
        ('">=3.10,<3.13"', '"three"', "`requires-python`: ", "p.toml:3:19"),
        ('">=3.10,<3.13"', "3", "`requires-python`: a range of versions is expected", "p.toml:3:19"),
        ("<3.13", "<3.12", "Python 3.12 is asked for, and the project is for >=3.10,<3.12", "p.toml:11:11"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(old: str, new: str, message: str, where: str) -> None:
    said, at = refusal(PROJECT.replace(old, new))
    assert message.lower() in said.lower()
    assert at == where


@pytest.mark.parametrize(
    ("wanted", "python", "is_for"),
    [
        (None, "3.9", True),
        (">=3.10", "3.10", True),
        (">=3.10.2", "3.10", True),
        ("<3.13", "3.13", False),
        ("==3.12.*", "3.12", True),
        (">=3.10,!=3.11.*", "3.11", False),
        ("<=3.11", "3.11", True),
    ],
)
def test_a_project_is_for_a_python_of_which_one_release_fits(wanted: str | None, python: str, is_for: bool) -> None:
    assert admits(wanted, python) is is_for


def test_a_project_that_says_nothing_is_for_all() -> None:
    assert parse_range("[project]\n", "p.toml") is None


def test_a_project_is_read_in_place_of_the_team_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("pyproject.toml").write_text(PROJECT)
    team = read_team()
    assert team is not None
    assert team.file == "pyproject.toml"
    assert team == read_project(Path("pyproject.toml"))


def test_its_requirements_may_stand_in_a_file_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("more.txt").write_text("einops\n")
    Path("pyproject.toml").write_text(PROJECT.replace('["six"]', '"more.txt"'))
    team = read_team()
    assert team is not None
    assert [one.text for one in team.taken_over] == ["pandas>=2", "tensorflow==2.18.*", "einops"]


def test_two_team_files_are_one_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("pyproject.toml").write_text(PROJECT)
    Path("environments").mkdir()
    Path("environments/team.yaml").write_text("pre: true\n")
    with pytest.raises(InvalidFileError, match="both say what the team uses") as caught:
        read_team()
    assert caught.value.hint == "Keep one of them."


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ('[project]\ndependencies = ["six"]\n', True),
        ("[project]\ndependencies = []\n", False),
        ("[tool.black]\n", False),
        ("no toml", False),
        (None, False),
    ],
)
def test_the_table_is_offered_where_there_are_dependencies(tmp_path: Path, text: str | None, offered: bool) -> None:
    file = tmp_path / "pyproject.toml"
    if text is not None:
        file.write_text(text)
    assert offers(file) is offered


def test_a_project_has_dependencies_when_it_lists_some() -> None:
    assert has_dependencies(PROJECT, "p.toml")


def test_a_file_that_is_named_is_a_list_or_a_project(tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_text("six\n")
    (tmp_path / "p.toml").write_text(PROJECT)
    assert [one.text for one in read_requirements(tmp_path / "r.txt")] == ["six"]
    assert [one.text for one in read_requirements(tmp_path / "p.toml")] == ["pandas>=2", "tensorflow==2.18.*"]
    assert read_range(tmp_path / "r.txt") is None
    assert getattr(read_range(tmp_path / "p.toml"), "text", None) == ">=3.10,<3.13"
    with pytest.raises(UsageError, match="there is no such file"):
        read_requirements(tmp_path / "gone.txt")
