"""Verification: its time against the bare import in it, and the GFLOP/s it reports against the same matmul by hand."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from uv import find_uv_bin

from benchmarks.timing import alternate, command, report

SIZE = 2048
ROUNDS = 5

BY_HAND = f"""
import os, statistics, sys, time
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
import numpy as np, tensorflow as tf
random = np.random.default_rng(0)
a, b = (tf.constant(random.standard_normal(({SIZE}, {SIZE}), dtype=np.float32)) for _ in range(2))
tf.matmul(a, b).numpy()
taken = []
for _ in range(9):
    began = time.perf_counter()
    tf.matmul(a, b).numpy()
    taken.append(time.perf_counter() - began)
print(2e-9 * {SIZE}**3 / statistics.median(taken))
"""


def main() -> None:
    """Measure and print; BENCH_PREFIX names an environment with TensorFlow, else one is built."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TFSETUP_STATE"] = folder
        prefix = Path(os.environ["BENCH_PREFIX"]) if "BENCH_PREFIX" in os.environ else _built(Path(folder) / "env")
        python = str(prefix / "bin" / "python")
        _time(python)
        _rates(python)


def _built(prefix: Path) -> Path:
    uv = find_uv_bin()
    subprocess.run([uv, "venv", "--quiet", str(prefix)], check=True)
    subprocess.run([uv, "pip", "install", "--quiet", "--python", str(prefix), "tensorflow-cpu"], check=True)
    return prefix


def _time(python: str) -> None:
    verify = [sys.executable, "-m", "tfsetup", "-q", "verify", python]
    contenders = {
        "tfsetup verify --quick (part of install)": command(*verify, "--quick"),
        "tfsetup verify (everything)": command(*verify),
        "python -c 'import tensorflow'": command(python, "-c", "import tensorflow"),
    }
    timed = alternate(contenders, rounds=3)
    report("Verifying, whole command", timed, against="python -c 'import tensorflow'")


def _rates(python: str) -> None:
    """One number of each in turns; the ratio of medians should be 1, give or take what the rounds differ."""
    pairs = [(_reported(python), _by_hand(python)) for _ in range(ROUNDS)]
    reported, by_hand = (statistics.median(column) for column in zip(*pairs, strict=True))
    spread = max(max(column) / min(column) - 1 for column in zip(*pairs, strict=True))
    print(f"\nGFLOP/s at {SIZE}, float32, CPU")
    print(f"  reported by tfsetup verify                   {reported / by_hand:6.2f} x   {reported:9.1f} GFLOP/s")
    print(
        f"  by hand, one loop                              1.00 x   {by_hand:9.1f} GFLOP/s  rounds differ {spread:.0%}"
    )


def _reported(python: str) -> float:
    argv = [sys.executable, "-m", "tfsetup", "verify", python, "--quick", "--size", str(SIZE), "--json"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    document: dict[str, Any] = json.loads(done.stdout)
    (item,) = document["data"]["devices"][0]["matmul"]
    return float(item["gflops"])


def _by_hand(python: str) -> float:
    done = subprocess.run([python, "-c", BY_HAND], capture_output=True, text=True, check=True)
    return float(done.stdout)
