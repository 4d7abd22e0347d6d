"""Whether the gradients of a Dense layer are right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, rounding

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="gradient-of-dense",
    asks="gradients of Relu of (33, 65) x (65, 17) with a bias, by input, weights and bias",
    why="predicting is right and training is not: a gradient that is scaled, or passes a Relu that is closed",
    source="tensorflow 62361, 92686; keras 19009",
    means="Dense layers learn from wrong gradients",
    limit=rounding(65, "up to 65 products are added up, twice", products=True, factor=2.0),
    cost="quick",
)


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Ask all three gradients at once, as training does."""
    np, tf = asked.np, asked.tf
    inputs, weights, bias = asked.normal(1, 33, 65), asked.normal(2, 65, 17), asked.normal(3, 17)
    above = asked.normal(4, 33, 17)

    def gradients(x: Any, w: Any, b: Any, above: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch([x, w, b])
            made = tf.nn.relu(tf.nn.bias_add(tf.linalg.matmul(x, w), b))
        return tape.gradient(made, [x, w, b], output_gradients=above)

    linear = asked.numerics.dense(np, inputs, weights) + bias
    passed = above.astype(np.float64) * (linear > 0)
    right = (
        np.einsum("io,ko->ik", passed, weights.astype(np.float64)),
        np.einsum("ik,io->ko", inputs.astype(np.float64), passed),
        passed.sum(axis=0),
    )
    yield from asked.answers([asked.question("Dense with Relu", gradients, (inputs, weights, bias, above), right)])
