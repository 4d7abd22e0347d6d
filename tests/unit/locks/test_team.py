"""The team file: what it may say, and every problem with its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.errors import InvalidFileError
from tfsetup.locks.cooldown import Cooldown
from tfsetup.locks.files import read_team
from tfsetup.locks.team import ALL, parse_project, parse_requirements, parse_team

GOOD = """\
platforms: [macos-arm64-metal, linux-x86_64]
pythons: ["3.12", "3.11"]
tensorflow: ">=2.18"
pre: true
macos: "13.0"
glibc: "2.31"
format: portable
requirements:
  - pandas>=2
  - scikit-learn
"""


def test_everything_it_may_say() -> None:
    team = parse_team(GOOD, "team.yaml")
    assert [(p.text, str(p.where)) for p in team.platforms] == [
        ("macos-arm64-metal", "team.yaml:1:13"),
        ("linux-x86_64", "team.yaml:1:32"),
    ]
    assert team.pythons == ("3.12", "3.11")
    assert (team.tensorflow, team.pre, team.macos, team.glibc, team.form) == (
        ">=2.18",
        True,
        "13.0",
        "2.31",
        "portable",
    )
    assert [(r.text, str(r.where)) for r in team.requirements] == [
        ("pandas>=2", "team.yaml:9:5"),
        ("scikit-learn", "team.yaml:10:5"),
    ]


def test_it_may_say_how_young_a_file_may_be() -> None:
    team = parse_team('exclude-newer: P1W\nexclude-newer-package: {keras: "2026-01-31", numpy: false}\n', "t")
    assert team.cooldown == Cooldown(newer="7 days", packages={"keras": "2026-01-31", "numpy": "false"})
    assert str(team.cooled) == "t:1:16"
    assert not parse_team("schema: 1\n", "t").cooldown


def test_all_pythons_may_be_asked_for() -> None:
    assert parse_team("pythons: [all]\n", "t").pythons == (ALL,)


def test_everything_may_be_left_out() -> None:
    team = parse_team("schema: 1\n", "t")
    assert (team.platforms, team.pythons, team.tensorflow, team.requirements, team.form) == ((), (), None, (), None)


BAD = {
    "empty": ("", "The file is empty.", "t:1:1"),
    "not YAML": ("platforms: [a\n", "Not valid YAML", "t:2:1"),
    "a list": ("- a\n", "A mapping is expected here, not a list.", "t:1:1"),
    "an unknown key": ("plattforms: [a]\n", "Unknown key `plattforms`.", "t:1:1"),
    "a key twice": ("pre: true\npre: false\n", "The key `pre` stands here a second time.", "t:2:1"),
    "another schema": ("schema: 2\n", "`2` is not one of 1.", "t:1:9"),
    "a Python as a number": ("pythons: [3.10]\n", "`3.10` is read as the number 3.1, not a Python version.", "t:1:11"),
    "a Python with three parts": ('pythons: ["3.10.1"]\n', "`3.10.1`: a Python is written X.Y.", "t:1:11"),
    "a word for Pythons": ("pythons: [every]\n", "`every`: a Python is written X.Y.", "t:1:11"),
    "no range": ("tensorflow: newest\n", "`newest`: neither a version nor a range.", "t:1:13"),
    "a version as a number": (
        "tensorflow: 2.2\n",
        "`2.2` is read as the number 2.2, not a version or range.",
        "t:1:13",
    ),
    "no moment": ("exclude-newer: soon\n", "`soon`: neither a date, a time, nor a span back from now.", "t:1:16"),
    "a span of no fixed length": (
        "exclude-newer: 3 months\n",
        "`3 months`: a month or a year has no fixed length: count days or weeks.",
        "t:1:16",
    ),
    "a number of days": ("exclude-newer: 7\n", "`7` is a number in YAML, not a date or span.", "t:1:16"),
    "an exception that is true": (
        "exclude-newer-package: {keras: true}\n",
        "`true` is true or false in YAML, not a date or span.",
        "t:1:32",
    ),
    "an exception of no package": (
        'exclude-newer-package: {"!": false}\n',
        "`!`: a normalized distribution name is expected (PEP 503).",
        "t:1:25",
    ),
    "no requirement": ("requirements: [a b]\n", "`a b`: not a requirement (PEP 508).", "t:1:16"),
    "a requirement with an address": (
        "requirements:\n  - a @ https://u:p@h/a.whl\n",
        "`a @ https://***@h/a.whl`: a requirement with an address cannot be locked to an index's files.",
        "t:2:5",
    ),
    "a strange path": (
        "requirements: setup.cfg\n",
        "`setup.cfg`: a list, or the path of a .txt or pyproject.toml",
        "t:1:15",
    ),
    "a form nobody knows": ("format: conda\n", "`conda` is not one of pylock, portable.", "t:1:9"),
    "an alias": ("pythons: &x [a]\nplatforms: *x\n", "Anchors and aliases are not read here", "t:1:10"),
    "a level that is none": ('macos: "Sonoma"\n', "`Sonoma`: numbers joined by dots are expected.", "t:1:8"),
}


@pytest.mark.parametrize("name", BAD)
def test_problems_are_told_with_their_line(name: str) -> None:
    text, message, where = BAD[name]
    with pytest.raises(InvalidFileError) as caught:
        parse_team(text, "t")
    assert caught.value.message.startswith(message)
    assert str(caught.value.where) == where


def test_all_problems_are_told_at_once_in_order() -> None:
    with pytest.raises(InvalidFileError) as caught:
        parse_team("pythons: [3.10]\nfoo: 1\npre: maybe\n", "t")
    lines = caught.value.message.splitlines()
    assert lines[0] == "3 problems:"
    assert [line.split(":")[1] for line in lines[1:]] == ["1", "2", "3"]
    assert str(caught.value.where) == "t:1:11"


def test_a_requirements_file_is_read_with_its_lines() -> None:
    text = "# ours\npandas>=2  # why\n\nscipy \\\n  >=1.10 ; python_version > '3.8'\n"
    assert [(r.text, str(r.where)) for r in parse_requirements(text, "r.txt")] == [
        ("pandas>=2", "r.txt:2:1"),
        ("scipy >=1.10 ; python_version > '3.8'", "r.txt:4:1"),
    ]


def test_options_have_no_place_in_it() -> None:
    with pytest.raises(InvalidFileError, match="options have no place here") as caught:
        parse_requirements("pandas\n--index-url https://u:p@h/simple\n", "r.txt")
    assert str(caught.value.where) == "r.txt:2:1"
    assert "u:p" not in caught.value.message


PROJECT = '[project]\nname = "x"\ndependencies = [\n  "pandas>=2",\n  \'scipy\',\n]\n'


def test_a_project_s_dependencies_are_read_with_their_lines() -> None:
    assert [(r.text, str(r.where)) for r in parse_project(PROJECT, "p.toml")] == [
        ("pandas>=2", "p.toml:4:3"),
        ("scipy", "p.toml:5:3"),
    ]


@pytest.mark.parametrize(
    ("text", "message", "where"),
    [
        ("[project\n", "Not valid TOML", "p.toml:1:9"),
        ("[tool.x]\n", "There is no list `dependencies` in `[project]` of this file.", "p.toml:1:1"),
        ('[project]\ndependencies = "a"\n', "There is no list `dependencies`", "p.toml:2:16"),
        ("[project]\ndependencies = [1]\n", "There is no list `dependencies`", "p.toml:2:16"),
        (PROJECT.replace("pandas>=2", "pan das"), "`pan das`: not a requirement (PEP 508).", "p.toml:4:3"),
    ],
)
def test_a_project_without_good_dependencies_is_refused(text: str, message: str, where: str) -> None:
    with pytest.raises(InvalidFileError) as caught:
        parse_project(text, "p.toml")
    assert caught.value.message.startswith(message)
    assert str(caught.value.where) == where


@pytest.mark.parametrize(
    ("named", "other", "text"),
    [
        ("requirements.txt", "environments/requirements.txt", "pandas>=2\n"),
        ("../pyproject.toml", "pyproject.toml", '[project]\ndependencies = ["pandas>=2"]\n'),
    ],
)
def test_requirements_may_stand_in_another_file(tmp_path: Path, named: str, other: str, text: str) -> None:
    folder = tmp_path / "environments"
    folder.mkdir()
    (folder / "team.yaml").write_text(f"requirements: {named}\n")
    (tmp_path / other).write_text(text)
    team = read_team(folder / "team.yaml")
    assert team is not None
    assert [item.text for item in team.requirements] == ["pandas>=2"]
    assert team.requirements[0].where.file == str(tmp_path / other)


def test_a_file_that_is_not_there_is_told_at_the_line_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "team.yaml").write_text("pre: true\nrequirements: gone.txt\n")
    with pytest.raises(InvalidFileError, match="There is no file") as caught:
        read_team(tmp_path / "team.yaml")
    assert str(caught.value.where) == f"{tmp_path}/team.yaml:2:15"


def test_no_team_file_is_no_team(tmp_path: Path) -> None:
    assert read_team(tmp_path / "team.yaml") is None


def test_a_team_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "team.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidFileError, match="The team file is not UTF-16 text"):
        read_team(tmp_path / "team.yaml")


@given(st.text(max_size=200))
def test_any_text_is_a_team_or_one_clear_error(text: str) -> None:
    for parse in (parse_team, parse_requirements, parse_project):
        error = None
        try:
            parse(text, "t")
        except InvalidFileError as refusal:
            error = refusal
        assert error is None or str(error.where).startswith("t")
