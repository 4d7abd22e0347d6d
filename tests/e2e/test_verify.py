"""Verification of real TensorFlow builds: old and new, whole and broken, on this CPU and on emulated ones."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from uv import find_uv_bin

from support.arm64 import build_environment
from support.process import data, tfsetup
from support.real_files import QEMU, aarch64_root
from tfsetup.ground.looking import find
from tfsetup.host.model import Host
from tfsetup.host.probe import probe
from tfsetup.matrix.model import Expectation
from tfsetup.verify import verify
from tfsetup.verify.checks import names
from tfsetup.verify.judge import judge
from tfsetup.verify.model import Verification
from tfsetup.verify.run import run_probe

pytestmark = pytest.mark.e2e

HOST = probe(downloads=False)
PYTHONS = {python.minor: python.path for python in HOST.pythons or () if python.path and not python.free_threaded}
# A release each of Keras 2 and 3, of the old and the new native layout, and of NumPy 1 and 2; oldest Python last.
BUILDS = [
    ("3.13", ["tensorflow-cpu==2.21.0", "scipy", "threadpoolctl"]),
    *(
        pytest.param(("3.12", [f"tensorflow-cpu=={version}", "threadpoolctl"]), marks=pytest.mark.exhaustive)
        for version in ("2.20.0", "2.18.1", "2.16.2")
    ),
    pytest.param(("3.12", ["tensorflow-cpu==2.19.1", "threadpoolctl"]), marks=pytest.mark.exhaustive),
    ("3.11", ["tensorflow-cpu==2.15.1", "threadpoolctl"]),
    ("3.9", ["tensorflow-cpu==2.8.4", "numpy<2", "protobuf<3.21", "threadpoolctl"]),
]
CPU = Expectation(devices=("CPU",), blas="openblas", arch=HOST.arch)

x86_64_only = pytest.mark.skipif(HOST.arch != "x86_64", reason="these wheels are for x86_64")


def build(folder: Path, minor: str, requirements: list[str]) -> Path:
    """Return the interpreter of a new environment."""
    uv = find_uv_bin()
    subprocess.run([uv, "venv", "-q", "-p", str(PYTHONS[minor]), str(folder)], check=True)
    subprocess.run([uv, "pip", "install", "-q", "--python", str(folder), *requirements], check=True)
    return folder / "bin" / "python"


@pytest.fixture(scope="module", params=BUILDS, ids=lambda build: f"{build[1][0]}-py{build[0]}")
def python(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    minor, requirements = request.param
    if minor not in PYTHONS:
        pytest.skip(f"no Python {minor} on this machine")
    return build(tmp_path_factory.mktemp("real") / "env", minor, requirements)


@pytest.fixture(scope="module")
def found(python: Path) -> Verification:
    return verify(python, expect=CPU, host=HOST, mode="full", sizes=[256, 1024])


@x86_64_only
def test_a_real_tensorflow_passes_the_whole_examination(found: Verification) -> None:
    assert found.ok, found.findings
    assert found.failure is None
    (cpu,) = found.devices
    assert cpu.status in {"ok", "slow"}  # this machine may be busy
    assert {(item.n, item.dtype) for item in cpu.matmul} == {
        (n, dtype) for n in (256, 1024) for dtype in ("float32", "float16", "bfloat16", "float64")
    }
    for item in cpu.matmul:
        assert item.error is None
        assert item.max_rel_error is not None
        assert item.tolerance is not None
        assert item.max_rel_error <= item.tolerance
        assert item.placed_on == "CPU:0"
        assert item.repeatable
        assert item.gflops == pytest.approx(2e-9 * item.n**3 / (item.median_s or 0), rel=1e-6)
    assert [(check.name, check.status) for check in cpu.checks] == [(name, "ok") for name in names("full")], cpu.checks


@x86_64_only
def test_every_native_library_is_there_and_the_runtime_s_belong_to_a_wheel(found: Verification) -> None:
    for image in found.native_runtime:
        assert Path(image.path).exists()
        assert image.arch == HOST.arch
    runtime = [image for image in found.native_runtime if "site-packages/tensorflow/" in image.path]
    assert len(runtime) >= 30
    assert {(image.wheel or "").split(" ")[0] for image in runtime} == {"tensorflow_cpu"}


@x86_64_only
def test_the_blas_is_the_one_threadpoolctl_finds(python: Path, found: Verification) -> None:
    script = "import json, numpy, threadpoolctl; print(json.dumps(threadpoolctl.threadpool_info()))"
    told = subprocess.run([python, "-c", script], capture_output=True, text=True, check=True)
    (library,) = (each for each in json.loads(told.stdout) if each["user_api"] == "blas")
    numpy = found.blas
    assert numpy.library == library["internal_api"]
    assert os.path.realpath(str(numpy.path)) == os.path.realpath(library["filepath"])
    assert (numpy.version, numpy.core, numpy.threads) == (
        library["version"],
        library["architecture"],
        library["num_threads"],
    )


@x86_64_only
def test_import_phases_add_up(found: Verification) -> None:
    assert found.import_s is not None
    assert sum(found.import_phases.values()) == pytest.approx(found.import_s, rel=0.2)
    assert {"native libraries", "tensorflow", "numpy"} <= set(found.import_phases)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One environment for the tests that break a copy of it or run it elsewhere."""
    minor = max(set(PYTHONS) & {"3.10", "3.11", "3.12", "3.13"}, key=lambda text: int(text.split(".")[1]))
    python = build(tmp_path_factory.mktemp("whole") / "env", minor, ["tensorflow-cpu==2.21.0"])
    subprocess.run([python, "-c", "import tensorflow"], capture_output=True, check=True)  # its bytecode, for all copies
    return python.parents[1]


