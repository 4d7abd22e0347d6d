"""Whether mixed precision adds up in more digits than it multiplies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, bound

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="mixed-precision",
    asks="Keras' Dense in mixed_float16 of 4096 inputs of one sign, eagerly, in a graph, and its gradient",
    why="a sum that is kept in float16 stands still at 2048 times its terms",
    source="none; NVIDIA's and Apple's matrix units add up in float32",
    means="mixed precision loses sums: layers with many inputs are wrong",
    limit=bound(0.05, "rounding to float16 is 5e-4, some partial sums in float16 a few times that; a lost sum is 0.3"),
)

INPUTS = 4096


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Ask the layer with weights of its own."""
    np, tf = asked.np, asked.tf
    inputs = asked.random(1).uniform(0.9, 1.1, (6, INPUTS)).astype(np.float16)
    weights = asked.random(2).uniform(0.4, 0.6, (INPUTS, 3)).astype(np.float16)
    right = inputs.astype(np.float64) @ weights.astype(np.float64)
    made: list[Any] = []

    def off(result: Any) -> float:
        return float(asked.numerics.distance(np, asked.host(result), right))

    def eager() -> float:
        with asked.softly(), asked.on():
            settings = {"use_bias": False, "kernel_initializer": "zeros", "dtype": "mixed_float16"}
            layer = tf.keras.layers.Dense(3, **settings)
            layer.build((None, INPUTS))
            layer.set_weights([weights.astype(np.float32)])
            made.append(layer)
            return off(layer(inputs))

    yield asked.tried("eager", "mixed_float16", eager)
    if made:
        with asked.softly():
            yield asked.tried("graph", "mixed_float16", lambda: off(asked.graph(made[0])(inputs)))
