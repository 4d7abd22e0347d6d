"""Whether functions of single numbers are right."""

from __future__ import annotations

from math import erf as math_erf
from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, bound

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="elementwise",
    asks="30 functions of 1000 numbers each, from exp and tanh to erf, and sums, products, quotients of two",
    why="a GPU's fast functions lose digits, and fail for large, small and negative arguments",
    source="none",
    means="functions of single numbers are wrong",
    limit=bound(2e-4, "fast functions of GPUs are right to 1e-5 of the largest result"),
)

SELU = (1.0507009873554805, 1.6732632423543772)  # Klambauer and others 2017, "Self-Normalizing Neural Networks"


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Ask each function where it is defined."""
    np, tf = asked.np, asked.tf
    x = asked.normal(1, 1000) * np.float32(3)
    positive, within = np.abs(x) + np.float32(0.01), np.tanh(x).astype(np.float32) * np.float32(0.99)
    wide = asked.normal(2, 1000) * np.float32(50)
    large = asked.normal(3, 1000) * np.float32(20)
    math, nn, erf = tf.math, tf.nn, np.vectorize(math_erf)
    sigmoid = logistic(np)

    def below(v: Any) -> Any:
        return np.expm1(np.minimum(v, 0))

    ones: list[tuple[str, Any, Any, Any]] = [
        ("exp", tf.exp, x, np.exp), ("expm1", math.expm1, within, np.expm1), ("log", math.log, positive, np.log),
        ("log1p", math.log1p, positive, np.log1p), ("sqrt", tf.sqrt, positive, np.sqrt),
        ("rsqrt", math.rsqrt, positive, lambda v: 1 / np.sqrt(v)), ("square", tf.square, x, np.square),
        ("sigmoid", tf.sigmoid, wide, sigmoid), ("tanh", tf.tanh, wide, np.tanh),
        ("softplus", math.softplus, wide, lambda v: np.logaddexp(v, 0)), ("sin", tf.sin, large, np.sin),
        ("cos", tf.cos, large, np.cos), ("tan", tf.tan, within, np.tan), ("asin", tf.asin, within, np.arcsin),
        ("atan", tf.atan, x, np.arctan), ("sinh", tf.sinh, x, np.sinh), ("abs", tf.abs, x, np.abs),
        ("sign", tf.sign, x, np.sign), ("floor", tf.floor, x, np.floor), ("ceil", math.ceil, x, np.ceil),
        ("round", tf.round, x, np.round), ("erf", math.erf, x, erf),
        ("reciprocal", math.reciprocal, positive, np.reciprocal),
        ("relu", nn.relu, x, lambda v: np.maximum(v, 0)), ("relu6", nn.relu6, wide, lambda v: np.clip(v, 0, 6)),
        ("elu", nn.elu, x, lambda v: np.where(v < 0, below(v), v)),
        ("selu", nn.selu, x, lambda v: SELU[0] * np.where(v < 0, SELU[1] * below(v), v)),
        ("gelu", nn.gelu, x, lambda v: v * (1 + erf(v / 2**0.5)) / 2), ("silu", nn.silu, x, lambda v: v * sigmoid(v)),
        ("leaky_relu", nn.leaky_relu, x, lambda v: np.where(v < 0, 0.2 * v, v)),
    ]  # fmt: skip
    twos: list[tuple[str, Any, Any, Any]] = [
        ("add", tf.add, x, np.add), ("subtract", tf.subtract, x, np.subtract),
        ("multiply", tf.multiply, x, np.multiply), ("divide", tf.divide, x, np.divide),
        ("maximum", tf.maximum, x, np.maximum), ("minimum", tf.minimum, x, np.minimum),
        ("pow", tf.pow, positive, np.power),
        ("squared_difference", math.squared_difference, x, lambda v, w: (v - w) ** 2),
    ]  # fmt: skip
    second = np.abs(asked.normal(4, 1000)) + np.float32(0.1)
    questions = [
        asked.question(name, lambda v, function=function: function(v), (numbers,), right(numbers.astype(np.float64)))
        for name, function, numbers, right in ones
    ]
    questions += [
        asked.question(
            name,
            lambda v, w, function=function: function(v, w),
            (numbers, second),
            right(numbers.astype(np.float64), second.astype(np.float64)),
        )
        for name, function, numbers, right in twos
    ]
    row, column = x[:30, None], second[None, :20]
    questions.append(asked.question("broadcast", tf.multiply, (row, column), row.astype(np.float64) * column))
    yield from asked.answers(questions)


def logistic(np: Any) -> Any:
    """Return the logistic function of float64 numbers."""
    return lambda v: np.where(v < 0, np.exp(-np.abs(v)), 1) / (1 + np.exp(-np.abs(v)))
