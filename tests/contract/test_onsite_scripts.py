"""`scripts/compare-with-loader` and `scripts/record-machine`, run as a maintainer runs them on a machine at hand."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support import standin
from support.process import ROOT
from support.tiny_c import built, has_gcc
from support.verify import case_of

pytestmark = [
    pytest.mark.process,
    pytest.mark.heavy,  # each builds wheels and environments
    pytest.mark.skipif(sys.platform != "linux", reason="the stand-ins are wheels for Linux"),
]

ABI = standin.MINOR.replace(".", "")
TAG = f"cp{ABI}-cp{ABI}-linux_x86_64"


def run(script: str, *argv: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a script with this interpreter, offline."""
    variables = os.environ | {"UV_OFFLINE": "1", "UV_CACHE_DIR": str(cwd / "uv-cache"), **environ}
    return subprocess.run(
        [sys.executable, str(ROOT / "scripts" / script), *argv],
        cwd=cwd, env=variables, capture_output=True, text=True, check=False,
    )  # fmt: skip


def index(folder: Path, calls: tuple[str, ...]) -> Path:
    """Write a stand-in for TensorFlow whose module calls functions, of which nobody may have them."""
    folder.mkdir()
    module = built("_native.so", {"module": "_native", "calls": calls}, {})
    files: dict[str, bytes | str] = {
        "tensorflow/__init__.py": "from tensorflow import _native\n",
        "tensorflow/_native.so": module,
    }
    standin.write_wheel(folder, "tensorflow", "2.21.0", files, tag=TAG)
    return folder


@pytest.mark.skipif(not has_gcc(), reason="needs gcc")
@pytest.mark.parametrize(
    ("calls", "verdict", "ended", "words"),
    [((), "loads", "imported", None), (("nobody_has_this",), "fails", "raised", True)],
)
def test_a_pair_is_built_imported_and_compared(
    tmp_path: Path, calls: tuple[str, ...], verdict: str, ended: str, words: bool | None
) -> None:
    wheels = index(tmp_path / "wheels", calls)
    ask = ["machine", "--requirements", "tensorflow==2.21.0", "--python", standin.MINOR]
    (tmp_path / "tmp").mkdir()
    done = run("compare-with-loader", *ask, cwd=tmp_path, UV_FIND_LINKS=str(wheels), TMPDIR=str(tmp_path / "tmp"))
    assert done.returncode == 0, done.stdout + done.stderr
    case = json.loads((tmp_path / "real-machine/loader/seen/machine.json").read_text(encoding="utf-8"))
    (found,) = case["compared"]
    assert (found["predicted"]["verdict"], found["happened"]["ended"]) == (verdict, ended)
    assert (found["agrees"], found["same_words"]) == (True, words)
    assert found["installed"] == ["tensorflow==2.21.0"]
    assert "pythons" not in case["host"], "where somebody's Pythons lie is no matter of a loader"
    assert done.stdout.splitlines()[-1] == "1 pairs, 1 agree, 0 differ"
    assert list((tmp_path / "tmp").iterdir()) == [], "gigabytes stay behind"


@pytest.mark.skipif(not has_gcc(), reason="needs gcc")
def test_a_loader_that_says_something_else_ends_with_1(tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    # Python code that raises by itself: no loader refuses anything, and preflight has nothing to refuse.
    files: dict[str, bytes | str] = {
        "tensorflow/__init__.py": "from tensorflow import _native\nraise ImportError('not a matter of loaders')\n",
        "tensorflow/_native.so": built("_native.so", {"module": "_native"}, {}),
    }
    standin.write_wheel(wheels, "tensorflow", "2.21.0", files, tag=TAG)
    ask = ["machine", "--requirements", "tensorflow==2.21.0", "--python", standin.MINOR]
    done = run("compare-with-loader", *ask, cwd=tmp_path, UV_FIND_LINKS=str(wheels))
    assert done.returncode == 1
    assert "DIFFER" in done.stdout


def test_what_cannot_be_built_is_said_and_is_no_yes(tmp_path: Path) -> None:
    ask = ["machine", "--requirements", "tensorflow==0.0.1", "--python", standin.MINOR]
    (tmp_path / "empty").mkdir()
    done = run("compare-with-loader", *ask, cwd=tmp_path, UV_FIND_LINKS=str(tmp_path / "empty"))
    assert done.returncode == 2
    (found,) = json.loads((tmp_path / "real-machine/loader/seen/machine.json").read_text(encoding="utf-8"))["compared"]
    assert (found["happened"]["ended"], found["agrees"]) == ("not-built", None)
    assert "tensorflow==0.0.1" in found["happened"]["words"]


def test_the_pairs_of_this_machine_are_listed_without_building_any(tmp_path: Path) -> None:
    done = run("compare-with-loader", "machine", "--list", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert all("==" in line for line in done.stdout.splitlines())
    assert not (tmp_path / "real-machine").exists()


def recorded(folder: Path) -> dict[str, Any]:
    """Return every JSON file that was written, by its path."""
    return {
        str(path.relative_to(folder)): json.loads(path.read_text(encoding="utf-8")) for path in folder.rglob("*.json")
    }


def test_a_machine_is_recorded_as_cases(tmp_path: Path) -> None:
    prefix = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", "--system-site-packages", prefix], check=True)
    site = next((prefix / "lib").glob("python*")) / "site-packages"
    for name, text in standin.tensorflow_files("2.21.0"):
        (site / name).parent.mkdir(exist_ok=True)
        (site / name).write_bytes(text.encode() if isinstance(text, str) else text)
    done = run("record-machine", "here", "--prefix", str(prefix), "--into", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = recorded(tmp_path / "out")
    assert set(found) == {"hosts/here.json", "hosts/here.expected.json", "verify/here.json"}
    assert found["hosts/here.json"]["os"] == "linux"
    assert [one["accelerator"] for one in found["hosts/here.expected.json"]][:2] == ["auto", "cpu"]
    assert (tmp_path / "out/host/lines/here.txt").read_text(encoding="utf-8").startswith("here: Linux ")
    case = case_of(tmp_path / "out/verify/here.json")
    judged = case.judged()
    assert {device.name: device.status for device in judged.devices} == case.want["devices"]
    assert judged.ok is case.want["ok"]
    assert found["verify/here.json"]["source"].startswith("recorded by scripts/record-machine on here, ")


def test_without_an_environment_the_rest_is_recorded_and_the_lack_is_said(tmp_path: Path) -> None:
    done = run("record-machine", "here", "--prefix", str(tmp_path / "none"), "--into", "out", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.strip().endswith("is not there: nothing was verified.")
    assert set(recorded(tmp_path / "out")) == {"hosts/here.json", "hosts/here.expected.json"}
