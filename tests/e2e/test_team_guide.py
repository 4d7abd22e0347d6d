"""docs/team.md followed to the letter: a team's own repository, its Makefile, its locks, its CI job and a newcomer."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from support.newcomer import clone_of_this, commit, guide, installed, locked, make, pythons_here, run

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif("3.12" not in [p.minor for p in pythons_here()], reason="the guide's team uses Python 3.12"),
]
ADDRESS = "https://git.example.com/tools/tfsetup@v0.1.0"


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The team's repository, with the guide's files in it and the locks committed."""
    folder = tmp_path_factory.mktemp("team") / "ours"
    tool = clone_of_this(tmp_path_factory.mktemp("tool") / "tfsetup")
    shutil.rmtree(tool / ".git")  # CI's checkout may be one that git does not clone from again: shallow, no branch
    commit(tool, "tfsetup")
    run("git", "tag", "v0.1.0", cwd=tool)
    for name, text in guide().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        assert name != "Makefile" or ADDRESS in text
        (folder / name).write_text(text.replace(ADDRESS, f"file://{tool}@v0.1.0"))
    # Proving three platforms reads a lot of wheels; test_lock.py does it for one.
    done = make(folder, "lock", "ARGS=--no-prove")
    assert done.returncode == 0, done.stderr
    commit(folder, "Lock TensorFlow for everybody")
    return folder


def test_a_newcomer_gets_what_is_locked(ours: Path, tmp_path: Path) -> None:
    run("git", "clone", "--quiet", ours, tmp_path / "it")
    done = make(tmp_path / "it", "install", "ARGS=--accelerator cpu --no-verify --no-preflight")
    assert done.returncode == 0, done.stderr
    path = "environments/locks/pylock.linux-x86_64-cpu.toml"
    assert f"{path} is fresh; nothing is resolved" in done.stderr
    found = installed(tmp_path / "it/.venv/bin/python")
    assert found == locked(ours / path)
    assert "scikit-learn" in found
    again = make(tmp_path / "it", "install", "ARGS=--accelerator cpu --offline")
    assert again.returncode == 0, again.stderr
    assert "nothing to do" in again.stdout


def test_the_job_passes_and_fails_when_it_should(ours: Path, tmp_path: Path) -> None:
    it = tmp_path / "it"
    run("git", "clone", "--quiet", ours, it)
    jobs = yaml.safe_load((it / ".github/workflows/locks.yml").read_text())["jobs"]
    (step,) = [step["run"] for step in jobs["lock-check"]["steps"] if "run" in step]
    passed = make(it, *step.split()[1:])
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert passed.stdout.splitlines()[-1] == "3 fresh."
    team = it / "environments/team.yaml"
    team.write_text(team.read_text().replace("scikit-learn>=1.5", "scikit-learn>=1.6"))
    failed = make(it, *step.split()[1:])
    assert (failed.returncode, "Error 8" in failed.stderr) == (2, True)
    expected = "    the team's requirements: -scikit-learn>=1.5, +scikit-learn>=1.6"
    assert failed.stdout.splitlines().count(expected) == 3
