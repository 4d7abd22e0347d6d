"""The first steps for real: the index of this machine, each Python on it, and a clone of this repository."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from support.bare_clone import bare_clone, base_python
from support.newcomer import DEAD, clone_of_this, uv, without_network
from support.process import ROOT

pytestmark = [pytest.mark.network, pytest.mark.process]

SETTINGS = re.compile(r"(PIP|UV)_\w+|\w+_PROXY|SSL_\w+|\w+_CA_BUNDLE", re.IGNORECASE)


@cache
def pythons() -> dict[str, Path]:
    """Return one Python of this machine for each minor version that the bootstrap runs under, oldest first."""
    places = [*Path("/usr/bin").glob("python3.[0-9]*"), *Path.home().glob(".pyenv/versions/*/bin/python3.[0-9]*")]
    places += [*Path.home().glob(".local/share/uv/python/*/bin/python3.[0-9]*")]
    found = {match[1]: path for path in places if (match := re.fullmatch(r"python3\.(\d+)", path.name))}
    return {f"3.{minor}": found[minor] for minor in sorted(found, key=int) if int(minor) >= 8}


def settings_of_this_machine() -> dict[str, str]:
    """Return the variables that say where packages are and how they are reached, and the home with its files."""
    found = {name: value for name, value in os.environ.items() if SETTINGS.fullmatch(name)}
    return found | {"HOME": os.environ["HOME"]}


def fetched(tmp_path: Path, python: Path) -> subprocess.CompletedProcess[str]:
    clone = bare_clone(tmp_path / "bare")
    shutil.copy2(ROOT / "requirements" / "uv.txt", clone.root / "requirements" / "uv.txt")
    clone.python(python)
    done = subprocess.run(
        [clone.root / "scripts" / "uv"],
        env={"PATH": str(clone.programs), **settings_of_this_machine()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, f"{clone.uv}\n"), done.stderr
    return subprocess.run([clone.uv, "--version"], capture_output=True, text=True, check=True)


def test_the_oldest_python_here_fetches_the_pinned_uv(tmp_path: Path) -> None:
    found = pythons()
    if not found:
        pytest.skip("no Python lies where this test looks")
    version = fetched(tmp_path, next(iter(found.values()))).stdout
    assert version.split()[1] == (ROOT / "requirements" / "uv.txt").read_text().split()[0].removeprefix("uv==")


@pytest.mark.exhaustive
@pytest.mark.parametrize("minor", [f"3.{minor}" for minor in range(8, 16)])
def test_each_python_fetches_the_pinned_uv(tmp_path: Path, minor: str) -> None:
    if minor not in pythons():
        pytest.skip(f"there is no Python {minor} where this test looks")
    assert fetched(tmp_path, pythons()[minor]).stdout.startswith("uv ")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone whose tool environment was made by the oldest Python here, with everything set that could disturb."""
    folder = tmp_path_factory.mktemp("first")
    clone = clone_of_this(folder / "clone")
    (folder / "bin").mkdir()
    oldest = next(iter(pythons().values()), Path(base_python()))
    (folder / "bin" / "python3").write_text(f'#!/bin/sh\nexec {oldest} "$@"\n', encoding="utf-8")
    (folder / "bin" / "python3").chmod(0o755)
    disturbing = {"PYTHONHOME": "/nowhere", "PYTHONPATH": "/nowhere", "VIRTUAL_ENV": "/other", "UV_PYTHON": "2.7"}
    disturbing["PATH"] = f"{folder / 'bin'}:{Path(uv()).parent}:/usr/bin:/bin"
    done = make(clone, ".tool/env/ready", variables=disturbing)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "Preparing tfsetup itself in .tool/env (once)\n"
    return clone


def make(
    clone: Path, *words: str, before: list[str] | None = None, variables: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*(before or []), "make", "--no-print-directory", *words],
        cwd=clone,
        env={**settings_of_this_machine(), "PATH": f"{Path(uv()).parent}:/usr/bin:/bin", **variables},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_a_moved_clone_works_without_a_network(made: Path) -> None:
    there = made.with_name("moved elsewhere")
    made.rename(there)
    try:
        done = make(there, "lock-check", before=without_network(), variables=DEAD)
        assert done.returncode == 0, done.stderr
        assert "Preparing" not in done.stderr
        program = there / ".tool" / "env" / "bin" / "tfsetup"
        link = there.with_name("link-to-it")
        link.symlink_to(program)
        for word in (program, link):
            done = subprocess.run(
                [word, "--version"],
                env={"PATH": "/usr/bin:/bin", "PYTHONHOME": "/nowhere", "PYTHONPATH": "/nowhere"},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            assert done.stdout.startswith("tfsetup ")
    finally:
        there.rename(made)


def test_without_github_and_without_a_python_it_says_what_to_do(tmp_path: Path) -> None:
    clone = bare_clone(tmp_path / "bare")
    shutil.copy2(ROOT / "requirements" / "tool.txt", clone.root / "requirements" / "tool.txt")
    found = clone.programs / "python3"
    # uv asks a Python by -c what it is, and this one says nothing to it: as good as none.
    script = found.read_text().replace(
        "exec ", 'case "$*" in *scripts/bootstrap* | *"import sys, ssl"*) ;; *) exit 1 ;; esac\nexec '
    )
    clone.program("python3", script.partition("\n")[2])
    done = subprocess.run(
        [clone.root / "scripts" / "tool-environment", ".tool/env", "requirements/tool.txt"],
        env={
            **clone.environ,
            "PATH": f"{Path(uv()).parent}:{clone.programs}",
            "UV_PYTHON_INSTALL_DIR": str(tmp_path / "pythons"),
            "UV_PYTHON_INSTALL_MIRROR": "https://127.0.0.1:9/mirror",
            "UV_HTTP_RETRIES": "0",
            "UV_CACHE_DIR": str(tmp_path / "cache"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    text = " ".join(done.stderr.split())
    assert "error: There is no Python >=3.11" in text
    assert "none could be fetched: 127.0.0.1 could not be reached." in text
    assert "UV_PYTHON_INSTALL_MIRROR name a mirror" in text
    assert "cause:" not in text
    assert all(len(line) <= 80 or " " not in line.strip() for line in done.stderr.splitlines())
    assert not (clone.root / ".tool" / "env").exists()
