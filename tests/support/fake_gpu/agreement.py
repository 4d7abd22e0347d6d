"""Asks both devices for the same and prints where they differ, as JSON: run by an interpreter that has the fake GPU.

`python agreement.py`: {"asked": how many comparisons, "differing": [[what, type, how far], ...], "lacking": [...]}.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

Case = tuple[str, Callable[[], Any]]
"""What is asked, and how."""

REALS = ("float32", "float16", "bfloat16", "float64")
LIMITS = {"float32": 2e-5, "float64": 1e-11, "float16": 4e-3, "bfloat16": 3e-2}
UNARY = [
    "Abs",
    "Ceil",
    "Cos",
    "Elu",
    "Erf",
    "Exp",
    "Expm1",
    "Floor",
    "Neg",
    "OnesLike",
    "Relu",
    "Relu6",
    "Rint",
    "Selu",
    "Sigmoid",
    "Sign",
    "Sin",
    "Softplus",
    "Softsign",
    "Square",
    "Tan",
    "Tanh",
    "ZerosLike",
    "IsFinite",
    "IsInf",
    "IsNan",
]
POSITIVE = ("Log", "Log1p", "Reciprocal", "Rsqrt", "Sqrt")
BINARY = [
    "AddV2",
    "DivNoNan",
    "FloorDiv",
    "FloorMod",
    "Maximum",
    "Minimum",
    "Mul",
    "RealDiv",
    "SquaredDifference",
    "Sub",
    "Xdivy",
    "Equal",
    "Greater",
    "GreaterEqual",
    "Less",
    "LessEqual",
    "NotEqual",
]
GRADIENTS = {
    "relu": tf.nn.relu,
    "relu6": tf.nn.relu6,
    "elu": tf.nn.elu,
    "leaky": tf.nn.leaky_relu,
    "sigmoid": tf.sigmoid,
    "tanh": tf.tanh,
    "softplus": tf.nn.softplus,
    "sqrt": lambda x: tf.sqrt(tf.abs(x) + 1),
    "rsqrt": lambda x: tf.math.rsqrt(tf.abs(x) + 1),
    "softmax": tf.nn.softmax,
    "slice": lambda x: x[1:, ::-1],
    "gather": lambda x: tf.gather(x, [1, 0, 1]),
    "norm": tf.nn.l2_loss,
}
WHOLE = ("AddV2", "Sub", "Mul", "FloorDiv", "FloorMod", "Maximum", "Minimum", "Equal", "Less", "GreaterEqual")


def cases(dtype: str) -> Iterator[Case]:
    """Yield what is asked of one type of number."""
    random = np.random.default_rng(29)

    def drawn(*shape: int, spread: float = 2.0) -> Any:
        return tf.cast(random.standard_normal(shape) * spread, dtype)

    x, y, column = drawn(3, 5), drawn(3, 5), drawn(3, 1)
    for op in UNARY:
        yield op, partial(getattr(tf.raw_ops, op), **{argument(op): x})
    for op in POSITIVE:
        yield op, partial(getattr(tf.raw_ops, op), x=tf.abs(x) + 1)
    for op in BINARY:
        yield op, partial(getattr(tf.raw_ops, op), x=x, y=y)
        yield op + " repeated", partial(getattr(tf.raw_ops, op), x=column, y=y)
        yield op + " of one number", partial(getattr(tf.raw_ops, op), x=x, y=tf.constant(1.5, dtype))
    yield "Pow", lambda: tf.pow(tf.abs(x), y)
    yield "SelectV2", lambda: tf.where(x > 0, x, column)
    yield "AddN", lambda: tf.add_n([x, y, x])
    yield from products(drawn)
    yield from images(drawn)
    yield from along_axes(x)
    yield from moves(x, y)
    for name, function in GRADIENTS.items():
        yield "gradient of " + name, partial(gradient, function, x)


def argument(op: str) -> str:
    """Name the operand of a raw operation."""
    return {"Elu": "features", "Relu": "features", "Relu6": "features", "Selu": "features", "Softplus": "features",
            "Softsign": "features"}.get(op, "x")  # fmt: skip


def products(drawn: Callable[..., Any]) -> Iterator[Case]:
    """Yield products of matrices."""
    a, b, many, more = drawn(5, 7), drawn(7, 3), drawn(2, 3, 4, 5), drawn(3, 5, 2)
    yield "MatMul", lambda: a @ b
    yield "MatMul turned", lambda: tf.linalg.matmul(b, a, transpose_a=True, transpose_b=True)
    yield "BatchMatMulV2", lambda: many @ more
    yield "BatchMatMulV2 turned", lambda: tf.linalg.matmul(many, many, transpose_b=True)
    yield "BiasAdd", lambda: tf.nn.bias_add(a, a[0])
    yield "BiasAddGrad", lambda: tf.raw_ops.BiasAddGrad(out_backprop=many)


def images(drawn: Callable[..., Any]) -> Iterator[Case]:
    """Yield what goes over images; half the sizes and strides are even."""
    image, filters, each = drawn(2, 8, 7, 3, spread=1), drawn(3, 2, 3, 4, spread=0.5), drawn(3, 3, 3, 2, spread=0.5)
    if image.dtype == tf.float64:  # the device does not convolve it
        return
    for padding in ("SAME", "VALID"):
        for stride in (1, 2):
            yield from windows(image, filters, each, padding, stride)
    yield "Conv2D spread", lambda: tf.nn.conv2d(image, filters, 1, "SAME", dilations=2)
    yield "Conv2D with zeros", lambda: tf.nn.conv2d(image, filters, 1, [[0, 0], [1, 2], [0, 1], [0, 0]])
    for training in (True, False):
        yield f"FusedBatchNormV3 {training}", partial(normalised, training, image)
        yield f"gradient of FusedBatchNormV3 {training}", partial(gradient, partial(normalised, training), image)


def windows(image: Any, filters: Any, each: Any, padding: str, stride: int) -> Iterator[Case]:
    """Yield convolutions and poolings with their gradients."""
    strides = [1, stride, stride, 1]
    for name, function, weights in (
        ("Conv2D", tf.nn.conv2d, filters),
        ("DepthwiseConv2dNative", tf.nn.depthwise_conv2d, each),
    ):
        convolved = partial(function, strides=strides, padding=padding)
        what = f"{name} {padding} {stride}"
        yield what, partial(convolved, image, weights)
        yield "gradients of " + what, partial(both_gradients, convolved, image, weights)
    for pool in (tf.nn.max_pool2d, tf.nn.avg_pool2d):
        pooled = partial(pool, ksize=3, strides=stride, padding=padding)
        what = f"{pool.__name__} {padding} {stride}"
        yield what, partial(pooled, image)
        yield "gradient of " + what, partial(gradient, pooled, image)


def normalised(training: bool, image: Any) -> Any:
    """Normalise a batch of three channels; return it, its mean and its variance."""
    scale, moments = tf.constant([1.0, 2.0, 0.5]), tf.constant([0.5, 1.5, 2.5])
    return tf.raw_ops.FusedBatchNormV3(
        x=image, scale=scale, offset=moments, mean=moments, variance=moments, is_training=training
    )[:3]


def along_axes(x: Any) -> Iterator[Case]:
    """Yield reductions, running sums, orders."""
    for name in ("sum", "mean", "prod", "max", "min"):
        for axis in (None, 0, -1):
            yield f"{name} {axis}", partial(getattr(tf, "reduce_" + name), x, axis, keepdims=axis == 0)
    for name in ("argmax", "argmin"):
        yield name, partial(getattr(tf, name), x, 0)
        yield name + " int32", partial(getattr(tf, name), x, 1, tf.int32)
    for exclusive in (True, False):
        yield f"Cumsum {exclusive}", partial(tf.cumsum, x, 1, exclusive, reverse=exclusive)
        yield f"Cumprod {exclusive}", partial(tf.math.cumprod, x, 0, exclusive)
    yield "Softmax", lambda: tf.nn.softmax(x * 30)
    yield "LogSoftmax", lambda: tf.nn.log_softmax(x)
    yield "cross entropy", lambda: tf.raw_ops.SoftmaxCrossEntropyWithLogits(features=x, labels=tf.nn.softmax(x))
    yield "sparse cross entropy", lambda: tf.raw_ops.SparseSoftmaxCrossEntropyWithLogits(features=x, labels=[0, 4, 2])
    yield "top_k", lambda: tuple(tf.math.top_k(x, 3))
    yield "sort", lambda: tf.sort(x)
    yield "argsort", lambda: tf.argsort(x, direction="DESCENDING")


def moves(x: Any, y: Any) -> Iterator[Case]:
    """Yield what puts elements elsewhere."""
    yield "Transpose", lambda: tf.transpose(tf.stack([x, y]), [2, 0, 1])
    yield "BroadcastTo", lambda: tf.broadcast_to(x[:, :1], [2, 3, 5])
    yield "Fill", lambda: tf.fill([2, 3], x[0, 0])
    yield "Slice", lambda: tf.slice(x, [1, 2], [-1, 2])
    yield "StridedSlice", lambda: (x[::-1, 1:4:2], x[..., tf.newaxis, 2], x[-1], x[:, -2:])
    yield "ReverseV2", lambda: tf.reverse(x, [1])
    yield "Tile", lambda: tf.tile(x, [2, 3])
    yield "Pad", lambda: (tf.pad(x, [[1, 0], [2, 1]]), tf.pad(x, [[0, 1], [0, 2]], constant_values=2))
    yield "ConcatV2", lambda: (tf.concat([x, y, x], 1), tf.concat([x, y], 0))
    yield "Pack", lambda: (tf.stack([x, y], 1), tf.stack([x, y], -1))
    yield "Unpack", lambda: tuple(tf.unstack(x, axis=1))
    yield "Split", lambda: (*tf.split(x, 5, 1), *tf.split(x, [1, -1], 0))
    yield "GatherV2", lambda: (tf.gather(x, [2, 0]), tf.gather(x, [[4, 0]], axis=1))
    yield "GatherV2 in batches", lambda: tf.gather(x, [[0, 1], [4, 2], [3, 3]], batch_dims=1)
    yield "GatherNd", lambda: (tf.gather_nd(x, [[2, 4], [0, 1]]), tf.gather_nd(x, [[1]]))
    yield "ScatterNd", lambda: tf.scatter_nd([[1], [3], [1]], x, [4, 5])
    yield "OneHot", lambda: (tf.one_hot([1, 3, 9], 4, dtype=x.dtype), tf.one_hot([[1, 0]], 3, axis=0, dtype=x.dtype))
    yield "Cast", lambda: (tf.cast(x, "int32"), tf.cast(x, "float32"), tf.cast(x, "bool"), tf.cast([True], x.dtype))
    if x.dtype in (tf.float32, tf.float64):
        at = [[1], [0], [1]]
        yield "TensorScatterAdd", lambda: tf.tensor_scatter_nd_add(x, at, y)
        yield "TensorScatterSub", lambda: tf.tensor_scatter_nd_sub(x, at, y)
        yield "TensorScatterUpdate", lambda: tf.tensor_scatter_nd_update(x, [[2], [0]], y[:2])
        yield "UnsortedSegmentSum", lambda: tf.math.unsorted_segment_sum(x, [1, 0, 1], 3)


def whole_cases() -> Iterator[Case]:
    """Yield what is asked of integers."""
    x = tf.constant([[-7, 3, 2**40], [0, -(2**53) - 1, 9]], tf.int64)
    y = tf.constant([[2, -4, 3], [5, 1, 9]], tf.int64)
    for op in WHOLE:
        yield op, partial(getattr(tf.raw_ops, op), x=x, y=y)
    yield "Abs", lambda: tf.abs(x)
    yield "Sum", lambda: tf.reduce_sum(y, 1)
    yield "Max", lambda: tf.reduce_max(y)
    yield "Cast", lambda: (tf.cast(y, "int32"), tf.cast(y, "uint8"), tf.cast(y, "float32"))
    yield "sort", lambda: (tf.sort(x), tf.argsort(tf.cast(y, "int32")), tf.sort(tf.cast(y, "int32")))
    yield "logic", lambda: (
        tf.logical_and(x > 0, y > 0), tf.logical_or(x > 0, y > 0), tf.logical_not(x > 0),
        tf.reduce_any(x > 0, 0), tf.reduce_all(x > 0),
    )  # fmt: skip
    yield "GatherV2", lambda: tf.gather(tf.constant([4, 5, 6]), [2, 0])
    yield "argmax of int32", lambda: tf.argmax(tf.constant([5000, 5001, 4999]))


def gradient(function: Callable[[Any], Any], x: Any) -> Any:
    """Return the gradient of what `function` makes of `x`, weighted so that no two elements count alike."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        made = function(x)
        made = made[0] if isinstance(made, (tuple, list)) else made
        weights = tf.cast(tf.reshape(np.linspace(0.5, 1.5, int(np.prod(made.shape))), made.shape), made.dtype)
        total = tf.reduce_sum(made * weights)
    found = tape.gradient(total, x)
    return tf.convert_to_tensor(found)


