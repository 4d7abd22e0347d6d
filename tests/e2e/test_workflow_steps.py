"""Every `run:` of the Linux machine of the workflow, one after another in a clone, as its runner would start them.

In CI all of them but `make test`, with stand-ins of an index on this machine for TensorFlow. `make exhaustive` takes
every step with the real index; `make test` then gets `--collect-only`, because it is this very suite.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from support import standin
from support.faulty_index import Index, serve
from support.process import ROOT
from support.tiny_c import built, has_gcc
from support.workflow import Runner, Step, script, steps, workflows

JOB = workflows()["real-machines.yml"]["jobs"]["machine"]
LABEL = "ubuntu-24.04"
REPLAYED = (
    "tests/unit/matrix/test_hosts.py", "tests/unit/host/test_describe.py", "tests/unit/verify/test_judge.py",
    "tests/unit/upkeep/test_onsite_compare.py",
)  # fmt: skip
"""The tests that take what a machine showed."""
KEPT = {
    f"hosts/{LABEL}.json", f"hosts/{LABEL}.expected.json", f"host/lines/{LABEL}.txt", f"verify/{LABEL}.json",
    f"loader/seen/{LABEL}.json",
}  # fmt: skip

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(sys.platform != "linux", reason="the steps of the Linux machine"),
    pytest.mark.skipif(shutil.which("git") is None or shutil.which("make") is None, reason="needs git and make"),
]


@dataclass
class Clone:
    """A clone of this checkout, with what is not committed yet, and the variables of a runner."""

    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def take(self, step: Step) -> None:
        """Run a step as GitHub does; it must end well."""
        command = script(self.folder.parent / "step.sh", step)
        done = self.run(command, {**self.variables, **step.env})
        assert done.returncode == 0, f"{step.name}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"

    def run(self, command: list[str], variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run a command in the clone."""
        known = {name: value for name, value in os.environ.items() if not name.startswith("TFSETUP_")}
        return subprocess.run(
            command, cwd=self.folder, env={**known, **variables}, capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def kept(self) -> set[str]:
        """Return what would be uploaded."""
        folder = self.folder / "real-machine"
        return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}

    def replay(self) -> str:
        """Drop it into the cases, as a maintainer does, and run the tests that take it."""
        shutil.copytree(self.folder / "real-machine", self.folder / "tests" / "cases", dirs_exist_ok=True)
        asked = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *REPLAYED, "-k", LABEL]
        paths = os.pathsep.join([str(self.folder / "installer"), str(self.folder / "tests")])
        done = self.run(asked, {"PYTHONPATH": paths})
        assert done.returncode == 0, done.stdout[-4000:]
        return done.stdout


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    folder = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    listed = ["git", "ls-files", "--modified", "--others", "--exclude-standard", "-z"]
    for name in filter(
        None, subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    ):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return Clone(folder)


def taken(clone: Clone, **inputs: str) -> list[str]:
    """Take the steps in order and return their names."""
    done = []
    for step in steps(JOB, Runner(os="Linux", label=LABEL, inputs=inputs)):
        if step.name != "make test" or "test" in inputs:
            clone.take(step)
            done.append(step.name)
    return done


@pytest.fixture
def index(tmp_path: Path) -> Iterator[str]:
    """An index with a small TensorFlow that loads, and one whose module wants what nobody has."""
    folder = tmp_path / "index"
    standin.write_index(folder)
    module = built("_native.so", {"module": "_native"}, {})
    tag = f"cp{standin.MINOR.replace('.', '')}-cp{standin.MINOR.replace('.', '')}-linux_x86_64"
    for version in standin.VERSIONS:
        files = {**dict(standin.tensorflow_files(version)), "tensorflow/_native.so": module}
        (folder / f"tensorflow_cpu-{version}-py3-none-any.whl").unlink()
        standin.write_wheel(folder, "tensorflow-cpu", version, files, requires=["numpy", "six"], tag=tag)
    with serve(Index(folder)) as running:
        yield running.url


@pytest.mark.network
@pytest.mark.skipif(not has_gcc(), reason="needs gcc")
def test_the_steps_of_the_linux_machine_and_what_they_keep(clone: Clone, index: str) -> None:
    # The tool's own environment comes from the machine's index, as for everybody; TensorFlow from that of stand-ins.
    made = clone.run(["make", ".tool/env/ready"], {})
    assert made.returncode == 0, made.stderr
    own = {name: str(clone.folder.parent / name) for name in ("UV_CACHE_DIR", "TFSETUP_CACHE_DIR", "TFSETUP_STATE_DIR")}
    clone.variables = {"UV_DEFAULT_INDEX": index, "PIP_EXTRA_INDEX_URL": "", **own}
    done = taken(
        clone,
        install=" ".join(["--no-lock", *standin.ASK]),
        compare=f"--requirements tensorflow-cpu=={standin.VERSIONS[0]} --python {standin.MINOR}",
    )
    assert done == [
        "make install",
        "What this machine is, and how TensorFlow runs on it",
        "Preflight beside this machine's own loader",
    ]
    assert clone.kept() == KEPT
    assert " passed" in clone.replay()


@pytest.mark.e2e
@pytest.mark.exhaustive
def test_every_step_with_the_real_tensorflow(clone: Clone) -> None:
    done = taken(clone, test="--collect-only", compare="--minutes 2")
    assert done[-1] == "make test"
    assert len(done) == 4
    assert clone.kept() == KEPT
    assert " passed" in clone.replay()
