"""What is asked of the kernels into which others are fused: each with every activation, and controls. Pure.

The attributes are those of the operations' definitions in TensorFlow (`tensorflow/core/ops/nn_ops.cc`, `math_ops.cc`);
a `_FusedBatchMatMulV2` is the plugin's own. Activations: what TensorFlow's remapper knows
(`tensorflow/core/grappler/optimizers/remapper.cc`), and so may be asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tfsetup.upkeep.xray.graphs import Attribute

Sizes = tuple[int, ...]

ACTIVATIONS: Final = ("Relu", "Relu6", "Elu", "LeakyRelu", "Tanh", "Sigmoid", "GeluExact", "GeluApproximate")

_ALPHA: Final[Mapping[str, Attribute]] = {"epsilon": 0.001, "leakyrelu_alpha": 0.25}
_STRIDES: Final[Mapping[str, Attribute]] = {"strides": (1, 1, 1, 1), "dilations": (1, 1, 1, 1), "explicit_paddings": ()}
_HOW: Final[Mapping[str, Attribute]] = {"padding": b"SAME", "data_format": b"NHWC", "filter_format": b"HWIO"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A kernel to be made and run once: `fused` is what is asked of it besides its own, `inputs` their names and sizes.

    `must`: what it has to build, where this is a control.
    """

    op: str
    fused: str = ""
    attributes: Mapping[str, Attribute]
    inputs: Mapping[str, Sizes]
    must: str = ""


def cases() -> Iterator[Case]:
    """Yield everything that is asked, the controls among it; without an activation before with one."""
    yield Case(op="Relu", attributes={}, inputs={"x": (4, 6)}, must="reLU(x)")
    for activation in ("", *ACTIVATIONS):
        yield _fused("_FusedMatMul", {"transpose_a": False, "transpose_b": False}, activation, _PRODUCT)
        yield _fused("_FusedBatchMatMulV2", {"adj_x": False, "adj_y": False}, activation, _STACK)
        yield _convolution(activation)
    yield from (_normalisation(activation, added) for activation in ("", "Relu") for added in (False, True))


_PRODUCT: Final[Mapping[str, Sizes]] = {"x": (4, 6), "w": (6, 5), "b": (5,)}
_STACK: Final[Mapping[str, Sizes]] = {"x": (2, 4, 6), "w": (2, 6, 5), "b": (5,)}
_PICTURES: Final[Mapping[str, Sizes]] = {"x": (2, 8, 8, 3), "w": (3, 3, 3, 4), "b": (4,)}
_CHANNELS: Final = ("scale", "offset", "mean", "variance")


def _fused(
    op: str, flags: Mapping[str, Attribute], activation: str, inputs: Mapping[str, Sizes], must: str = ""
) -> Case:
    names = ("BiasAdd", activation) if activation else ("BiasAdd",)
    ops: dict[str, Attribute] = {"fused_ops": tuple(name.encode() for name in names), "num_args": 1}
    return Case(op=op, fused=",".join(names), attributes={**flags, **_ALPHA, **ops}, inputs=inputs, must=must)


def _convolution(activation: str) -> Case:
    must = "reLU(addition(convolution2D(x, w), b))" if activation == "Relu" else ""
    return _fused("_FusedConv2D", {**_STRIDES, **_HOW}, activation, _PICTURES, must)


def _normalisation(activation: str, added: bool) -> Case:
    how: dict[str, Attribute] = {
        "activation_mode": activation.encode() or b"Identity", "num_side_inputs": int(added), "epsilon": 0.001,
        "exponential_avg_factor": 1.0, "data_format": b"NHWC", "is_training": False,
    }  # fmt: skip
    pictures = _PICTURES["x"]
    inputs: dict[str, Sizes] = {"x": pictures, **dict.fromkeys(_CHANNELS, pictures[-1:])}
    if added:
        inputs["side"] = pictures
    names = [*(["side"] if added else []), *([activation] if activation else [])]
    return Case(op="_FusedBatchNormEx", fused=",".join(names), attributes=how, inputs=inputs)
