"""A real environment has a real pip: the pinned one from an index, else its Python's own; what it adds is told."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support import standin
from support.faulty_index import Index, serve
from support.process import tfsetup
from tfsetup.envs.pip import own_pip
from tfsetup.matrix.file.disk import read_pips
from tfsetup.matrix.pips import pip_for

pytestmark = pytest.mark.heavy
PINNED = pip_for(read_pips(), standin.MINOR)
OPTIONS = ("--no-lock", "--no-verify", "--no-preflight", *standin.ASK)
QUIET = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INDEX": "1"}


class Project:
    """A folder with an environment built from an index of this machine."""

    def __init__(self, folder: Path, url: str, *, name: str = "UV_DEFAULT_INDEX") -> None:
        self.folder, self.index = folder, {name: url}
        done = self.tfsetup("install", *OPTIONS)
        assert done.returncode == 0, done.stderr
        self.said = done.stderr

    def tfsetup(self, *argv: str) -> subprocess.CompletedProcess[str]:
        variables = {"PIP_EXTRA_INDEX_URL": "", "UV_CACHE_DIR": str(self.folder / "uv"), **self.index}
        return tfsetup(*argv, cwd=self.folder, **variables)

    def pip(self, *argv: str | Path, program: str = "") -> str:
        prefix = self.folder / ".venv/bin"
        words = [prefix / program] if program else [prefix / "python", "-m", "pip"]
        done = subprocess.run(
            [*map(str, words), *map(str, argv)], env=QUIET, cwd=self.folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def listed(self) -> dict[str, Any]:
        generations = json.loads(self.tfsetup("list", "--json").stdout)["data"]["generations"]
        assert isinstance(generations[-1], dict)
        return generations[-1]


def stand_ins(folder: Path) -> Path:
    """Write an index's files: a TensorFlow that is none, and what the matrix asks for beside it."""
    files = {"tensorflow/__init__.py": "__version__ = '2.21.0'\n"}
    standin.write_wheel(folder, "tensorflow-cpu", "2.21.0", files, requires=["six"])
    standin.write_wheel(folder, "six", "1.17.0", {"six.py": "value = 6\n"})
    standin.write_beside(folder)
    return folder


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project whose index has no pip, on a Python that brings one."""
    if own_pip(Path(sys.executable)) is None:
        pytest.skip("this Python brings no pip")
    with serve(Index(stand_ins(tmp_path_factory.mktemp("index")))) as running:
        yield Project(tmp_path_factory.mktemp("a project"), running.url)


def test_an_index_without_a_pip_leaves_that_of_the_python(project: Project) -> None:
    assert PINNED is not None
    line = next(line for line in project.said.splitlines() if f"pip {PINNED.version} could not be had" in line)
    assert "which its Python came with" in line
    here = project.folder / ".venv"
    assert project.pip("--version").split(" from ")[1].startswith(str(here))
    assert project.pip("--version", program="pip") != ""
    assert "tensorflow-cpu" in project.pip("list")
    assert project.pip("check") == "No broken requirements found.\n"


def test_what_pip_adds_is_told_and_the_generation_is_whole(project: Project, tmp_path: Path) -> None:
    assert project.listed()["added"] == []
    wheel = standin.write_wheel(tmp_path, "Extra_thing", "2.5", {"extra_thing.py": "value = 1\n"})
    project.pip("install", wheel)
    row = project.listed()
    assert (row["added"], row["whole"], row["missing"]) == (["extra-thing==2.5"], True, [])
    assert "Generation 1 has more, added by hand: extra-thing==2.5." in project.tfsetup("list").stdout
    project.pip("uninstall", "--yes", "extra-thing")
    assert project.listed()["added"] == []


def test_a_package_that_pip_changes_is_no_longer_what_was_built(project: Project, tmp_path: Path) -> None:
    wheel = standin.write_wheel(tmp_path, "six", "1.18.0", {"six.py": "value = 7\n"})
    project.pip("install", "--upgrade", wheel)
    row = project.listed()
    assert (row["whole"], row["added"]) == (False, [])
    assert row["missing"][0] == "six 1.17.0 was changed to 1.18.0"
    old = standin.write_wheel(tmp_path, "six", "1.17.0", {"six.py": "value = 6\n"})
    project.pip("install", old)
    assert project.listed()["whole"]


@pytest.mark.network
def test_the_pinned_pip_comes_from_the_index_and_serves_offline(tmp_path: Path) -> None:
    assert PINNED is not None
    with serve(Index(stand_ins(tmp_path))) as running:
        made = Project(tmp_path, running.url, name="UV_INDEX")
        assert "could not be had" not in made.said
        assert made.pip("--version").startswith(f"pip {PINNED.version} from {tmp_path}/.venv/")
        assert (made.listed()["whole"], made.listed()["added"]) == (True, [])
        receipt = json.loads((tmp_path / ".venv.generations/1.json").read_text())
        assert receipt["tools"] == [f"pip-{PINNED.version}.dist-info"]
        again = made.tfsetup("install", *OPTIONS, "--offline", "--prefix", "other")
        assert (again.returncode, "could not be had" in again.stderr) == (0, False), again.stderr


@pytest.mark.network
def test_what_is_recorded_is_what_the_index_has() -> None:
    """A newer release is no fault: `scripts/record-pip` takes it. A file that is gone, or another, is one."""
    from tfsetup.upkeep.index.client import client

    page = {one.filename: one for one in client().pages(["pip"])["pip"]}
    for wheel in read_pips().wheels:
        file = page[f"pip-{wheel.version}-py3-none-any.whl"]
        assert (file.sha256, file.size) == (wheel.sha256, wheel.size)
        assert (file.requires_python, file.yanked) == (wheel.requires_python, False)
