"""The table of faults (tests/cases/faults): each really produced, each with its message and exit code, nothing left."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from support import standin
from support.faults import PRODUCERS, Lab
from support.faulty_index import Index, serve
from support.process import ROOT

pytestmark = [pytest.mark.heavy, pytest.mark.skipif(sys.platform != "linux", reason="mounts and limits of Linux")]

# Slow ones, and ones that differ from another of the table only in where they happen.
SWEEP = {
    "case-insensitive-adopted", "cut-page", "disk-full-locks", "disk-full-temporary", "few-descriptors", "forbidden",
    "long-prefix", "long-project", "name-without-address", "no-inodes-at-all", "no-permission-cache",
    "no-permission-project", "not-found-file", "plain-http-allowed", "quotes", "read-only-cache", "read-only-locks",
    "slow-server", "spaces", "stalled-page", "tls-expired", "tls-other-name", "too-many-requests-once",
    "unavailable-once",
}  # fmt: skip
CASES = sorted((Path(__file__).parents[1] / "cases" / "faults").glob("*.yaml"))
COMMANDS = {
    "install": ["install", "--no-lock", "--no-verify", "--accelerator", "cpu", "--python", standin.MINOR],
    "lock": ["lock", "--platform", "linux-x86_64-cpu", "--format", "portable", "--no-prove", "-o", "environments"],
}
KEYS = {"fault", "produce", "command", "exit", "message", "hint", "then", "folder"}
SAY = "import six, tensorflow; print(tensorflow.__version__)"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    folder = tmp_path_factory.mktemp("index")
    version = standin.VERSIONS[0]
    files: dict[str, standin.Content] = {
        "tensorflow/__init__.py": f"__version__ = '{version}'\n",
    }
    files["tensorflow/filler.bin"] = os.urandom(3 << 20)
    files |= {f"tensorflow/part_{number}.py": "" for number in range(40)}
    standin.write_wheel(folder, "tensorflow-cpu", version, files, requires=["six"])
    standin.write_wheel(folder, "six", "1.17.0", {"six.py": "value = 6\n" * 2000})
    with serve(Index(folder)) as running:
        yield running


def make_lab(tmp_path: Path, index: Index) -> Lab:
    home = tmp_path / "home"
    home.mkdir()
    variables = {
        "UV_DEFAULT_INDEX": index.url,
        "PIP_EXTRA_INDEX_URL": "",
        "UV_HTTP_TIMEOUT": "2",
        "UV_HTTP_RETRIES": "0",
        "NO_PROXY": "127.0.0.1",
    }
    return Lab(home=home, index=index, variables=variables)


def run(lab: Lab, command: str, *more: str) -> subprocess.CompletedProcess[str]:
    name, *options = command.split()
    prefix = ["--prefix", lab.prefix] if name == "install" else []
    home = {"HOME": str(lab.home), "UV_CACHE_DIR": str(lab.home / "uv-cache"), "TMPDIR": str(lab.place("temporary"))}
    own = {"TFSETUP_CACHE_DIR": str(lab.home / "tfsetup-cache"), "PYTHONPATH": str(ROOT / "installer")}
    lab.project.mkdir(parents=True, exist_ok=True)
    return subprocess.run(
        [*lab.before, sys.executable, "-m", "tfsetup", *COMMANDS[name], *options, *prefix, *more],
        cwd=lab.project,
        env=os.environ | home | own | lab.variables,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_the_sweep_is_of_the_table() -> None:
    assert {path.stem for path in CASES} > SWEEP


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=[pytest.mark.exhaustive] * (path.stem in SWEEP)) for path in CASES],
    ids=lambda path: path.stem,
)
def test_a_fault_ends_as_the_table_says(path: Path, index: Index, tmp_path: Path) -> None:
    case: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert set(case) <= KEYS
    lab = make_lab(tmp_path, index)
    with ExitStack() as faults:
        for name, options in case["produce"].items():
            faults.enter_context(PRODUCERS[name](lab, options))
        if case.get("folder"):
            lab.project.joinpath(lab.prefix).mkdir()
        done = run(lab, case["command"], "--json")
        error = json.loads(done.stdout)["error"] if done.returncode else None
        told = f"{done.returncode}: {error or done.stderr}"
        assert done.returncode == case["exit"], told
        if error is None:
            assert works(lab, case["command"])
        else:
            assert re.search(case["message"], error["message"]), told
            assert re.search(case.get("hint", ""), error["hint"]), told
            assert "Traceback" not in done.stderr
            assert "secret" not in done.stdout + done.stderr
            assert left_behind(lab) == []
    if case.get("then") == "works":
        again = run(lab, case["command"])
        assert again.returncode == 0, again.stderr
        assert works(lab, case["command"])


def works(lab: Lab, command: str) -> bool:
    """Tell whether what the command should have made is there and good."""
    if command.startswith("lock"):
        return any(lab.place("locks").glob("requirements.*.txt"))
    python = lab.project / lab.prefix / "bin" / "python"
    done = subprocess.run([python, "-c", SAY], capture_output=True, text=True, check=False, cwd="/")
    return done.stdout.strip() == standin.VERSIONS[0]


def left_behind(lab: Lab) -> list[str]:
    """Return what a failed run has left: an environment, a part of one, a draft, a temporary folder."""
    own = (
        [path.name for path in lab.generations.glob("*") if path.name not in {".gitignore", "lock"}]
        if len(lab.prefix) < 200
        else []
    )
    own += [path.name for path in [lab.project / lab.prefix] if os.path.lexists(path)]
    drafts = [path.name for path in lab.place("locks").iterdir()]
    return own + drafts + [path.name for path in lab.place("temporary").glob("tfsetup-*")]
