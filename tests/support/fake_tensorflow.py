"""A stand-in for TensorFlow with a GPU, for machines that have none: the few names the probe calls, computed by NumPy.

A test copies this file into an environment as `tensorflow/__init__.py`, with `behaviour.json` beside it saying what
the GPU does wrong: `answer` (`right`, `zeros`, `nan`), `lands_on` (the device its results come from), `signal` (kills
the process at the first product on the GPU), `fails` (types it has no kernel for), `listed` (whether there is one),
`hangs` (never ends at the first product on the GPU), `dies_while` (`setup`: as soon as the GPU is set up), `drops` (the
operations whose activations are lost in a graph: `matmul`, `conv2d`), `activations` (only these are lost), `bias_add`
(what a bias on the GPU does to the process: `hangs`, `dies`).
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

__version__ = "2.99.0"

BEHAVIOUR: dict[str, Any] = {"answer": "right", "listed": True, "fails": [], "lands_on": "GPU:0", "signal": None}
BEHAVIOUR |= {"bias_add": None}
BEHAVIOUR |= {"hangs": False, "dies_while": None, "drops": [], "activations": ["Relu", "Relu6", "Elu", "LeakyRelu"]}
with contextlib.suppress(FileNotFoundError):
    BEHAVIOUR.update(json.loads((Path(__file__).parent / "behaviour.json").read_text(encoding="utf-8")))

_place = ["CPU:0"]
_soft = [True]
_visible = ["CPU", "GPU"]
_graph = [False]


class _Missing:
    """A module or operation that this stand-in has not: it has no kernel for what is called."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __getattr__(self, name: str) -> _Missing:
        return _Missing(name)

    def __call__(self, *_arguments: Any, **_settings: Any) -> Any:
        raise errors.NotFoundError(f"Could not satisfy device specification. [Op:{self.name}]")


class _Room(type):
    def __getattr__(cls, name: str) -> _Missing:
        return _Missing(name)


def __getattr__(name: str) -> _Missing:
    if name.startswith("__"):
        raise AttributeError(name)
    return _Missing(name)


class errors:  # noqa: N801 - TensorFlow's name
    class OpError(Exception):
        """As TensorFlow has it."""

    class NotFoundError(OpError):
        """As TensorFlow has it."""


class version:  # noqa: N801 - TensorFlow's name
    GIT_VERSION = b"v2.99.0-0-gabcdef"


class Tensor:
    def __init__(self, array: Any, device: str, made_by: str = "") -> None:
        self.array = array
        self.made_by = made_by
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
        if BEHAVIOUR["dies_while"] == "setup" and "GPU" in _visible:
            os.abort()
        return [each for each in config.list_physical_devices() if each.device_type in _visible]

    @staticmethod
    def set_visible_devices(devices: list[PhysicalDevice]) -> None:
        _visible[:] = [each.device_type for each in devices]

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


def convert_to_tensor(value: Any) -> Tensor:
    return value if isinstance(value, Tensor) else Tensor(np.asarray(value), "CPU:0")


class linalg(metaclass=_Room):  # noqa: N801 - TensorFlow's name
    @staticmethod
    def matmul(a: Any, b: Any, *, transpose_a: bool = False, transpose_b: bool = False) -> Tensor:
        a, b = convert_to_tensor(a), convert_to_tensor(b)
        a = Tensor(np.swapaxes(a.array, -1, -2), "") if transpose_a else a
        b = Tensor(np.swapaxes(b.array, -1, -2), "") if transpose_b else b
        if _place[-1] == "CPU:0":
            return Tensor(a.array @ b.array, "CPU:0")
        if BEHAVIOUR["signal"]:
            os.kill(os.getpid(), BEHAVIOUR["signal"])
        while BEHAVIOUR["hangs"]:
            time.sleep(1)
        if a.array.dtype.name in BEHAVIOUR["fails"]:
            words = "Could not satisfy device specification" if not _soft[0] else "soft placement is on"
            raise errors.NotFoundError(words)
        factor = {"right": 1.0, "zeros": 0.0, "nan": float("nan")}[BEHAVIOUR["answer"]]
        return Tensor((a.array @ b.array) * np.asarray(factor, a.array.dtype), BEHAVIOUR["lands_on"], "matmul")


def function(traced: Callable[..., Any], autograph: bool) -> Callable[..., Any]:
    def call(*arrays: Any) -> Any:
        _graph[0] = True
        try:
            return traced(*map(convert_to_tensor, arrays))
        finally:
            _graph[0] = False

    return call


def _activation(name: str, compute: Callable[[Any], Any]) -> Callable[[Tensor], Tensor]:
    def activate(tensor: Tensor) -> Tensor:
        broken = _graph[0] and tensor.made_by in BEHAVIOUR["drops"] and name in BEHAVIOUR["activations"]
        return tensor if broken else Tensor(compute(tensor.array), _place[-1])

    return activate


class nn(metaclass=_Room):  # noqa: N801 - TensorFlow's name
    relu = staticmethod(_activation("Relu", lambda x: np.maximum(x, 0)))
    relu6 = staticmethod(_activation("Relu6", lambda x: np.clip(x, 0, 6)))
    elu = staticmethod(_activation("Elu", lambda x: np.where(x < 0, np.expm1(x), x)))
    leaky_relu = staticmethod(_activation("LeakyRelu", lambda x: np.where(x < 0, 0.2 * x, x)))

    @staticmethod
    def bias_add(tensor: Tensor, bias: Any) -> Tensor:
        if _place[-1] != "CPU:0" and BEHAVIOUR["bias_add"] == "dies":
            os.abort()
        while _place[-1] != "CPU:0" and BEHAVIOUR["bias_add"] == "hangs":
            time.sleep(1)
        return Tensor(tensor.array + convert_to_tensor(bias).array, _place[-1], tensor.made_by)

    @staticmethod
    def conv2d(images: Tensor, kernels: Tensor, strides: int, padding: str) -> Tensor:
        assert (strides, padding) == (1, "SAME")
        padded = np.pad(images.array, ((0, 0), (1, 1), (1, 1), (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
        made_by = "" if _place[-1] == "CPU:0" else "conv2d"
        return Tensor(np.einsum("nyxcij,ijco->nyxo", windows, kernels.array), _place[-1], made_by)


class _Layer:
    def __init__(self, *_shape: int, **_settings: Any) -> None:
        """Take what Keras takes; shapes follow from the weights."""

    def __call__(self, start: Any) -> Any:
        return type(self), start


class _Layers(metaclass=_Room):
    class Dense(_Layer):
        operation = staticmethod(linalg.matmul)

    class Conv2D(_Layer):
        operation = staticmethod(lambda inputs, kernel: nn.conv2d(inputs, kernel, 1, "SAME"))


class _Model:
    def __init__(self, _start: Any, end: Any) -> None:
        self.layer = end[0]

    def set_weights(self, weights: list[Any]) -> None:
        self.weights = weights

    def predict(self, inputs: Any, batch_size: int, verbose: int) -> Any:  # noqa: ARG002 - Keras' names
        def whole(inputs: Tensor, kernel: Tensor, bias: Tensor) -> Tensor:
            return nn.relu(nn.bias_add(self.layer.operation(inputs, kernel), bias))

        return function(whole, autograph=False)(inputs, *self.weights).numpy()


class keras(metaclass=_Room):  # noqa: N801 - TensorFlow's name
    layers = _Layers
    Model = _Model

    @staticmethod
    def Input(shape: Any, dtype: str) -> Any:  # noqa: N802 - Keras' name
        return shape, dtype
