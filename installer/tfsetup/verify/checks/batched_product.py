"""Whether each product of a batch is its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, rounding

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="batched-product",
    asks="(5, 33, 17) x (5, 17, 9), (2, 3, 8, 16) x (2, 3, 16, 8), one matrix for the whole batch, with bias and Relu",
    why="a batch that is computed with its first matrices only; an activation that is dropped, as in Dense layers",
    source="tensorflow-metal 1.x drops the activation of _FusedBatchMatMulV2 too, emulated",
    means="batched products are wrong: attention, and Dense layers of sequences",
    limit=rounding(17, "up to 17 products are added up", products=True),
    cost="quick",
)


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Ask batches in which no matrix is the same as another."""
    np, tf = asked.np, asked.tf
    left, right = asked.normal(1, 5, 33, 17), asked.normal(2, 5, 17, 9)
    heads, keys = asked.normal(3, 2, 3, 8, 16), asked.normal(4, 2, 3, 16, 8)
    one, bias = asked.normal(5, 17, 9), asked.normal(6, 9)

    def exactly(a: Any, b: Any) -> Any:
        return np.einsum("...ij,...jk->...ik", a.astype(np.float64), b.astype(np.float64), optimize=False)

    def dense(x: Any, w: Any, b: Any) -> Any:
        return tf.nn.relu(tf.nn.bias_add(tf.linalg.matmul(x, w), b))

    yield from asked.answers(
        [
            asked.question("(5, 33, 17) x (5, 17, 9)", tf.linalg.matmul, (left, right), exactly(left, right)),
            asked.question("(2, 3, 8, 16) x (2, 3, 16, 8)", tf.linalg.matmul, (heads, keys), exactly(heads, keys)),
            asked.question("(5, 33, 17) x (17, 9)", tf.linalg.matmul, (left, one), exactly(left, one)),
            asked.question(
                "with bias and Relu", dense, (left * np.float32(2), right, bias),
                np.maximum(exactly(left * np.float32(2), right) + bias, 0),
            ),
        ]
    )  # fmt: skip
