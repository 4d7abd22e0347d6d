"""Sorts what TensorFlow says on standard error: lines that look alarming and mean nothing, and lines that matter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["harmless", "matters", "unknown"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One kind of line: what it says in plain words, and how often it came."""

    kind: Kind
    """Whether it matters; `unknown`: nobody has said."""
    line: str
    """The line, as TensorFlow wrote it."""
    meaning: str
    """What it says, in plain words."""
    times: int = 1
    """How often it came."""


# (kind, pattern, meaning); the first that matches counts.
KNOWN: tuple[tuple[Kind, str, str], ...] = (
    (
        "harmless",
        r"oneDNN custom operations are on",
        "oneDNN kernels are in use; results may differ in the last digits",
    ),
    (
        "harmless",
        r"This TensorFlow binary is optimized (to use|with oneAPI)",
        "an information, not a warning: see CPU features",
    ),
    ("harmless", r"^To enable (them|the following instructions)", "the end of the line about CPU instructions"),
    ("harmless", r"before absl::InitializeLog\(\) is called", "only says that log lines go to standard error"),
    ("harmless", r"Unable to register cu(DNN|FFT|BLAS) factory", "a plugin registers itself twice; nothing is lost"),
    ("harmless", r"computation placer already registered", "registered twice; nothing is lost"),
    ("harmless", r"successful NUMA node read from SysFS had negative value", "a virtual machine reports no NUMA node"),
    ("harmless", r"NUMA node of platform", "macOS has no NUMA nodes to report"),
    ("harmless", r"TF-TRT Warning: Could not find TensorRT", "TensorRT is optional"),
    ("harmless", r"MLIR V1 optimization pass is not enabled", "an information about a compiler pass"),
    ("harmless", r"Plugin optimizer for device_type GPU is enabled", "the plugin's graph optimizer is in use"),
    ("harmless", r"Metal device set to", "names the GPU"),
    ("harmless", r"systemMemory:|maxCacheSize:", "sizes of the GPU's memory"),
    ("harmless", r"Created device /job:|Created TensorFlow device", "a device was created, as intended"),
    ("harmless", r"Created TensorFlow Lite XNNPACK delegate", "TensorFlow Lite uses XNNPACK on the CPU"),
    ("harmless", r"Loaded cuDNN version|XLA service|StreamExecutor device", "names what was initialised"),
    ("harmless", r"cannot determine CPU frequency", "the system states no clock; only profiles use it"),
    ("harmless", r"Invalid device specifications for CPU", "a cost estimate for graph rewriting that goes without"),
    (
        "harmless",
        r"calls to <function Asked\.\S+ at \S+> triggered tf\.function retracing",
        "the checks make a graph for each question",
    ),
    ("matters", r"Cannot dlopen some GPU libraries", "CUDA libraries are missing, so no GPU is registered"),
    ("matters", r"Could not load dynamic library '([^']+)'", "a GPU library is missing"),
    ("matters", r"failed call to cuInit", "the NVIDIA driver is there and refuses to work"),
    ("matters", r"Could not find cuda drivers", "no NVIDIA driver: the GPU is not used"),
    ("matters", r"kernel version \S+ does not match DSO version", "two NVIDIA driver versions at once"),
    ("matters", r"Ignoring visible gpu device", "a GPU was seen and left out"),
    ("matters", r"not built with CUDA kernel binaries compatible", "kernels are compiled anew at the first start"),
)
ALARM = re.compile(r"^(?:\d{4}-\d\d-\d\d [\d:.]+: )?(?:[WEF]\d{4} |[WEF] |WARNING|ERROR|Error)|Warning:", re.IGNORECASE)
# From 2.12 on a line of its own; before, the end of the line about oneDNN.
UNUSED = re.compile(
    r"(?:enable the following|CPU) instructions(?: in performance-critical operations)?: +([A-Z0-9_. ]+)"
)


def sort_messages(log: str) -> tuple[Message, ...]:
    """Return the messages of a log, each kind of line once, unknown alarming lines included."""
    found: dict[str, Message] = {}
    for kind, meaning, line in _classified(log):
        said = found.get(meaning or line, Message(kind=kind, line=line, meaning=meaning, times=0))
        found[meaning or line] = replace(said, times=said.times + 1)
    return tuple(found.values())


def _classified(log: str) -> Iterator[tuple[Kind, str, str]]:
    for raw in log.splitlines():
        line = raw.strip()
        known = next((row for row in KNOWN if re.search(row[1], line)), None)
        if known is not None:
            yield known[0], known[2], line[:300]
        elif ALARM.search(line):
            yield "unknown", "", line[:300]


def unused_cpu_features(log: str) -> tuple[str, ...]:
    """Return the instruction sets the CPU has and this build leaves unused outside its run-time dispatched kernels."""
    match = UNUSED.search(log)
    return tuple(match.group(1).lower().split()) if match else ()
