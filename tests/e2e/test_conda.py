"""The conda backend for real: a channel with real content, the index, TensorFlow, and nobody's conda."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.channel_server import serve
from support.forge import Forge
from support.process import data

pytestmark = pytest.mark.e2e
ASK = ["--backend", "conda", "--accelerator", "cpu"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home with a space")


@pytest.fixture(scope="module")
def installed(forge: Forge, home: Path) -> tuple[Path, dict[str, Any]]:
    """A conda prefix with TensorFlow, served over http, and the data of the JSON."""
    prefix = home / "env"
    with serve(forge.folder) as served:
        argv = ["install", *ASK, "--python", forge.minor, "--prefix", str(prefix), "--json"]
        done = forge.run(*argv, cwd=home, url=served.url)
    assert done.returncode == 0, done.stderr
    return prefix, data(done)


def test_tensorflow_runs_in_the_prefix_and_multiplies_correctly(installed: tuple[Path, dict[str, Any]]) -> None:
    prefix, told = installed
    verified = told["verify"]
    assert (told["changed"], told["backend"]) == (True, "conda")
    assert f"tensorflow-cpu=={verified['tensorflow']['version']}" in told["requirements"]
    cpu = next(device for device in verified["devices"] if device["type"] == "CPU")
    assert cpu["status"] == "ok"
    for product in cpu["matmul"]:
        assert 0 <= product["max_rel_error"] < 1e-4
    assert verified["blas"]["library"] == "openblas"
    assert told["preflight"]["verdict"] == "loads"
    assert (prefix / "conda-meta" / "history").is_file()


def test_conda_s_packages_are_conda_s_and_the_rest_is_the_index_s(installed: tuple[Path, dict[str, Any]]) -> None:
    prefix, told = installed
    site = next((prefix / "lib").glob("python3.*/site-packages"))
    installers = {path.parent.name: path.read_text().strip() for path in site.glob("*.dist-info/INSTALLER")}
    theirs = {name.partition("-")[0] for name, who in installers.items() if who == "conda"}
    assert {"numpy", "scipy", "h5py"} <= theirs
    ours = {name.partition("-")[0] for name, who in installers.items() if who == "uv"}
    assert "tensorflow_cpu" in ours
    assert not ours & theirs
    lock = yaml.safe_load((prefix / "conda-meta" / "conda-lock.yml").read_text())
    locked = {entry["name"]: entry for entry in lock["package"]}
    assert locked["h5py"]["version"] == "3.14.0", "the newer one in the channel is more than TensorFlow admits"
    assert locked["libblas"]["url"].endswith("_openblas.conda")
    assert locked["tensorflow-cpu"]["manager"] == "pip"
    assert all(len(entry["hash"]["sha256"]) == 64 for entry in lock["package"])
    assert told["verify"]["tensorflow"]["version"] == locked["tensorflow-cpu"]["version"]


def test_a_second_time_there_is_nothing_to_do(forge: Forge, installed: tuple[Path, dict[str, Any]]) -> None:
    prefix, told = installed
    argv = ["install", *ASK, "--python", forge.minor, "--prefix", str(prefix), "--offline", "--json"]
    again = data(forge.run(*argv, cwd=prefix.parent))
    assert (again["changed"], again["generation"]) == (False, told["generation"])
    assert again["verify"]["devices"] == told["verify"]["devices"]


def test_programs_of_the_prefix_run_and_name_it(forge: Forge, installed: tuple[Path, dict[str, Any]]) -> None:
    prefix, told = installed
    script = "import json, sys, tensorflow as tf; print(json.dumps([tf.__version__, sys.prefix]))"
    done = forge.run("run", str(prefix), "--", "python", "-c", script, cwd=prefix.parent)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [told["verify"]["tensorflow"]["version"], str(prefix)]
    shell = f'. "{prefix}/bin/activate" && python -c "import numpy, sys; print(sys.prefix)" && f2py -v'
    activated = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False)
    assert activated.returncode == 0, activated.stderr
    assert activated.stdout.splitlines()[0] == str(prefix)


def test_bytecode_is_there_before_the_first_import(installed: tuple[Path, dict[str, Any]]) -> None:
    prefix, _ = installed
    site = next((prefix / "lib").glob("python3.*/site-packages"))
    assert list((site / "numpy" / "__pycache__").glob("__init__.*.pyc"))


def test_verify_knows_a_conda_prefix(forge: Forge, installed: tuple[Path, dict[str, Any]]) -> None:
    prefix, told = installed
    done = forge.run("verify", str(prefix), "--quick", "--json", cwd=prefix.parent)
    assert done.returncode == 0, done.stderr
    found = data(done)
    assert found["tensorflow"]["version"] == told["verify"]["tensorflow"]["version"]
    assert {device["status"] for device in found["devices"]} == {"ok"}
    assert found["blas"]["library"] == "openblas"


@pytest.mark.exhaustive
def test_doctor_and_preflight_know_a_conda_prefix(forge: Forge, installed: tuple[Path, dict[str, Any]]) -> None:
    prefix, _ = installed
    doctor = forge.run("doctor", str(prefix), "--json", cwd=prefix.parent)
    assert doctor.returncode in {0, 7}, doctor.stderr
    assert json.loads(doctor.stdout)["error"] is None
    preflight = forge.run("preflight", str(prefix), "--json", cwd=prefix.parent)
    assert data(preflight)["verdict"] == "loads"


@pytest.mark.exhaustive
def test_another_release_is_another_generation_and_the_way_back_is_short(
    forge: Forge, installed: tuple[Path, dict[str, Any]]
) -> None:
    prefix, told = installed
    argv = [
        "install",
        *ASK,
        "--python",
        forge.minor,
        "--prefix",
        str(prefix),
        "--no-verify",
        "--no-preflight",
        "--json",
    ]
    second = data(forge.run(*argv, "--tensorflow", "2.20.*", cwd=prefix.parent))
    assert (second["generation"], second["changed"]) == (told["generation"] + 1, True)
    back = data(forge.run("rollback", "--prefix", str(prefix), "--json", cwd=prefix.parent))
    assert back["generation"] == told["generation"]
    show = "import tensorflow as tf; print(tf.__version__)"
    done = forge.run("run", str(prefix), "--", "python", "-c", show, cwd=prefix.parent)
    assert done.stdout.strip() == told["verify"]["tensorflow"]["version"]


def test_its_own_lock_builds_it_again_and_the_way_back_is_short(
    forge: Forge, installed: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    prefix, told = installed
    lock = tmp_path / "conda-lock.yml"
    text = (prefix / "conda-meta" / "conda-lock.yml").read_text()
    old = yaml.safe_load(text)["metadata"]["channels"][0]["url"]
    lock.write_text(text.replace(old, forge.folder.as_uri()))
    argv = ["install", "--lock", str(lock), "--prefix", str(prefix), "--no-verify", "--no-preflight", "--json"]
    again = data(forge.run(*argv, cwd=tmp_path))
    assert again["requirements"] == told["requirements"]
    assert (again["generation"], again["changed"]) == (told["generation"] + 1, True)
    assert (prefix / "conda-meta" / "conda-lock.yml").read_text() == lock.read_text()
    back = data(forge.run("rollback", "--prefix", str(prefix), "--json", cwd=prefix.parent))
    assert back["generation"] == told["generation"]
    assert (prefix / "conda-meta" / "conda-lock.yml").read_text() == text
    spoiled = lock.read_text().replace("sha256: ", "sha256: 0", 1)
    lock.write_text(spoiled)
    done = forge.run(*argv, cwd=tmp_path)
    assert done.returncode == 3
    assert json.loads(done.stdout)["error"]["where"].startswith(f"{lock}:")


def test_what_cannot_be_is_explained_and_nothing_is_left(forge: Forge, tmp_path: Path) -> None:
    argv = ["install", "--backend", "conda", "--accelerator", "cpu", "--python", "3.10", "--json"]
    done = forge.run(*argv, cwd=tmp_path)
    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["code"]) == (7, "answer-is-no")
    assert "python: there are 3." in error["message"]
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_somebody_s_conda_is_never_touched(forge: Forge, tmp_path: Path) -> None:
    base = tmp_path / "miniconda3"
    (base / "conda-meta").mkdir(parents=True)
    (base / "condabin").mkdir()
    done = forge.run("install", *ASK, "--prefix", str(base), "--replace", "--json", cwd=tmp_path)
    assert done.returncode == 2
    assert "base environment" in json.loads(done.stdout)["error"]["message"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["miniconda3"]


@pytest.mark.parametrize(
    ("path", "fault", "says"),
    [
        pytest.param(["/repodata.json.zst"], "404", None, marks=pytest.mark.exhaustive),
        (["linux-64/repodata.json.zst"], "truncated", "damaged"),
        ([".conda"], "404", "could not be"),
        ([".conda"], "tampered", "damaged"),
        (["hlocal_4.conda"], "tampered", "its hash differs"),
        (["noarch/repodata.json.zst", "noarch/repodata.json"], "503", "cannot be read"),
    ],
    ids=["no compressed list", "half a list", "no package", "damaged package", "another package", "server error"],
)
def test_a_channel_with_a_fault(forge: Forge, tmp_path: Path, path: list[str], fault: Any, says: str | None) -> None:
    cache = {"RATTLER_CACHE_DIR": str(tmp_path / "cache")}
    argv = ["install", *ASK, "--python", forge.minor, "--no-verify", "--no-preflight", "--json"]
    with serve(forge.folder) as served:
        served.faults.update(dict.fromkeys(path, fault))
        done = forge.run(*argv, "--prefix", str(tmp_path / "env"), cwd=tmp_path, url=served.url, **cache)
    if says is None:
        assert done.returncode == 0, done.stderr
        return
    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["code"]) == (5, "network"), error
    assert says in error["message"]
    assert not os.path.lexists(tmp_path / "env")


@pytest.mark.parametrize("times", [25, pytest.param(200, marks=pytest.mark.exhaustive)])
def test_many_runs_never_end_with_a_signal(forge: Forge, tmp_path: Path, times: int) -> None:
    """py-rattler's threads crash 3 to 11 in a hundred processes at their end, unless they get a moment to settle."""
    matrix = tmp_path / "extra.yaml"
    rule = "{os: linux, package: libblas, build: '*_openblas', use: openblas, source: a test}"
    supply = f"{{channels: [conda-forge], packages: [nosuch], macos: '14.0', blas: [{rule}], source: a test}}"
    matrix.write_text(f"schema: 1\nconda: {supply}\n")
    argv = ["--matrix", str(matrix), "install", *ASK, "--python", forge.minor, "--json"]
    statuses = [forge.run(*argv, cwd=tmp_path).returncode for _ in range(times)]
    assert set(statuses) == {7}
