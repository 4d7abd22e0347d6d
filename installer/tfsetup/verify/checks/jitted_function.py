"""Whether a function that XLA compiles is right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, rounding

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="jitted-function",
    asks="Relu of (17, 33) x (33, 9) with a bias, compiled with jit_compile=True",
    why="most plugins bring no compiler: what asks for one fails there",
    source="tensorflow 58988",
    means="what XLA compiles is wrong",
    limit=rounding(34, "33 products and a bias are added up", products=True),
    patience_s=60.0,
)


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Ask with XLA: a device without is told so, and has not failed."""
    np, tf = asked.np, asked.tf
    inputs, weights, bias = asked.normal(1, 17, 33), asked.normal(2, 33, 9), asked.normal(3, 9)
    right = np.maximum(asked.numerics.dense(np, inputs, weights) + bias, 0)

    def layer(x: Any, w: Any, b: Any) -> Any:
        return tf.nn.relu(tf.nn.bias_add(tf.linalg.matmul(x, w), b))

    def compiled() -> float:
        with asked.on():
            result = tf.function(layer, autograph=False, jit_compile=True)(inputs, weights, bias)
        return float(asked.numerics.distance(np, asked.host(result), right))

    yield asked.tried("XLA", "a Dense layer with Relu", compiled)