def both_gradients(function: Callable[[Any, Any], Any], x: Any, weights: Any) -> tuple[Any, Any]:
    """Return the gradients of the images and of the weights."""
    return gradient(lambda given: function(given, weights), x), gradient(lambda given: function(x, given), weights)


def answers(ask: Callable[[], Any], device: str) -> tuple[list[Any], str]:
    """Return what a device answers, as arrays of float64, and where the first of them is."""
    with tf.device(device):
        found = ask()
    found = list(found) if isinstance(found, (tuple, list)) else [found]
    return [np.asarray(tf.cast(one, "float64") if one.dtype.is_floating else one) for one in found], found[0].device


def apart(one: list[Any], other: list[Any]) -> float:
    """Return how far two lists of arrays are apart, relative to what is largest; infinite where shapes differ."""
    worst = 0.0
    for left, right in zip(one, other):  # noqa: B905 - Python 3.9
        if left.shape != right.shape:
            return float("inf")
        if left.size:
            difference = np.abs(left.astype("float64") - right.astype("float64")).max()
            worst = max(worst, float(difference / (1 + np.abs(right.astype("float64")).max())))
    return float("inf") if np.isnan(worst) else worst


def main() -> None:
    """Ask for everything."""
    tf.config.set_soft_device_placement(False)
    asked, differing, lacking = 0, [], []
    every = [(dtype, *case) for dtype in REALS for case in cases(dtype)]
    every += [("int64", *case) for case in whole_cases()]
    for dtype, what, ask in every:
        try:
            right, _place = answers(ask, "/CPU:0")
        except (tf.errors.OpError, ValueError):  # the CPU has no such kernel, of short types mostly
            continue
        asked += 1
        try:
            found, place = answers(ask, "/GPU:0")
        except (tf.errors.OpError, ValueError) as error:
            lacking.append([what, dtype, str(error)[:300]])
            continue
        far = apart(found, right)
        if not far <= LIMITS.get(dtype, 0.0) or ":GPU:" not in place:
            differing.append([what, dtype, far if ":GPU:" in place else place])
    json.dump({"asked": asked, "differing": differing, "lacking": lacking}, sys.stdout)


if __name__ == "__main__":
    main()
