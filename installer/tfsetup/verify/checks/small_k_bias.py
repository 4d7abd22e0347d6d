"""Whether a product with few inputs and a bias is right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, rounding

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="small-k-bias",
    asks="(64, k) x (k, 32) and a bias, k = 1, 2, 3, 4, with and without Relu",
    why="a product with a bias was 0.18 to 0.23 off for two and four inputs, and wrong for one",
    source="pytorch 188438 (hosted macOS 26 runners), 122045",
    means="layers with few inputs are wrong",
    limit=rounding(5, "four products and the bias are added up", products=True),
    cost="quick",
)


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Ask each number of inputs."""
    np, tf = asked.np, asked.tf
    questions = []
    for k in (1, 2, 3, 4):
        inputs, weights, bias = asked.normal(k, 64, k), asked.normal(k + 10, k, 32), asked.normal(k + 20, 32)
        right = asked.numerics.dense(np, inputs, weights) + bias
        questions += [
            asked.question(
                f"k = {k}",
                lambda x, w, b: tf.nn.bias_add(tf.linalg.matmul(x, w), b),
                (inputs, weights, bias),
                right,
            ),
            asked.question(
                f"k = {k} with Relu",
                lambda x, w, b: tf.nn.relu(tf.nn.bias_add(tf.linalg.matmul(x, w), b)),
                (inputs + np.float32(0.5), weights, bias),
                np.maximum(asked.numerics.dense(np, inputs + np.float32(0.5), weights) + bias, 0),
            ),
        ]
    yield from asked.answers(questions)
