"""Whether the times in a text say that the GPU is slower than the CPU: Keras' `8ms/step` and people's own. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from statistics import median
from typing import Final

_TIME: Final = re.compile(
    r"(?P<number>[0-9]{1,6}(?:\.[0-9]{1,6})?) ?(?P<unit>ms|us|µs|s|secs?|seconds?|m|mins?|minutes?)"
    r" ?(?:/|per | a | an )\s?(?P<what>step|epoch|iteration|batch|sample|item)",
    re.IGNORECASE,
)
# The other way round: "the epoch times are around 90 seconds", "each step took 3 ms".
_TURNED: Final = re.compile(
    r"\b(?P<what>step|epoch|iteration|batch)s?(?: times?)?(?: [a-z~]{1,12}){0,4} "
    r"~?(?P<number>[0-9]{1,6}(?:\.[0-9]{1,6})?) ?(?P<unit>ms|us|µs|s|secs?|seconds?|mins?|minutes?)\b",
    re.IGNORECASE,
)
_SECONDS: Final = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}
# The CPU is meant by its name, and where the GPU was taken away.
_CPU: Final = re.compile(
    r"\bcpu\b|\b(?:uninstall|remov|disabl|hid)(?:e|es|ed|ing)?\b.{0,30}(?:metal|gpu)|\bwithout\b.{0,20}(?:metal|gpu)"
    r"|gpus available: ?0|gpu: ?0",
    re.IGNORECASE,
)
_GPU: Final = re.compile(r"\b(?:gpu|metal|mps|tensorflow-metal|m[1-5])\b", re.IGNORECASE)
_REACH: Final = 700
_MOST: Final = 60
# Less than this is what two runs of one program differ by.
_CLEARLY: Final = 1.5


def gpu_is_slower(stream: str) -> int | None:
    """Return the place of the first time given for the GPU, when the GPU's are clearly longer than the CPU's."""
    for what in ("step", "epoch", "iteration", "batch", "sample", "item"):
        told = [one for one in _told(stream) if one[1] == what]
        gpu = [seconds for _, _, device, seconds in told if device == "gpu"]
        cpu = [seconds for _, _, device, seconds in told if device == "cpu"]
        if gpu and cpu and median(gpu) > _CLEARLY * median(cpu):
            return next(at for at, _, device, _ in told if device == "gpu")
    return None


def _told(stream: str) -> Iterator[tuple[int, str, str, float]]:
    times = (*islice(_TIME.finditer(stream), _MOST), *islice(_TURNED.finditer(stream), _MOST))
    for found in sorted(times, key=lambda one: one.start()):
        device = _device(stream[max(0, found.start() - _REACH) : found.start()])
        if device:
            unit = found["unit"].lower()
            scale = _SECONDS.get(unit) or _SECONDS[unit[0]]
            yield found.start(), found["what"].lower(), device, float(found["number"]) * scale


def _device(before: str) -> str:
    """Return of which device somebody spoke last in `before`."""
    cpu = max((found.end() for found in _CPU.finditer(before)), default=-1)
    gpu = max((found.end() for found in _GPU.finditer(before)), default=-1)
    return "" if cpu == gpu == -1 else "cpu" if cpu >= gpu else "gpu"
