"""A real device of TensorFlow that misbehaves as Apple's does (support/fake_gpu): seen, cured, and never installed."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from uv import find_uv_bin

from support.fake_gpu import plugin
from support.index import serve
from support.process import data, tfsetup
from tfsetup.ground.looking import find
from tfsetup.host.probe import probe
from tfsetup.verify import verify
from tfsetup.verify.checks import names
from tfsetup.verify.model import Device, Verification

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.heavy,
    pytest.mark.skipif(bool(plugin.missing()), reason=plugin.missing() or "it can be built"),
]

TENSORFLOW = "2.21.0"
PYTHONS = {
    python.minor: python.path
    for python in probe(downloads=False).pythons or ()
    if python.path and not python.free_threaded
}
MINOR = max(set(PYTHONS) & {"3.10", "3.11", "3.12", "3.13"}, key=lambda text: int(text.split(".")[1]))

ROW = f"""
schema: 1
rows:
  - id: linux-x86_64-fake-metal
    title: a fake GPU
    when: {{os: linux, arch: x86_64}}
    accelerator: metal
    auto: first
    distribution: tensorflow-cpu
    versions: "=={TENSORFLOW}"
    python: "{MINOR}"
    plugin:
      distribution: fake-metal
      build: wheel
      pairs:
        - {{tensorflow: "=={TENSORFLOW}", plugin: "1.0", because: it was built for it, source: our own tests}}
    source: our own tests
"""
HAZARD = """
hazards:
  - id: fake-activation-dropped
    title: drops the activation of Dense layers
    distribution: fake-metal
    versions: "==1.0"
    consequence: what a Dense layer computes is wrong
    asked_by: [dense-relu-graph]
    cure:
      environment: {TURN_OFF_REMAPPER: "1"}
      because: it keeps the plugin from fusing
    evidence: [our own tests]
    source: our own tests
