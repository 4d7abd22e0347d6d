"""The whole way, probe and judgement, over a stand-in for a TensorFlow with a GPU (support/fake_tensorflow.py)."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support import fake_tensorflow
from tfsetup.matrix.model import Expectation
from tfsetup.verify import verify
from tfsetup.verify.checks import names
from tfsetup.verify.model import Verification

pytestmark = pytest.mark.process

WITH_GPU = Expectation(devices=("CPU", "GPU"), blas=None, arch=None)


def examined(
    folder: Path,
    sizes: tuple[int, ...] = (64,),
    dtypes: tuple[str, ...] = ("float32",),
    timeout_s: float = 120,
    patience_s: float | None = None,
    **bad: Any,
) -> Verification:
    """Verify an environment whose GPU behaves as `bad` says."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    site = next(folder.glob("[Ll]ib*/**/site-packages"))
    (site / "numpy.pth").write_text(str(Path(np.__file__).parents[1]), encoding="utf-8")
    package = site / "tensorflow"
    package.mkdir()
    package.joinpath("__init__.py").write_text(
        Path(fake_tensorflow.__file__).read_text(encoding="utf-8"), encoding="utf-8"
    )
    package.joinpath("behaviour.json").write_text(json.dumps(bad), encoding="utf-8")
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    return verify(python, expect=WITH_GPU, sizes=sizes, dtypes=dtypes, timeout_s=timeout_s, patience_s=patience_s)


def gpu_of(found: Verification) -> tuple[str, str]:
    gpu = next(device for device in found.devices if device.type == "GPU")
    return gpu.status, gpu.reason


def test_a_right_gpu_is_ok_or_at_worst_slow(tmp_path: Path) -> None:
    found = examined(tmp_path / "env", sizes=(64, 128))
    assert found.ok, found.findings
    gpu = found.devices[1]
    assert gpu.status in {"ok", "slow"}  # it is this machine's CPU, so which of them is chance
    assert gpu.description == "Imagined GPU"
    assert [(item.n, item.placed_on, item.repeatable) for item in gpu.matmul] == [
        (64, "GPU:0", True),
        (128, "GPU:0", True),
    ]
    assert all(item.max_rel_error is not None and item.max_rel_error < 1e-5 for item in gpu.matmul)
    assert all(item.runs >= 3 and item.median_s and item.gflops for item in gpu.matmul)
    assert found.blas.library is not None


@pytest.mark.parametrize(
    ("bad", "status", "words"),
    [
        ({"answer": "zeros"}, "wrong", "error 1.0e+00 >"),
        ({"answer": "nan"}, "wrong", "NaN"),
        ({"lands_on": "CPU:0"}, "fallback", "was put on GPU:0 and ran on CPU:0"),
        ({"fails": ["float32"]}, "failed", "Could not satisfy device specification"),
        ({"listed": False}, "fallback", "a GPU was expected"),
        ({"signal": int(signal.SIGSEGV)}, "failed", "SIGSEGV"),
        (
            {"drops": ["matmul"]},
            "wrong",
            "dense-relu-graph: the activation is not computed (Relu, Relu6, Elu",
        ),
        ({"drops": ["matmul"], "activations": ["Relu6"]}, "wrong", "the activation is not computed (Relu6 in a tf."),
        ({"drops": ["matmul"], "activations": ["Elu"]}, "wrong", "the activation is not computed (Elu in a tf."),
        ({"drops": ["matmul"], "activations": ["LeakyRelu"]}, "wrong", "computed (LeakyRelu in a tf.function): error"),
        ({"drops": ["conv2d"]}, "wrong", "conv-relu-graph: the activation is not computed (Relu, "),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_a_bad_gpu_is_found_out(tmp_path: Path, bad: dict[str, Any], status: str, words: str) -> None:
    found = examined(tmp_path / "env", **bad)
    assert not found.ok
    assert gpu_of(found)[0] == status
    assert words in gpu_of(found)[1]
    assert found.devices[0].status in {"ok", "slow"}


def test_the_cpu_is_measured_whatever_becomes_of_the_gpu(tmp_path: Path) -> None:
    found = examined(tmp_path / "hangs", timeout_s=10, hangs=True)
    assert found.failure is not None
    assert found.failure.kind == "hang"
    assert gpu_of(found) == ("failed", "the process ended (hang) during matmul float32 64")
    assert found.devices[0].status in {"ok", "slow"}
    asked = {check.name: check.status for check in found.devices[0].checks}
    assert list(asked) == names("quick")
    assert set(asked.values()) == {"ok", "skipped"}  # the stand-in has few operations
    assert asked["dense-relu-graph"] == asked["conv-relu-graph"] == asked["odd-shapes"] == "ok"
    assert {check.status for check in found.devices[1].checks} == {"skipped"}
    assert found.blas.library is not None
    assert 10 < found.seconds < 100


def test_a_gpu_that_cannot_even_be_set_up_leaves_the_cpu_alone(tmp_path: Path) -> None:
    found = examined(tmp_path / "env", dies_while="setup")
    assert found.failure is not None
    assert (found.failure.kind, found.failure.phase) == ("crash", "devices")
    assert gpu_of(found) == ("skipped", "the process ended before its turn")
    assert found.devices[0].status in {"ok", "slow"}
    assert not found.ok


def test_a_type_without_a_kernel_is_no_failure_of_the_device(tmp_path: Path) -> None:
    found = examined(tmp_path / "env", dtypes=("float32", "float64"), fails=["float64"])
    assert found.ok, found.findings
    products = {item.dtype: item.error for item in found.devices[1].matmul}
    assert products["float32"] is None
    assert products["float64"] == "NotFoundError: Could not satisfy device specification"


@pytest.mark.parametrize(
    ("way", "status", "kind", "words"),
    [
        ("hangs", "hung", "hang", "small-k-bias on GPU:0 did not come to its end within 4 s"),
        ("dies", "failed", "crash", "the process ended (SIGABRT)"),
    ],
)
def test_a_hang_or_a_crash_costs_one_check_and_the_next_worker_goes_on(
    tmp_path: Path, way: str, status: str, kind: str, words: str
) -> None:
    """Five of the stand-in's quick checks add a bias; after four the device is given up, and the CPU is asked all."""
    found = examined(tmp_path / way, bias_add=way, patience_s=4.0)
    cpu, gpu = ({check.name: check for check in device.checks} for device in found.devices)
    assert list(cpu) == list(gpu) == names("quick")
    assert {check.status for check in cpu.values()} == {"ok", "skipped"}
    ended = [name for name, check in gpu.items() if check.status == status]
    assert ended == ["dense-relu-graph", "conv-relu-graph", "small-k-bias", "batched-product"]
    assert gpu["transposed-product"].status == "ok"  # between the third and the fourth
    assert gpu["odd-shapes"].message == "not asked: too many checks before it hung or ended the process"
    assert found.failure is not None
    assert found.failure.kind == kind
    assert gpu_of(found)[0] == "failed"
    assert gpu["small-k-bias"].message == words
