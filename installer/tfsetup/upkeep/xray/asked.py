"""The graphs that are put before an optimizer: dense layers, a convolution, a step of training. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tfsetup.upkeep.xray.graphs import FLOAT, Attribute, Node, Shape, Type

_T: Final[Mapping[str, Attribute]] = {"T": Type(FLOAT)}
_NHWC: Final[Mapping[str, Attribute]] = {"T": Type(FLOAT), "data_format": b"NHWC"}


def _input(name: str, *sizes: int) -> Node:
    return Node(name=name, op="Placeholder", attributes={"dtype": Type(FLOAT), "shape": Shape(sizes)})


def _node(name: str, op: str, *inputs: str, attributes: Mapping[str, Attribute] = _T) -> Node:
    return Node(name=name, op=op, inputs=inputs, attributes=attributes)


def _product(name: str, one: str, other: str, *, transposed: bool = False) -> Node:
    flags: dict[str, Attribute] = {"transpose_a": transposed, "transpose_b": False}
    return _node(name, "MatMul", one, other, attributes={**_T, **flags})


_DENSE: Final = (_input("x", 64, 256), _input("w", 256, 128), _input("b", 128), _product("product", "x", "w"))
_BIAS: Final = _node("sum", "BiasAdd", "product", "b", attributes=_NHWC)


def _layer(
    activation: str, sum_: Node = _BIAS, *, product: tuple[Node, ...] = _DENSE, attributes: Mapping[str, Attribute] = _T
) -> tuple[Node, ...]:
    """A layer: product, sum and activation ('' for none)."""
    last = [_node("activation", activation, "sum", attributes=attributes)] if activation else []
    return (*product, sum_, *last, _node("out", "Identity", last[0].name if last else "sum"))


def _batch() -> tuple[Node, ...]:
    """A product of matrices in a stack."""
    flags: dict[str, Attribute] = {"adj_x": False, "adj_y": False}
    product = _node("product", "BatchMatMulV2", "x", "w", attributes={**_T, **flags})
    return (_input("x", 4, 64, 256), _input("w", 4, 256, 128), _input("b", 128), product)


def _convolution() -> tuple[Node, ...]:
    strides: dict[str, Attribute] = {"strides": (1, 1, 1, 1), "dilations": (1, 1, 1, 1), "explicit_paddings": ()}
    how: dict[str, Attribute] = {"padding": b"SAME", "use_cudnn_on_gpu": True}
    product = _node("product", "Conv2D", "x", "w", attributes={**_NHWC, **strides, **how})
    return (_input("x", 8, 16, 16, 3), _input("w", 3, 3, 3, 8), _input("b", 8), product)


def _training() -> tuple[Node, ...]:
    """A dense layer with relu, and the gradients of its bias and its weights."""
    return (
        *_layer("Relu"),
        _input("d", 64, 128),
        _node("gradient", "ReluGrad", "d", "activation"),
        _node("bias_gradient", "BiasAddGrad", "gradient", attributes=_NHWC),
        _product("weights_gradient", "x", "gradient", transposed=True),
        _node("out_bias", "Identity", "bias_gradient"),
        _node("out_weights", "Identity", "weights_gradient"),
    )


GRAPHS: Final[Mapping[str, tuple[Node, ...]]] = {
    "dense": _layer(""),
    "dense-relu": _layer("Relu"),
    "dense-relu6": _layer("Relu6"),
    "dense-elu": _layer("Elu"),
    "dense-leaky-relu": _layer("LeakyRelu", attributes={**_T, "alpha": 0.20000000298023224}),
    "dense-tanh": _layer("Tanh"),
    "dense-add-relu": _layer("Relu", _node("sum", "AddV2", "product", "b")),
    "batch-relu": _layer("Relu", product=_batch()),
    "convolution-relu": _layer("Relu", product=_convolution()),
    "training-relu": _training(),
}
"""By name, in the order in which they are asked."""

_ACTIVATIONS: Final[Mapping[str, Mapping[str, Attribute]]] = {
    "": _T,
    "Relu": _T,
    "Relu6": _T,
    "Elu": _T,
    "LeakyRelu": {**_T, "alpha": 0.20000000298023224},
    "Tanh": _T,
    "Sigmoid": _T,
}

FUSABLE: Final[tuple[tuple[Node, ...], ...]] = tuple(
    _layer(activation, product=product, attributes=attributes)
    for product in (_DENSE, _batch(), _convolution())
    for activation, attributes in _ACTIVATIONS.items()
)
"""Layers of every product with every activation: what an optimizer puts together is told from them."""


def outputs(nodes: tuple[Node, ...]) -> tuple[bytes, ...]:
    """Return the names of the nodes that whoever runs the graph asks for."""
    return tuple(node.name.encode() for node in nodes if node.op == "Identity")
