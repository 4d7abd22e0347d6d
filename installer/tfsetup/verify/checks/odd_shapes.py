"""Whether products of odd shapes are right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, rounding

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="odd-shapes",
    asks="""products of one row, one column, one element, of sizes beside powers of two, (253, 144) x (144, 768); beyond
    quick (2, 20736, 320) x (320, 40)""",
    why="products with a bias were wrong for some shapes, others right",
    source="pytorch 95188, 97239, 122045 (macOS 13.2)",
    means="products of matrices are wrong for some shapes",
    limit=rounding(1000, "up to 1000 products are added up", products=True),
    cost="quick",
)

SHAPES = (
    (1, 1, 1), (1, 1000, 1), (129, 1, 65), (1, 257, 33), (257, 33, 1), (17, 31, 13), (127, 255, 129), (253, 144, 768),
)  # fmt: skip
"""Rows, inputs, columns."""
LONG = (2, 20736, 320)
LONG_COLUMNS = 40  # an emulated CPU has to come to its end too
ROWS = 97


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Ask each shape, with a bias; of the long one some rows are compared."""
    np, tf = asked.np, asked.tf

    def product(x: Any, w: Any, b: Any) -> Any:
        return tf.nn.bias_add(tf.linalg.matmul(x, w), b)

    def made(rows: int, k: int, columns: int) -> Any:
        inputs, weights = asked.normal(rows, rows, k), asked.normal(k, k, columns) / np.float32(k**0.5)
        bias = asked.normal(columns + 1, columns)
        return asked.question(
            f"({rows}, {k}) x ({k}, {columns})",
            product,
            (inputs, weights, bias),
            asked.numerics.dense(np, inputs, weights) + bias,
        )

    yield from asked.answers([made(*shape) for shape in SHAPES])
    if not asked.quick:
        yield from asked.answers([_long(asked)])


def _long(asked: Asked) -> Any:
    np, tf = asked.np, asked.tf
    samples, rows, k = LONG
    inputs, weights = asked.normal(1, *LONG), asked.normal(2, k, LONG_COLUMNS) / np.float32(k**0.5)
    places = np.unique(np.linspace(0, rows - 1, ROWS).astype(np.int32))
    right = asked.once("long", lambda: asked.numerics.dense(np, inputs[:, places], weights))

    def measure(np: Any, values: Any, right: Any) -> float:
        return float(asked.numerics.distance(np, values[:, places], right))

    return asked.question(
        "(2, 20736, 320) x (320, 40)",
        lambda x, w: tf.linalg.matmul(tf.reshape(x, (samples * rows, k)), w),
        (inputs, weights),
        right,
        measure=lambda np, values, right: measure(np, values.reshape(samples, rows, LONG_COLUMNS), right),
        ways=("graph",),
    )