def copied(whole: Path, folder: Path) -> Path:
    """Return a copy in links; a file is replaced or deleted, for a change would be one of uv's cache as well."""
    subprocess.run(["cp", "-al", str(whole), str(folder)], check=True)
    return next((folder / "lib").glob("python*/site-packages/tensorflow"))


@x86_64_only
def test_a_damaged_native_library_is_told_by_its_name(whole: Path, tmp_path: Path) -> None:
    package = copied(whole, tmp_path / "env")
    library = package / "libtensorflow_framework.so.2"
    beginning = library.read_bytes()[:100_000]
    library.unlink()
    library.write_bytes(beginning)
    broken = verify(find(tmp_path / "env").python)
    assert broken.failure is not None
    assert broken.failure.kind in {"import-error", "crash"}
    assert not broken.ok
    assert broken.findings[0].cause == "incomplete-install-missing-native-lib"
    assert "libtensorflow_framework.so.2, tensorflow_cpu 2.21.0: 100000 bytes instead of " in broken.findings[0].detail


@x86_64_only
def test_a_missing_native_library_is_an_import_error_in_the_loader_s_words(whole: Path, tmp_path: Path) -> None:
    package = copied(whole, tmp_path / "env")
    (package / "libtensorflow_cc.so.2").unlink()
    broken = verify(find(tmp_path / "env").python)
    assert broken.failure is not None
    assert broken.failure.kind == "import-error"
    assert "libtensorflow_cc.so.2: cannot open shared object file" in broken.failure.message
    assert "libtensorflow_cc.so.2, tensorflow_cpu 2.21.0: is missing" in broken.findings[0].detail


def test_a_system_python_without_tensorflow_says_so(tmp_path: Path) -> None:
    system = shutil.which("python3", path="/usr/bin")
    if system is None:
        pytest.skip("no system Python")
    done = tfsetup("verify", system, "--json", cwd=tmp_path, TFSETUP_STATE=str(tmp_path))
    assert done.returncode == 7
    assert data(done)["failure"]["kind"] == "no-tensorflow"


@x86_64_only
def test_a_link_to_an_environment_and_a_hostile_shell_change_nothing(whole: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(whole)
    hostile: dict[str, Any] = {
        "PYTHONPATH": str(tmp_path / "decoy"), "PYTHONHOME": "/nowhere", "LD_PRELOAD": "/nowhere/lib.so",
        "CONDA_PREFIX": "/nowhere", "VIRTUAL_ENV": "/nowhere", "PYTHONWARNINGS": "error", "PYTHONOPTIMIZE": "2",
    }  # fmt: skip
    (tmp_path / "decoy" / "tensorflow").mkdir(parents=True)
    found = subprocess.run(
        [str(whole / "bin" / "python"), "-c", "import sys; print(sys.version.split()[0])"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        for name, value in hostile.items():
            if name != "PYTHONHOME":
                patch.setenv(name, value)
        verified = verify(find(link).python)
    assert verified.ok, verified.findings
    assert verified.python == found.stdout.strip()
    assert verified.prefix == str(link)


@pytest.mark.heavy
@x86_64_only
@pytest.mark.skipif(shutil.which("qemu-x86_64-static") is None, reason="no qemu-user")
@pytest.mark.parametrize(
    ("cpu", "runs"), [("Nehalem", False), pytest.param("SandyBridge", True, marks=pytest.mark.exhaustive)]
)
def test_a_cpu_without_avx_is_the_right_finding(whole: Path, cpu: str, runs: bool) -> None:
    python = whole / "bin" / "python"
    command = ["qemu-x86_64-static", "-cpu", cpu, str(python)]
    outcome = run_probe(python, command=command, sizes=[128], timeout_s=1800)
    found = judge(outcome, CPU, HOST)  # the host has AVX; the child's own CPU is what counts
    if runs:
        assert found.ok, found.findings
        return
    assert found.failure is not None
    assert (found.failure.kind, found.failure.signal, found.failure.phase) == ("crash", "SIGILL", "import")
    assert found.findings[0].cause == "cpu-no-avx"
    assert str(found.failure.library).endswith("_pywrap_cpu_feature_guard.so")


@pytest.mark.heavy
def test_the_aarch64_wheels_run_under_emulation(tmp_path: Path) -> None:
    root = aarch64_root()
    python = build_environment(tmp_path / "env", root, "tensorflow==2.21.0")
    command = [QEMU, "-L", str(root), str(python)]
    outcome = run_probe(python, command=command, sizes=[128], timeout_s=3600)
    found = judge(outcome, None, Host(arch="x86_64"))
    assert found.ok, found.findings
    assert found.arch == "aarch64"
    assert {image.arch for image in found.native_runtime} == {"aarch64"}
    assert found.blas.library == "openblas"
    assert found.devices[0].matmul[0].finite
    assert "an aarch64 interpreter is emulated on x86_64 hardware" in [finding.title for finding in found.findings]
