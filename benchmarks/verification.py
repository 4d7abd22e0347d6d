"""Verification: its time against the bare import in it, and the GFLOP/s it reports against the same matmul by hand."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from uv import find_uv_bin

from benchmarks.timing import alternate, command, report

SIZE = 2048
ROUNDS = 5

IN_TURNS = f"""
import importlib, json, os, runpy, statistics, sys, time
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
probe = sys.argv[1]
start = runpy.run_path(os.path.join(probe, "__main__.py"), run_name="probe")
start["load_package"](probe)
matmul = importlib.import_module("tfsetup_probe.matmul")
devices = importlib.import_module("tfsetup_probe.devices")
import numpy as np, tensorflow as tf

class Kept:
    def send(self, event, **fields):
        if event == "matmul":
            reported.append(fields["gflops"])

def by_hand():
    taken = []
    for _ in range(9):
        began = time.perf_counter()
        tf.matmul(a, b).numpy()
        taken.append(time.perf_counter() - began)
    return 2e-9 * {SIZE}**3 / statistics.median(taken)

reported, hand = [], []
random = np.random.default_rng(0)
a, b = (tf.constant(random.standard_normal(({SIZE}, {SIZE}), dtype=np.float32)) for _ in range(2))
by_hand()
for _ in range({ROUNDS}):
    plan = matmul.Plan({{"mode": "full", "sizes": [{SIZE}]}})
    matmul.Sweep(Kept(), tf, np, plan).run(devices.listed(tf)[:1], "float32")
    hand.append(by_hand())
print(json.dumps([reported, hand]))
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
    """Time the probe's own sweep and a plain loop in turns, in one process; the ratio of medians should be 1."""
    probes = str(Path(str(find_spec("tfsetup.verify.probes").origin)).parent)  # type: ignore[union-attr]
    done = subprocess.run([python, "-c", IN_TURNS, probes], capture_output=True, text=True, check=True)
    reported, by_hand = json.loads(done.stdout)
    spread = max(max(column) / min(column) - 1 for column in (reported, by_hand))
    ours, plain = statistics.median(reported), statistics.median(by_hand)
    print(f"\nGFLOP/s at {SIZE}, float32, CPU")
    print(f"  as tfsetup verify reports it                 {ours / plain:6.2f} x   {ours:9.1f} GFLOP/s")
    print(f"  by hand, one loop                              1.00 x   {plain:9.1f} GFLOP/s  rounds differ {spread:.0%}")
