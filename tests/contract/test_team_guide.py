"""docs/team.md: what it shows for copying is right, and hangs together."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

from support.cli import Tfsetup
from support.matrix import shipped
from support.newcomer import guide, make
from support.process import ROOT
from support.source import read_yaml
from tfsetup.locks.order import rows_for
from tfsetup.locks.team import parse_team

TEXT = (ROOT / "docs" / "team.md").read_text(encoding="utf-8")
HERE = f"TFSETUP={shlex.quote(sys.executable)} -m tfsetup"


def test_the_files_to_copy() -> None:
    assert list(guide()) == ["environments/team.yaml", "Makefile", ".github/workflows/locks.yml"]


def test_the_team_file_is_one_and_names_rows_of_the_matrix() -> None:
    team = parse_team(guide()["environments/team.yaml"], "team.yaml")
    assert [row.id for row, _ in rows_for(team.platforms, shipped())] == [named.text for named in team.platforms]
    assert team.pythons == ("3.12",)
    assert [each.text for each in team.requirements] == ["scikit-learn>=1.5"]


def test_the_job_runs_what_the_makefile_has() -> None:
    targets = re.findall(r"^([a-z-]+):", guide()["Makefile"], re.MULTILINE)
    assert targets == ["install", "lock", "lock-check", "verify"]
    jobs = read_yaml(guide()[".github/workflows/locks.yml"])["jobs"]
    steps = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    assert steps == ["make lock-check"]


def test_every_command_and_option_of_the_guide_exists(tfsetup: Tfsetup) -> None:
    known = "".join(tfsetup(name, "--help").out for name in ("install", "lock", "verify"))
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", TEXT)) - {
        "--from",
        "--require-hashes",
        "--no-deps",
        "--no-emit-project",
    }
    assert "--update-lock" in options
    assert sorted(option for option in options if option not in known) == []


def test_readme_shows_the_same_makefile_or_none() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"```make\n(.*?)```", readme, re.DOTALL)
    assert [block for block in shown if block != guide()["Makefile"]] == []


@pytest.mark.process
def test_the_makefile_works_where_nothing_is_locked_yet(tmp_path: Path) -> None:
    for name in ("Makefile", "environments/team.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(guide()[name])
    done = make(tmp_path, "lock-check", HERE, environ={"PYTHONPATH": str(ROOT / "installer")})
    assert done.returncode == 2
    assert "Error 8" in done.stderr
    rows = parse_team(guide()["environments/team.yaml"], "t").platforms
    assert [line for line in done.stdout.splitlines() if line.endswith("missing")] == [
        f"environments/locks/pylock.{row.text}.toml  missing" for row in rows
    ]
