"""The main job for real: the index, TensorFlow, and interpreters of this machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.process import ROOT, data, tfsetup
from tfsetup.host.probe import probe
from tfsetup.matrix.file.disk import read_pips
from tfsetup.matrix.pips import pip_for

pytestmark = pytest.mark.e2e

# Two of the Pythons that the newest release has wheels for, whichever this machine has.
WANTED = [python.minor for python in probe(downloads=False).pythons or () if python.path and not python.free_threaded]
PYTHONS = sorted({minor for minor in WANTED if minor in {"3.10", "3.11", "3.12", "3.13"}}, reverse=True)[:2]

# A job that a shell started in the background ignores SIGINT, and hands that down; CI may be such a job.
HEEDING = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "from tfsetup.cli.app import run; sys.exit(run(sys.argv[1:]))"
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home with a space")


@pytest.fixture(scope="module", params=PYTHONS)
def installed(home: Path, request: pytest.FixtureRequest) -> tuple[Path, dict[str, Any], str]:
    """Install for one Python; return the prefix, the data of the JSON, and the Python."""
    prefix = home / f"env-{request.param}"
    argv = ["install", "--accelerator", "cpu", "--python", request.param, "--prefix", str(prefix), "--json"]
    done = tfsetup(*argv, cwd=home)
    assert done.returncode == 0, done.stderr
    return prefix, data(done), request.param


def test_this_machine_has_two_pythons_to_try() -> None:
    assert len(PYTHONS) == 2


def test_tensorflow_runs_and_multiplies_correctly(installed: tuple[Path, dict[str, Any], str]) -> None:
    _, told, minor = installed
    verified = told["verify"]
    assert told["changed"] is True
    assert verified["python"]
    assert f"tensorflow-cpu=={verified['tensorflow']['version']}" in told["requirements"]
    cpu = next(device for device in verified["devices"] if device["type"] == "CPU")
    assert cpu["status"] == "ok"
    for product in cpu["matmul"]:
        assert product["dtype"] == "float32"
        assert product["gflops"] == pytest.approx(2 * product["n"] ** 3 / product["median_s"] / 1e9, rel=1e-2)
        assert 0 <= product["max_rel_error"] < 1e-4
    assert told["python"] == minor
    assert {image["arch"] for image in verified["native_runtime"]} == {probe(pythons=False, downloads=False).arch}


def test_the_environment_is_what_it_says(installed: tuple[Path, dict[str, Any], str]) -> None:
    prefix, told, minor = installed
    script = "import json, sys, tensorflow as tf; print(json.dumps([tf.__version__, sys.version_info[:2], sys.prefix]))"
    done = tfsetup("run", str(prefix), "--", "python", "-c", script, cwd=prefix.parent)
    assert done.returncode == 0, done.stderr
    version, python, where = json.loads(done.stdout)
    assert version == told["verify"]["tensorflow"]["version"]
    assert ".".join(map(str, python)) == minor
    assert where == str(prefix)


def test_its_pip_is_its_own_and_finds_nothing_broken(installed: tuple[Path, dict[str, Any], str]) -> None:
    prefix, _, minor = installed
    pinned = pip_for(read_pips(), minor)
    assert pinned is not None

    def pip(*argv: str) -> str:
        done = tfsetup("run", str(prefix), "--", "python", "-m", "pip", *argv, cwd=prefix.parent)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert pip("--version").startswith(f"pip {pinned.version} from {prefix}/")
    assert pip("check") == "No broken requirements found.\n"


def test_a_second_time_there_is_nothing_to_do(installed: tuple[Path, dict[str, Any], str]) -> None:
    prefix, told, minor = installed
    argv = ["install", "--accelerator", "cpu", "--python", minor, "--prefix", str(prefix), "--offline", "--json"]
    again = data(tfsetup(*argv, cwd=prefix.parent))
    assert again["changed"] is False
    assert again["generation"] == told["generation"]
    assert again["verify"] == told["verify"]


@pytest.mark.parametrize("installed", PYTHONS[-1:], indirect=True)
def test_another_release_is_another_generation_and_the_way_back_is_short(
    installed: tuple[Path, dict[str, Any], str],
) -> None:
    prefix, first, minor = installed
    common = ["--accelerator", "cpu", "--python", minor, "--prefix", str(prefix), "--json"]
    older = tfsetup("install", "--tensorflow", "2.20.*", *common, cwd=prefix.parent)
    assert older.returncode == 0, older.stderr
    second = data(older)
    assert (second["generation"], second["changed"]) == (first["generation"] + 1, True)
    assert second["verify"]["tensorflow"]["version"].startswith("2.20.")
    back = data(tfsetup("rollback", "--prefix", str(prefix), "--json", cwd=prefix.parent))
    assert back["generation"] == first["generation"]
    show = "import tensorflow as tf; print(tf.__version__)"
    done = tfsetup("run", str(prefix), "--", "python", "-c", show, cwd=prefix.parent)
    assert done.stdout.strip() == first["verify"]["tensorflow"]["version"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "terminated"])
def test_an_interrupted_installation_leaves_what_was_there(home: Path, tmp_path: Path, number: signal.Signals) -> None:
    prefix = tmp_path / "env"
    small = tmp_path / "cache"
    argv = [sys.executable, "-c", HEEDING, "install", "--accelerator", "cpu", "--prefix", str(prefix)]
    environ = os.environ | {"PYTHONPATH": str(ROOT / "installer"), "UV_CACHE_DIR": str(small)}
    with subprocess.Popen(argv, cwd=home, env=environ, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        for line in running.stderr:
            if line.startswith("Downloading"):
                break
        time.sleep(0.5)
        running.send_signal(number)
        said = running.stderr.read()
        assert running.wait(30) == 130
    assert said.endswith("error: Interrupted; nothing half-done is left behind.\n")
    assert not prefix.exists()
    assert sorted(path.name for path in (tmp_path / "env.generations").iterdir()) == [".gitignore", "lock"]


def test_an_unknown_release_is_refused_before_anything_happens(home: Path, tmp_path: Path) -> None:
    done = tfsetup("install", "--tensorflow", "2.99.0", "--json", cwd=tmp_path)
    assert done.returncode == 4
    assert json.loads(done.stdout)["data"]["resolve"]["reasons"]
    assert list(tmp_path.iterdir()) == []
    assert home.exists()


def test_an_index_that_is_not_there_is_exit_5(tmp_path: Path) -> None:
    environ = {
        "UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple",
        "UV_HTTP_RETRIES": "0",
        "UV_CACHE_DIR": str(tmp_path / "c"),
    }
    done = tfsetup("install", "--json", cwd=tmp_path, **environ)
    assert done.returncode == 5
    assert json.loads(done.stdout)["error"]["code"] == "network"
    assert not (tmp_path / ".venv").exists()


def test_a_folder_that_cannot_be_written_is_exit_6(tmp_path: Path) -> None:
    # A file where a folder must be stands in for every reason (root may write anywhere).
    (tmp_path / "file").write_text("")
    done = tfsetup("install", "--prefix", str(tmp_path / "file" / "env"), "--json", cwd=tmp_path)
    assert done.returncode == 6
    assert json.loads(done.stdout)["error"]["code"] == "build"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a file system of 64 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("a small file system cannot be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_told_as_one_and_leaves_nothing(small_disk: Path) -> None:
    argv = ["install", "--accelerator", "cpu", "--python", PYTHONS[0], "--prefix", str(small_disk / "env"), "--json"]
    done = tfsetup(*argv, cwd=small_disk)
    assert done.returncode == 6
    assert "The disk is full." in json.loads(done.stdout)["error"]["message"]
    assert "UV_CACHE_DIR" in json.loads(done.stdout)["error"]["hint"]
    assert not (small_disk / "env").exists()
    assert sorted(path.name for path in (small_disk / "env.generations").iterdir()) == [".gitignore", "lock"]


def test_a_read_only_folder_is_told_as_one(small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    done = tfsetup("install", "--accelerator", "cpu", "--prefix", str(small_disk / "env"), cwd=Path("/"))
    assert done.returncode == 6
    assert "cannot be written: Read-only file system" in done.stderr
    assert "nothing here needs root" in done.stderr
