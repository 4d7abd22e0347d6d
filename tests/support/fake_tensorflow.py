"""A stand-in for TensorFlow with a GPU, for machines that have none: the few names the probe calls, computed by NumPy.

A test copies this file into an environment as `tensorflow/__init__.py`, with `behaviour.json` beside it saying what
the GPU does wrong: `answer` (`right`, `zeros`, `nan`), `lands_on` (the device its results come from), `signal` (kills
the process at the first product on the GPU), `fails` (types it has no kernel for), `listed` (whether there is one).
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

__version__ = "2.99.0"

BEHAVIOUR: dict[str, Any] = {"answer": "right", "listed": True, "fails": [], "lands_on": "GPU:0", "signal": None}
with contextlib.suppress(FileNotFoundError):
    BEHAVIOUR.update(json.loads((Path(__file__).parent / "behaviour.json").read_text(encoding="utf-8")))

_place = ["CPU:0"]
_soft = [True]


class errors:  # noqa: N801 - TensorFlow's name
    class OpError(Exception):
        """As TensorFlow has it."""

    class NotFoundError(OpError):
        """As TensorFlow has it."""


class version:  # noqa: N801 - TensorFlow's name
    GIT_VERSION = b"v2.99.0-0-gabcdef"


class Tensor:
    def __init__(self, array: Any, device: str) -> None:
        self.array = array
        self.backing_device = f"/job:localhost/replica:0/task:0/device:{device}"

    def numpy(self) -> Any:
        return self.array


class PhysicalDevice:
    def __init__(self, kind: str) -> None:
        self.name = f"/physical_device:{kind}:0"
        self.device_type = kind


class _Experimental:
    @staticmethod
    def get_device_details(device: PhysicalDevice) -> dict[str, Any]:
        return {"device_name": "Imagined GPU"} if device.device_type == "GPU" else {}

    @staticmethod
    def set_memory_growth(_device: PhysicalDevice, _enable: bool) -> None:
        raise ValueError("this device has no such setting")


class config:  # noqa: N801 - TensorFlow's name
    experimental = _Experimental

    @staticmethod
    def list_physical_devices(kind: str | None = None) -> list[PhysicalDevice]:
        kinds = ["CPU", "GPU"] if BEHAVIOUR["listed"] else ["CPU"]
        return [PhysicalDevice(each) for each in kinds if kind in {None, each}]

    @staticmethod
    def list_logical_devices() -> list[PhysicalDevice]:
        return config.list_physical_devices()

    @staticmethod
    def set_soft_device_placement(enabled: bool) -> None:
        _soft[0] = enabled


@contextlib.contextmanager
def device(name: str) -> Iterator[None]:
    _place.append(name.rsplit("device:", 1)[-1])
    try:
        yield
    finally:
        _place.pop()


def cast(value: Any, dtype: str) -> Tensor:
    return Tensor(np.asarray(value).astype(np.float32 if dtype == "bfloat16" else dtype), _place[-1])


def identity(tensor: Tensor) -> Tensor:
    return Tensor(tensor.array, _place[-1])


def reduce_max(tensor: Tensor) -> Tensor:
    return Tensor(tensor.array.max(), _place[-1])


class linalg:  # noqa: N801 - TensorFlow's name
    @staticmethod
    def matmul(a: Tensor, b: Tensor) -> Tensor:
        if _place[-1] == "CPU:0":
            return Tensor(a.array @ b.array, "CPU:0")
        if BEHAVIOUR["signal"]:
            os.kill(os.getpid(), BEHAVIOUR["signal"])
        if a.array.dtype.name in BEHAVIOUR["fails"]:
            words = "Could not satisfy device specification" if not _soft[0] else "soft placement is on"
            raise errors.NotFoundError(words)
        factor = {"right": 1.0, "zeros": 0.0, "nan": float("nan")}[BEHAVIOUR["answer"]]
        return Tensor((a.array @ b.array) * np.asarray(factor, a.array.dtype), BEHAVIOUR["lands_on"])
