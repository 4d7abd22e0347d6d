"""The lower bounds of pyproject.toml are true: tfsetup does its work with the oldest release that each admits."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Container
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from support.newcomer import installed, run, uv
from support.own_requirements import lock_text, pins
from support.process import ROOT

pytestmark = [pytest.mark.network, pytest.mark.process]

LEANING = ["tests/unit/cli/test_app.py", "tests/unit/locks/venv/test_pylock.py", "tests/unit/ground/test_http.py"]
"""What leans on the ways of the packages: on how Typer fails, on the reader of locks, on requests and urllib3."""
TESTING = {
    *("pytest", "pluggy", "iniconfig", "hypothesis", "sortedcontainers", "pytest-xdist", "execnet"),
    *("jsonschema", "jsonschema-specifications", "referencing", "rpds-py", "attrs", "typing-extensions"),
}


def environment(folder: Path, *asked: str, rest: Container[str]) -> Path:
    """Make one with the oldest releases of what is asked for, and the locked ones of what it lacks of the rest."""
    python, file = folder / "env" / "bin" / "python", folder / "rest.txt"
    run(uv(), "venv", "--quiet", "--no-project", "--python", sys.executable, folder / "env")
    install = (uv(), "pip", "install", "--quiet", "--python", python, "--only-binary", ":all:")
    run(*install, "--resolution", "lowest-direct", "-r", "pyproject.toml", *asked, cwd=ROOT)
    have = installed(python)
    missing = [pin for pin in pins(lock_text("dev")) if pin.name not in have and pin.name in rest]
    lines = [f"{pin.name}=={pin.version}{' ; ' if pin.marker else ''}{pin.marker}\n" for pin in missing]
    file.write_text("".join(lines), encoding="utf-8")
    run(*install, "--no-deps", "-r", file)
    return python


@pytest.fixture(scope="module")
def lowest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What it takes to run a few tests."""
    return environment(tmp_path_factory.mktemp("lowest"), rest=TESTING)


def test_the_oldest_are_installed(lowest: Path) -> None:
    """No bound is below what the index has, and none was raised by another package: each is what was tried."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    have = installed(lowest)
    for text in project["dependencies"]:
        asked = Requirement(text)
        bound = next(Version(one.version) for one in asked.specifier if one.operator == ">=")
        assert Version(have[canonicalize_name(asked.name)]) == bound, text


def test_it_works_with_them(lowest: Path, tmp_path: Path) -> None:
    host = ROOT / "tests" / "cases" / "hosts" / "macos-14-m3.json"
    words: list[str | Path] = [lowest, "-m", "tfsetup", "resolve", "--json", "--host", host]
    answer = json.loads(run(*words, cwd=tmp_path, environ={"PYTHONPATH": str(ROOT / "installer")}))
    assert answer["data"]["row"] == "macos-arm64-metal"
    assert passed(lowest, tmp_path, *LEANING)


@pytest.mark.exhaustive
def test_every_unit_test_passes_with_them(tmp_path: Path) -> None:
    """The optional parts too: conda, the list of contents, the look into plugins."""
    every = {pin.name for pin in pins(lock_text("dev"))}
    python = environment(tmp_path / "all", "--all-extras", "--group", "build", rest=every)
    assert passed(python, tmp_path, "tests/unit", "-n", "2", "-m", "not heavy and not exhaustive and not network")


def passed(python: Path, folder: Path, *words: str) -> bool:
    """Run tests of this repository with that Python."""
    argv = [str(python), "-m", "pytest", "-q", "--tb=short", f"--basetemp={folder / 'tests'}", *words]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    sys.stdout.write(done.stdout[-3000:] + done.stderr[-1000:])
    return done.returncode == 0
