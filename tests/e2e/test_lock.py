"""Locks for real: written from the index, installed by everybody who can read them, and again without a network."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.process import ROOT, data, tfsetup
from tfsetup.host.probe import probe

pytestmark = pytest.mark.e2e

ROW = "linux-x86_64-cpu"
HOST = probe(downloads=False)
HERE = [p for p in HOST.pythons or () if p.path and p.minor in {"3.11", "3.12", "3.13"} and not p.free_threaded]
ROWS = [
    "macos-arm64-metal",
    "macos-arm64-cpu",
    "macos-x86_64-cpu",
    "linux-x86_64-cuda",
    "linux-x86_64-cpu",
    "linux-aarch64-cpu",
    "windows-x86_64-cpu",
]
# Nothing listens there: whoever asks the network fails.
CUT = {
    "UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple",
    "UV_HTTP_RETRIES": "0",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "HTTP_PROXY": "http://127.0.0.1:9",
}
IMPORT = "import tensorflow as tf; print(tf.__version__)"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A team's project with both forms of every lock, written once."""
    folder = tmp_path_factory.mktemp("project")
    python = HERE[0].minor
    (folder / "environments").mkdir()
    (folder / "environments/team.yaml").write_text(
        f'platforms: [{ROW}, macos-arm64-metal]\npythons: ["{python}", "3.12"]\nrequirements:\n  - python-dateutil\n'
    )
    for form in ("pylock", "portable"):
        done = tfsetup("lock", "--format", form, "--no-prove", "--json", cwd=folder)
        assert done.returncode == 0, done.stderr
    return folder


def lock(project: Path, name: str) -> Path:
    return project / "environments" / "locks" / name


def run(*argv: str | Path, **environ: str) -> str:
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
    done = subprocess.run(
        [str(word) for word in argv], env=plain | environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def uv() -> str:
    from uv import find_uv_bin

    return str(find_uv_bin())


def venv(folder: Path, *options: str) -> Path:
    run(uv(), "venv", "--quiet", "--no-project", *options, "--python", str(HERE[0].path), folder)
    return folder / "bin" / "python"


def test_uv_installs_from_the_form_with_addresses(project: Path, tmp_path: Path) -> None:
    python = venv(tmp_path / "v")
    run(
        uv(),
        "pip",
        "sync",
        "--quiet",
        "--preview-features",
        "pylock",
        "--python",
        python,
        lock(project, f"pylock.{ROW}.toml"),
    )
    assert run(python, "-c", "import dateutil; " + IMPORT).strip()


def test_a_current_pip_installs_from_the_form_with_addresses(project: Path, tmp_path: Path) -> None:
    python = venv(tmp_path / "v", "--seed")
    run(python, "-m", "pip", "install", "--quiet", "--upgrade", "pip>=26.1")
    run(python, "-m", "pip", "install", "--quiet", "-r", lock(project, f"pylock.{ROW}.toml"))
    assert run(python, "-c", IMPORT).strip()


def test_any_pip_installs_from_the_portable_form(project: Path, tmp_path: Path) -> None:
    python = venv(tmp_path / "v", "--seed")
    run(python, "-m", "pip", "install", "--quiet", "pip==24.0")
    wanted: list[str | Path] = [
        "--require-hashes",
        "--only-binary",
        ":all:",
        "-r",
        lock(project, f"requirements.{ROW}.txt"),
    ]
    run(python, "-m", "pip", "install", "--quiet", *wanted)
    assert run(python, "-c", IMPORT).strip()


def test_the_wrong_python_is_refused_by_uv(project: Path, tmp_path: Path) -> None:
    other = next(p for p in HERE if p.minor != HERE[0].minor)
    run(uv(), "venv", "--quiet", "--no-project", "--python", str(other.path), tmp_path / "v")
    argv = [uv(), "pip", "sync", "--preview-features", "pylock", "--python", tmp_path / "v/bin/python"]
    done = subprocess.run(
        [*map(str, argv), str(lock(project, f"pylock.{ROW}.toml"))], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "incompatible" in done.stderr


@pytest.mark.parametrize("form", ["pylock", "portable"])
def test_a_fresh_clone_installs_with_the_network_cut(project: Path, tmp_path: Path, form: str) -> None:
    clone = tmp_path / "clone"
    (clone / "environments/locks").mkdir(parents=True)
    (clone / "environments/team.yaml").write_bytes((project / "environments/team.yaml").read_bytes())
    name = f"pylock.{ROW}.toml" if form == "pylock" else f"requirements.{ROW}.txt"
    (clone / "environments/locks" / name).write_bytes(lock(project, name).read_bytes())
    argv = ["install", "--accelerator", "cpu", "--no-verify", "--no-preflight", "--json"]
    online = data(tfsetup(*argv, cwd=clone))
    assert online["changed"] is True
    again = data(tfsetup(*argv, cwd=clone, **CUT))
    assert again["changed"] is False
    cut = {name: value for name, value in CUT.items() if not name.startswith("UV_DEFAULT")}
    done = tfsetup(*argv, "--offline", "--prefix", "second", cwd=clone, **cut)
    assert done.returncode == 0, done.stderr
    assert "nothing is resolved" in done.stderr
    assert run(clone / "second/bin/python", "-c", "import dateutil; " + IMPORT).strip()
    told = json.loads((clone / "second.generations/1.json").read_text())
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
    text = lock(project, "pylock.macos-arm64-metal.toml").read_text()
    tag = f"cp{HERE[0].minor.replace('.', '')}"
    assert f"-{tag}-{tag}-macosx_12_0_arm64.whl" in text[text.index('name = "tensorflow-metal"') :]
    numpy = text[text.index('name = "numpy"') :].split("[[packages]]")[0]
    assert "macosx_14_0_arm64.whl" in numpy
    assert "linux" not in text.replace("environments = ", "")


def test_every_default_row_locks_the_same_twice(tmp_path: Path) -> None:
    first = tfsetup("lock", "--no-prove", "--json", "-o", "a", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert [one["row"] for one in data(first)["files"]] == ROWS
    assert tfsetup("lock", "--no-prove", "--upgrade", "-o", "b", cwd=tmp_path).returncode == 0
    one, two = ({p.name: p.read_bytes() for p in (tmp_path / name).iterdir()} for name in ("a", "b"))
    assert one == two


def test_a_real_conflict_names_both_sides_and_the_line(tmp_path: Path) -> None:
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments/team.yaml").write_text(
        f'platforms: [{ROW}]\npythons: ["3.11"]\ntensorflow: "2.15.*"\nrequirements:\n  - six\n  - numpy>=2\n'
    )
    done = tfsetup("lock", "--json", cwd=tmp_path)
    assert done.returncode == 3
    error: dict[str, Any] = json.loads(done.stdout)["error"]
    assert error["where"] == "environments/team.yaml:6:5"
    assert "`numpy>=2`" in error["message"]
    assert "`tensorflow-cpu==2.15." in error["message"]
    assert not (tmp_path / "environments/locks").exists()


def test_the_shipped_locks_are_fresh_and_portable() -> None:
    done = tfsetup("lock", "--check", "--json", cwd=ROOT)
    assert done.returncode == 0, done.stdout
    found = data(done)["files"]
    assert [one["row"] for one in sorted(found, key=lambda one: ROWS.index(one["row"]))] == ROWS
    assert all(Path(one["path"]).name.startswith("requirements.") for one in found)


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
