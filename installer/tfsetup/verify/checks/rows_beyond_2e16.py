"""Whether a product is right beyond 65536 rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, rounding

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="rows-beyond-2e16",
    asks="(65537, 16) x (16, 8) and a bias, every row (thorough: 2^22 rows of 4)",
    why="a row's number in 16 bits: rows from 65536 on repeated the first ones",
    source="pytorch 189495 (macOS 26.5, M5 Max)",
    means="large batches are wrong from row 65536 on",
    limit=rounding(17, "16 products and a bias are added up", products=True),
    cost="quick",
)


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Compare every row: no two are the same."""
    tf = asked.tf
    sizes = [(2**16 + 1, 16, 8)] + ([(2**22 + 1, 4, 2)] if asked.thorough else [])

    def product(x: Any, w: Any, b: Any) -> Any:
        return tf.nn.bias_add(tf.linalg.matmul(x, w), b)

    for rows, k, columns in sizes:
        inputs, weights, bias = asked.normal(1, rows, k), asked.normal(2, k, columns), asked.normal(3, columns)
        right = asked.numerics.dense(asked.np, inputs, weights) + bias
        yield from asked.answers([asked.question(f"{rows} rows", product, (inputs, weights, bias), right)])
