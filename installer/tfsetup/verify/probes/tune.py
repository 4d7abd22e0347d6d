"""A lane of `verify --tune`: one process with one setting, which computes when it is told to, turn by turn.

Whoever started it starts others with other settings and gives each its turn: times that are compared are then taken a
fraction of a second after one another, whatever else the machine does meanwhile. A request is a line of JSON on
standard input, `{"workload": …, "variant": …}`; the end of the input ends the process.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from typing import Any

from . import devices, facts, processors, workloads
from .channel import Channel, describe
from .matmul import median

TURN_S = 0.1  # a workload is repeated within its turn until about this long has passed
SHORT_S = 0.03  # before anything shorter the caches are filled again: another process had the cores
MOST = 50  # repetitions in a turn
OURS = ("TF_CPP_MIN_LOG_LEVEL", "TF_CPP_VMODULE", "TF_FORCE_GPU_ALLOW_GROWTH", "KERAS_BACKEND")


def run(channel: Channel, options: dict[str, Any]) -> None:
    """Import TensorFlow, tell its state, prepare the workloads on a device, and answer requests for turns.

    `options`: `device` (`CPU` or `GPU`; None: a GPU where there is one), `scale` (None: as this machine is fast),
    `asks_compiler` (whether XLA compiles for the device, which takes a second to find out).
    """
    tf, np = _imported(channel), importlib.import_module("numpy")
    if tf is None:
        return
    with channel.phase("devices"):
        devices.prepare(tf, options.get("device") or _best(tf))
        tf.config.set_soft_device_placement(True)  # as in everybody's programs
        found = devices.listed(tf)
        device = _measured(tf, options.get("device"))
        channel.send("state", **state(tf, found, device, asks_compiler=bool(options.get("asks_compiler"))))
    with channel.phase("workloads"):
        scale = options.get("scale") or workloads.scale(tf, np, device)
        ready = workloads.prepared(tf, np, device, scale)
        channel.send("ready", scale=scale, device=device, workloads=[one.as_event() for one in ready])
        _serve(channel, {one.key: one for one in ready})
    channel.send("done")


def _imported(channel: Channel) -> Any:
    with channel.phase("import"):
        return importlib.import_module("tensorflow")
    return None


def _best(tf: Any) -> str:
    return "GPU" if tf.config.list_physical_devices("GPU") else "CPU"


def _measured(tf: Any, wanted: Any) -> str:
    """Return the device to compute on as `CPU:0`, after it was set up."""
    kinds = [device.device_type for device in tf.config.list_logical_devices()]
    kind = wanted or ("GPU" if "GPU" in kinds else "CPU")
    if kind not in kinds:
        raise RuntimeError("TensorFlow lists no " + kind)
    return kind + ":0"


def state(tf: Any, found: list[devices.Device], device: str, *, asks_compiler: bool) -> dict[str, Any]:
    """Return what decides which switches there are: the build's, the device's and the machine's part of it."""
    told = facts.tensorflow(tf)
    return {
        "version": told["version"],
        "onednn": told["onednn"],
        "tensor_float_32": told["tensor_float_32"],
        "device": device,
        "devices": [one.as_event() for one in found],
        "compiler": workloads.compiles(tf, device) if asks_compiler else None,
        "settings": facts.interpreter(OURS)["influences"],
        "threads": processors.threads(),
        "free_bytes": facts.free_bytes(),
    }


def _serve(channel: Channel, ready: dict[tuple[str, str], workloads.Workload]) -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        key = (asked["workload"], asked.get("variant") or "")
        try:
            seconds, work = turn(ready[key])
            channel.send("turn", workload=key[0], variant=key[1], seconds=seconds, work=work)
        except Exception as error:
            channel.send("turn", workload=key[0], variant=key[1], seconds=None, error=describe(error))


def turn(workload: workloads.Workload) -> tuple[float, float]:
    """Return the seconds of one run, the median of as many as fit into a turn, and those of all its processors' time.

    The second hardly knows of others that use the machine; what runs on a GPU is not in it.
    """
    if workload.seconds < SHORT_S:
        workload.run()
    samples = []
    worked = time.process_time()
    for _run in range(max(1, min(MOST, int(TURN_S / max(workload.seconds, 1e-6))))):
        started = time.perf_counter()
        workload.run()
        samples.append(time.perf_counter() - started)
    return median(samples), (time.process_time() - worked) / len(samples)
