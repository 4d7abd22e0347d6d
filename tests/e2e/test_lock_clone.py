"""A fresh clone of this repository: it installs from its locks, with the network cut, and says when one is stale."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from support.newcomer import (
    DEAD,
    clone_of_this,
    installed,
    killed_make,
    locked,
    make,
    pythons_here,
    run,
    without_network,
)
from tfsetup.host.model import Python

pytestmark = pytest.mark.e2e

ROW = "linux-x86_64-cpu"
LOCKS = Path("environments/locks")
HERE = pythons_here()
SHOW = "import tensorflow as tf; print(tf.__version__)"


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a newcomer gets: the repository as it was committed, and `make` in it has run once."""
    folder = clone_of_this(tmp_path_factory.mktemp("fresh") / "clone")
    done = make(folder, "lock-check")
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def lock_for(minor: str) -> str:
    return f"requirements.{ROW}.txt" if minor == "3.13" else f"requirements.{ROW}-py{minor.replace('.', '')}.txt"


# In CI the two Pythons that test_install.py has downloaded everything for; `make exhaustive` tries all there are.
EVERY = [pytest.param(python.minor, marks=[] if n < 2 else [pytest.mark.exhaustive]) for n, python in enumerate(HERE)]


@pytest.mark.parametrize("minor", EVERY)
def test_a_fresh_clone_installs_from_its_lock_with_the_network_cut(clone: Path, minor: str) -> None:
    name = lock_for(minor)
    options = f"--accelerator cpu --python {minor} --no-verify --no-preflight --prefix"
    first = make(clone, "install", f"ARGS={options} warm-{minor}")
    assert first.returncode == 0, first.stderr
    cut = make(clone, "install", f"ARGS={options} cut-{minor} --offline", before=without_network(), environ=DEAD)
    assert cut.returncode == 0, cut.stderr
    for done in (first, cut):
        assert f"{LOCKS / name} is fresh; nothing is resolved" in done.stderr
    python = clone / f"cut-{minor}/bin/python"
    expected = locked(clone / LOCKS / name)
    assert installed(python) == expected
    assert run(*without_network(), python, "-c", SHOW).strip() == expected["tensorflow-cpu"]


def test_make_install_killed_and_repeated_is_boring(clone: Path) -> None:
    command = ("install", f"ARGS=--accelerator cpu --python {HERE[0].minor}")
    generations, link = clone / ".venv.generations", clone / ".venv"
    packages = f"1*/lib/python{HERE[0].minor}/site-packages/tensorflow/python/*"
    assert killed_make(clone, *command, when=lambda: any(generations.glob(packages)))
    assert not os.path.lexists(link)
    again = make(clone, *command)
    assert again.returncode == 0, again.stderr
    place = link.readlink()
    assert (
        run(link / "bin/python", "-c", SHOW).strip()
        == locked(clone / LOCKS / lock_for(HERE[0].minor))["tensorflow-cpu"]
    )
    third = make(clone, *command)
    assert (third.returncode, link.readlink()) == (0, place), third.stderr
    run(clone / ".tool/env/bin/tfsetup", "gc", "--keep", "1", cwd=clone)
    number = place.name
    assert {path.name for path in generations.iterdir()} == {".gitignore", "lock", number, f"{number}.json"}


def test_the_network_really_is_cut(clone: Path) -> None:
    options = f"--accelerator cpu --python {HERE[0].minor} --no-lock --prefix never"
    environ = DEAD | {"UV_CACHE_DIR": str(clone / "cold")}
    done = make(clone, "install", f"ARGS={options}", before=without_network(), environ=environ)
    assert "The package index could not be reached" in done.stderr
    assert done.returncode != 0
    assert not (clone / "never").exists()


@pytest.mark.parametrize("python", HERE, ids=lambda python: str(python.minor))
def test_every_python_here_has_a_lock_in_a_fresh_clone(clone: Path, python: Python) -> None:
    told = run(clone / ".tool/env/bin/tfsetup", "host", "--json", cwd=clone)
    machine = json.loads(told)["data"]
    del machine["summary"]
    machine["pythons"] = [{"version": python.version, "arch": machine["arch"], "path": str(python.path)}]
    (clone / "here.json").write_text(json.dumps(machine | {"python_downloads": False}))
    options = "--dry-run --accelerator cpu --host here.json"
    done = make(clone, "install", f"ARGS={options}", before=without_network(), environ=DEAD)
    assert done.returncode == 0, done.stderr
    assert f"{LOCKS / lock_for(str(python.minor))} is fresh; nothing is resolved" in done.stderr


def test_lock_check_fails_after_an_edit_and_says_what_changed(clone: Path) -> None:
    matrix, team = clone / "environments/matrix.yaml", clone / "environments/team.yaml"
    before = matrix.read_text()
    start = before.index(f"  - id: {ROW}\n")
    matrix.write_text(before[:start] + before[start:].replace('versions: ">=2.5"', 'versions: ">=2.6"', 1))
    stale = make(clone, "lock-check")
    matrix.write_text(before)
    assert stale.returncode == 2
    assert "Error 8" in stale.stderr
    expected = [f"{LOCKS}/requirements.{ROW}.txt  stale", f"    the row {ROW} in the matrix: versions"]
    lines = stale.stdout.splitlines()
    at = lines.index(expected[0])
    assert lines[at : at + 2] == expected
    assert lines[-1] == "4 of 26 not fresh: `.tool/env/bin/tfsetup lock` writes them anew."
    team.write_text(f"platforms: [{ROW}]\nrequirements: [six]\n")
    wanted = make(clone, "lock-check")
    refused = make(clone, "install", "ARGS=--accelerator cpu")
    team.unlink()
    assert "Error 8" in wanted.stderr
    assert "    the team's requirements: +six" in wanted.stdout
    assert "Error 8" in refused.stderr
    assert "the team's requirements: +six" in refused.stderr
    assert make(clone, "lock-check").returncode == 0


def test_a_damaged_lock_in_a_clone_is_told_with_its_line(clone: Path) -> None:
    path = clone / LOCKS / f"requirements.{ROW}.txt"
    text = path.read_text()
    at = text.index("\nkeras==")
    path.write_text(text[: at + 20])
    cut = make(clone, "lock-check")
    path.write_text(text[:at] + text[at:].replace("sha256:", "sha256:0", 1))
    wrong = make(clone, "install", "ARGS=--accelerator cpu --offline")
    path.write_text(text)
    line = text.count("\n", 0, at + 1) + 1
    for done in (cut, wrong):
        assert "Error 3" in done.stderr
        assert f"{LOCKS}/requirements.{ROW}.txt:{line}" in done.stderr
    assert make(clone, "lock-check").returncode == 0
