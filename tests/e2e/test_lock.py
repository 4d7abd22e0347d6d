"""Locks for real: written from the index, installed by everybody who can read them, and again without a network."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.locks import CURRENT_ROWS
from support.newcomer import DEAD, installed, locked, pythons_here, run, uv, venv
from support.process import ROOT, data, tfsetup
from tfsetup.locks.files import read_lock

pytestmark = pytest.mark.e2e

ROW = "linux-x86_64-cpu"
HERE = pythons_here()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A team's project with both forms of every lock, written once."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "environments").mkdir()
    (folder / "environments/team.yaml").write_text(
        f'platforms: [{ROW}, macos-arm64-metal]\npythons: ["{HERE[0].minor}", "3.12"]\n'
        "requirements:\n  - python-dateutil\n"
    )
    for form in ("pylock", "portable"):
        done = tfsetup("lock", "--format", form, "--no-prove", "--json", cwd=folder)
        assert done.returncode == 0, done.stderr
    return folder


def lock(project: Path, name: str) -> Path:
    return project / "environments" / "locks" / name


def test_uv_installs_from_the_form_with_addresses(project: Path, tmp_path: Path) -> None:
    python = venv(tmp_path / "v", HERE[0])
    path = lock(project, f"pylock.{ROW}.toml")
    run(uv(), "pip", "sync", "--quiet", "--preview-features", "pylock", "--python", python, path)
    assert installed(python) == locked(path)
    assert (
        run(python, "-c", "import dateutil, tensorflow as tf; print(tf.__version__)").strip()
        == locked(path)["tensorflow-cpu"]
    )


def test_a_current_pip_installs_from_the_form_with_addresses(project: Path, tmp_path: Path) -> None:
    python = venv(tmp_path / "v", HERE[0], "--seed")
    path = lock(project, f"pylock.{ROW}.toml")
    run(python, "-m", "pip", "install", "--quiet", "--upgrade", "pip>=26.1")
    run(python, "-m", "pip", "install", "--quiet", "--no-compile", "-r", path)
    assert installed(python) == locked(path)


def test_any_pip_installs_from_the_portable_form(project: Path, tmp_path: Path) -> None:
    python = venv(tmp_path / "v", HERE[0], "--seed")
    path = lock(project, f"requirements.{ROW}.txt")
    run(python, "-m", "pip", "install", "--quiet", "pip==24.0")
    wanted = ["--quiet", "--no-compile", "--require-hashes", "--only-binary", ":all:"]
    run(python, "-m", "pip", "install", *wanted, "-r", path)
    assert installed(python) == locked(path)


@pytest.mark.skipif(len(HERE) < 2, reason="needs two Pythons that TensorFlow has wheels for")
def test_the_wrong_python_is_refused_by_uv(project: Path, tmp_path: Path) -> None:
    other = HERE[1]
    run(uv(), "venv", "--quiet", "--no-project", "--python", str(other.path), tmp_path / "v")
    argv = [uv(), "pip", "sync", "--preview-features", "pylock", "--python", tmp_path / "v/bin/python"]
    done = subprocess.run(
        [*map(str, argv), str(lock(project, f"pylock.{ROW}.toml"))], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "incompatible" in done.stderr


@pytest.mark.parametrize("form", ["pylock", "portable"])
def test_a_team_s_lock_installs_with_the_network_cut(project: Path, tmp_path: Path, form: str) -> None:
    ours = tmp_path / "ours"
    (ours / "environments/locks").mkdir(parents=True)
    (ours / "environments/team.yaml").write_bytes((project / "environments/team.yaml").read_bytes())
    name = f"pylock.{ROW}.toml" if form == "pylock" else f"requirements.{ROW}.txt"
    (ours / "environments/locks" / name).write_bytes(lock(project, name).read_bytes())
    argv = ["install", "--accelerator", "cpu", "--no-verify", "--no-preflight", "--json"]
    assert data(tfsetup(*argv, cwd=ours))["changed"] is True
    again = data(tfsetup(*argv, cwd=ours, UV_DEFAULT_INDEX="http://127.0.0.1:9/simple", **DEAD))
    assert again["changed"] is False
    done = tfsetup(*argv, "--offline", "--prefix", "second", cwd=ours, **DEAD)
    assert done.returncode == 0, done.stderr
    assert "nothing is resolved" in done.stderr
    assert installed(ours / "second/bin/python") == locked(lock(project, name))
    told = json.loads((ours / "second.generations/1.json").read_text())
    assert told["lock_sha256"] == hashlib.sha256(lock(project, name).read_bytes()).hexdigest()


def test_a_wrong_hash_is_refused_by_the_installer_too(project: Path, tmp_path: Path) -> None:
    text = lock(project, f"requirements.{ROW}.txt").read_text()
    plain = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    sha = hashlib.sha256(b"another six").hexdigest()
    start = plain.index("\nsix==")
    at = plain.index("sha256:", start) + len("sha256:")
    (tmp_path / "requirements.txt").write_text(plain[:at] + sha + plain[at + 64 :] + "\n")
    argv = ["install", "--accelerator", "cpu", "--python", HERE[0].minor, "--no-verify", "--json"]
    done = tfsetup(*argv, "--lock", "requirements.txt", cwd=tmp_path, UV_CACHE_DIR=str(tmp_path / "cache"))
    assert done.returncode == 5
    assert "its hash differs" in json.loads(done.stdout)["error"]["message"]
    assert not (tmp_path / ".venv").exists()


def test_the_mac_s_lock_has_the_plugin_and_accelerate(project: Path) -> None:
    found = read_lock(lock(project, "pylock.macos-arm64-metal.toml"))
    assert found.origin is not None
    tag = f"cp{found.origin.python.replace('.', '')}"
    names = {package.name: [wheel.filename for wheel in package.wheels] for package in found.packages}
    assert [name for name in names["tensorflow-metal"] if name.endswith(f"-{tag}-{tag}-macosx_12_0_arm64.whl")]
    assert [name for name in names["numpy"] if name.endswith("macosx_14_0_arm64.whl")]
    platforms = {name.removesuffix(".whl").rpartition("-")[2] for wheels in names.values() for name in wheels}
    assert {platform for platform in platforms if "arm64" not in platform and "universal2" not in platform} == {"any"}


def test_every_default_row_locks_the_same_twice(tmp_path: Path) -> None:
    first = tfsetup("lock", "--no-prove", "--json", "-o", "a", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert [one["row"] for one in data(first)["files"]] == CURRENT_ROWS
    assert tfsetup("lock", "--no-prove", "--upgrade", "-o", "b", cwd=tmp_path).returncode == 0
    one, two = ({p.name: p.read_bytes() for p in (tmp_path / name).iterdir()} for name in ("a", "b"))
    assert one == two


def test_a_real_conflict_names_both_sides_and_the_line(tmp_path: Path) -> None:
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments/team.yaml").write_text(
        f'platforms: [{ROW}]\npythons: ["3.11"]\ntensorflow: "2.15.*"\nrequirements:\n  - six\n  - numpy>=2\n'
    )
    done = tfsetup("lock", "--json", cwd=tmp_path)
    assert done.returncode == 7
    error: dict[str, Any] = json.loads(done.stdout)["error"]
    assert error["where"] == "environments/team.yaml:6:5"
    assert "`numpy>=2`" in error["message"]
    assert "`tensorflow-cpu==2.15." in error["message"]
    assert not (tmp_path / "environments/locks").exists()


def test_the_shipped_locks_are_fresh_portable_and_for_every_python() -> None:
    done = tfsetup("lock", "--check", "--python", "all", "--json", cwd=ROOT)
    assert done.returncode == 0, done.stdout
    found = data(done)["files"]
    assert list(dict.fromkeys(one["row"] for one in found)) == CURRENT_ROWS
    assert all(Path(one["path"]).name.startswith("requirements.") for one in found)
    assert [one["path"] for one in found if one["verdict"] != "loads" and not one["reasons"]] == []
    pythons = {row: [one["python"] for one in found if one["row"] == row] for row in CURRENT_ROWS}
    assert pythons[ROW] == ["3.13", "3.12", "3.11", "3.10"]
    assert pythons["macos-arm64-metal"] == ["3.12", "3.11", "3.10"]


def test_a_shipped_lock_is_proven_again(tmp_path: Path) -> None:
    name = "requirements.linux-aarch64-cpu.txt"
    shutil.copy(ROOT / "environments/locks" / name, tmp_path)
    argv = ["lock", "--check", "--prove", "-o", str(tmp_path)]
    done = tfsetup(*argv, "--json", cwd=tmp_path, TFSETUP_CACHE_DIR=str(tmp_path / "c"))
    assert done.returncode == 0, done.stderr
    (found,) = data(done)["files"]
    shipped = json.loads((ROOT / "environments/locks/proof.json").read_text())["locks"][name]
    assert (found["verdict"], found["fresh"]) == (shipped["verdict"], True)
    assert f"loads          {shipped['images']} libraries" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_an_interrupted_lock_leaves_the_old_files(project: Path, tmp_path: Path) -> None:
    import signal
    import time

    folder = project / "environments/locks"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    argv = [sys.executable, "-m", "tfsetup", "lock", "--upgrade", "--no-prove"]
    environ = os.environ | {"PYTHONPATH": str(ROOT / "installer"), "UV_CACHE_DIR": str(tmp_path / "cold")}
    with subprocess.Popen(argv, cwd=project, env=environ, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        assert running.stderr.readline().startswith("Locking")
        time.sleep(0.3)
        running.send_signal(signal.SIGTERM)
        assert running.wait(30) == 130
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