"""
LACKING = {"einsum", "jitted-function"}  # as with Apple's plugin: no kernel, and no XLA
TELL = "import os; print(os.environ.get('TURN_OFF_REMAPPER'))"


@dataclass(frozen=True)
class Bench:
    """A folder with two matrices, an index that has the plugin's wheel, and a prefix."""

    folder: Path
    port: int

    @property
    def prefix(self) -> Path:
        return self.folder / ".venv"

    def tfsetup(self, *argv: str, matrix: str = "with.yaml", **environ: str) -> CompletedProcess[str]:
        index = f"http://user:x@127.0.0.1:{self.port}/simple"
        settings = {"UV_INDEX": index, "FAKE_GPU_DEFECTS": "drop-activation", "TF_NUM_INTRAOP_THREADS": "1"}
        where = str(self.folder / matrix)
        return tfsetup("--matrix", where, *argv, cwd=self.folder, **(settings | environ))

    def install(self, *argv: str, **more: Any) -> CompletedProcess[str]:
        return self.tfsetup("install", "--prefix", str(self.prefix), "--no-lock", "--json", *argv, **more)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with TensorFlow and the device beside it."""
    environment = tmp_path_factory.mktemp("fake") / "env"
    uv = find_uv_bin()
    subprocess.run([uv, "venv", "-q", "-p", str(PYTHONS[MINOR]), str(environment)], check=True)
    wanted = f"tensorflow-cpu=={TENSORFLOW}"
    subprocess.run([uv, "pip", "install", "-q", "--python", str(environment), wanted], check=True)
    plugin.put(plugin.site_packages(environment), cache(tmp_path_factory))
    return environment


def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp() / "fake-gpu"


@pytest.fixture(scope="module")
def bench(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("bench")
    (folder / "with.yaml").write_text(ROW + HAZARD, encoding="utf-8")
    (folder / "without.yaml").write_text(ROW, encoding="utf-8")
    plugin.wheel(plugin.built(plugin.site_packages(whole), cache(tmp_path_factory)), folder / "wheels")
    with serve(folder / "wheels", "user:x") as port:
        made = Bench(folder, port)
        done = made.install()
        assert done.returncode == 0, done.stderr
        told = data(done)
        assert told["environment"] == {"TURN_OFF_REMAPPER": "1"}
        gpu = next(device for device in told["verify"]["devices"] if device["name"] == "GPU:0")
        assert gpu["status"] in {"ok", "slow"}
        yield made


@pytest.mark.parametrize(
    ("argv", "matrix"), [(["--without-cures"], "with.yaml"), ([], "without.yaml")], ids=["without-cures", "no-hazard"]
)
def test_uncured_it_is_never_installed_and_the_old_generation_stays(bench: Bench, argv: list[str], matrix: str) -> None:
    before = bench.prefix.readlink()
    done = bench.install(*argv, matrix=matrix)
    assert done.returncode == 7, done.stderr
    assert bench.prefix.readlink() == before
    assert "dense-relu-graph" in done.stdout
    assert "the activation is not computed (Relu, Relu6, Elu, LeakyRelu in a tf.function, Dense through predict)" in (
        done.stdout
    )


def test_the_cure_is_there_however_a_process_is_started(bench: Bench) -> None:
    python = str(bench.prefix / "bin" / "python")
    bare = {"PATH": os.defpath, "HOME": str(bench.folder)}
    activate = f'. {bench.prefix}/bin/activate && python -c "{TELL}"'
    kernel = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]], check=True, env={})"
    starts = {
        "by its path": [python, "-c", TELL],
        "isolated": [python, "-I", "-c", TELL],
        "activated": ["/bin/sh", "-c", activate],
        "as a kernel's child": [python, "-c", kernel, TELL],
    }
    for how, command in starts.items():
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=bare, cwd=bench.folder)
        assert done.stdout.strip() == "1", how
    ran = bench.tfsetup("run", str(bench.prefix), "--", "python", "-c", TELL)
    assert ran.stdout.strip() == "1", ran.stderr
    user = subprocess.run(
        [python, "-c", TELL], capture_output=True, text=True, check=True, env=bare | {"TURN_OFF_REMAPPER": "0"}
    )
    assert user.stdout.strip() == "0"  # a value of the user's own is left alone


def test_verify_says_that_a_user_switched_the_cure_off(bench: Bench) -> None:
    done = bench.tfsetup("verify", str(bench.prefix), "--quick", "--json", TURN_OFF_REMAPPER="0")
    assert done.returncode == 7
    titles = [finding["title"] for finding in json.loads(done.stdout)["findings"]]
    assert "GPU:0 computes wrong results" in titles
    assert any(title.startswith("TURN_OFF_REMAPPER is '0' in this environment's processes") for title in titles)


def examined(whole: Path, monkeypatch: pytest.MonkeyPatch, defects: str, **more: Any) -> Verification:
    monkeypatch.setenv("FAKE_GPU_DEFECTS", defects)
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "1")
    return verify(find(whole).python, sizes=[128], dtypes=["float32"], **more)


def bad_checks(device: Device) -> dict[str, str]:
    return {check.name: check.status for check in device.checks if check.status not in {"ok", "skipped"}}


@pytest.mark.parametrize(
    ("defects", "patience_s", "kind", "where"),
    [
        ("hang=_FusedMatMul", 12.0, "hang", {"dense-relu-graph", "gradient-of-dense", "small-k-bias"}),
        ("crash=Conv2D", None, "crash", {"conv-relu-graph"}),
    ],
)
def test_the_cpu_is_measured_whatever_becomes_of_the_gpu(
    whole: Path, monkeypatch: pytest.MonkeyPatch, defects: str, patience_s: float | None, kind: str, where: set[str]
) -> None:
    found = examined(whole, monkeypatch, defects, patience_s=patience_s)
    assert found.failure is not None
    assert found.failure.kind == kind
    cpu, gpu = found.devices
    assert cpu.status in {"ok", "slow"}
    assert [check.name for check in cpu.checks] == names("quick")
    assert {check.status for check in cpu.checks} == {"ok"}
    assert gpu.status == "failed"
    assert gpu.matmul  # what it had done before is kept
    assert bad_checks(gpu) == dict.fromkeys(where, "hung" if kind == "hang" else "failed")
    # Who does not ask for the operation was asked all the same.
    assert {check.name for check in gpu.checks if check.status == "ok"} >= {*names("quick")} - where - LACKING
    assert "GPU:0" in found.findings[0].title


@pytest.mark.exhaustive
def test_a_healthy_plugin_without_xla_passes_the_whole_examination(
    whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = examined(whole, monkeypatch, "", mode="full")
    assert found.ok, found.findings
    assert bad_checks(found.devices[1]) == {}
    assert {check.name for check in found.devices[1].checks if check.status == "skipped"} == LACKING
    assert any(finding.title.startswith("GPU:0 has no XLA") for finding in found.findings)


@pytest.mark.exhaustive
def test_a_failed_training_step_says_why(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = examined(whole, monkeypatch, "fail=Relu", mode="full")
    training = next(check for check in found.devices[1].checks if check.name == "training step")
    assert training.status == "failed"
    assert "the fake GPU does not compute this" in training.message
