"""Whether a real environment, built by the real uv, is whole: what takes something from it is noticed everywhere."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from uv import find_uv_bin

from support import standin
from support.faulty_index import Index, serve
from support.process import tfsetup

pytestmark = pytest.mark.heavy
NEW, OLD = standin.VERSIONS


@dataclass(frozen=True)
class Project:
    folder: Path
    url: str

    def run(self, *argv: str) -> subprocess.CompletedProcess[str]:
        variables = {"UV_DEFAULT_INDEX": self.url, "PIP_EXTRA_INDEX_URL": "", "UV_CACHE_DIR": str(self.folder / "uv")}
        return tfsetup(*argv, cwd=self.folder, **variables)

    def install(self, version: str = NEW) -> dict[str, Any]:
        argv = ["install", "--no-lock", "--no-verify", "--no-preflight", *standin.ASK, "--tensorflow", version]
        done = self.run(*argv, "--json")
        assert done.returncode == 0, done.stderr
        data = json.loads(done.stdout)["data"]
        assert isinstance(data, dict)
        return data | {"said": done.stderr}

    def whole(self) -> list[bool]:
        return [row["whole"] for row in json.loads(self.run("list", "--json").stdout)["data"]["generations"]]

    @property
    def python(self) -> Path:
        return self.folder / ".venv/bin/python"

    def uv(self, *argv: str) -> None:
        subprocess.run([find_uv_bin(), *argv, "--python", str(self.python)], cwd=self.folder, check=True)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    folder = tmp_path_factory.mktemp("index")
    for version in standin.VERSIONS:
        files = {"tensorflow/__init__.py": f"__version__ = '{version}'\n"}
        standin.write_wheel(folder, "tensorflow-cpu", version, files, requires=["six"])
    standin.write_wheel(folder, "six", "1.17.0", {"six.py": "value = 6\n"})
    standin.write_beside(folder)
    with serve(Index(folder)) as running:
        yield running


@pytest.fixture
def project(tmp_path: Path, index: Index) -> Project:
    made = Project(tmp_path, index.url)
    assert made.install(OLD)["generation"] == 1
    assert made.install(NEW)["generation"] == 2
    assert made.whole() == [True, True]
    return made


def test_packages_that_were_uninstalled_through_the_link_are_missed(project: Project) -> None:
    project.run("rollback")
    project.uv("pip", "uninstall", "six")
    assert project.whole() == [False, True]
    project.run("rollback", "2")
    refused = project.run("rollback", "1")
    assert refused.returncode == 7
    assert "six 1.17.0 is not installed any more" in refused.stdout
    anew = project.install(OLD)
    assert (anew["generation"], anew["changed"]) == (3, True)
    assert "six 1.17.0 is not installed any more" in anew["said"]


def test_a_package_added_by_hand_is_no_loss(project: Project) -> None:
    other = standin.write_wheel(project.folder, "extra", "1.0", {"extra.py": "value = 1\n"})
    project.uv("pip", "install", "--no-index", str(other))
    assert project.whole() == [True, True]
    assert project.install()["changed"] is False


def test_an_emptied_file_is_not_nothing_to_do_and_the_cache_does_not_bring_it_back(project: Project) -> None:
    minor = f"python{sys.version_info.major}.{sys.version_info.minor}"
    file = project.folder / ".venv/lib" / minor / "site-packages/six.py"
    shared = file.stat().st_nlink > 1
    file.write_text("")
    anew = project.install()
    assert (anew["generation"], anew["changed"]) == (3, True)
    assert "six.py is empty" in anew["said"]
    assert ("uv's cache has damaged files of six" in anew["said"]) is shared
    assert file.read_text() == "value = 6\n"
    assert project.whole() == [not shared, False, True]


def test_what_a_rollback_went_back_from_is_not_built_again(project: Project) -> None:
    project.run("rollback")
    again = project.install()
    assert (again["generation"], again["changed"]) == (2, True)
    assert "Reusing   generation 2" in again["said"]
    assert "tfsetup rollback 1` goes back" in again["said"]
    assert project.install()["changed"] is False
    assert sorted(path.name for path in (project.folder / ".venv.generations").iterdir()) == [
        ".gitignore", "1", "1.json", "2", "2.json", "lock",
    ]  # fmt: skip


@pytest.mark.parametrize("command", ["gc", "failing install"])
def test_the_current_one_survives_the_loss_of_its_receipt(project: Project, command: str) -> None:
    (project.folder / ".venv.generations/2.json").unlink()
    if command == "gc":
        done = project.run("gc")
        assert done.returncode == 0
    else:
        done = project.run("install", "--no-lock", "--no-verify", *standin.ASK, "--tensorflow", OLD, "--no-preflight")
    assert "2.json was gone or damaged; it was written anew" in done.stderr
    say = [str(project.folder / ".venv.generations/2/bin/python"), "-c", "import six, tensorflow"]
    assert subprocess.run(say, check=False).returncode == 0
    assert project.whole() == [True, True]
