"""Whether the gradient of rows that are used more than once is their sum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, rounding

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="embedding-gradient",
    asks="gradient of 40 rows, 500 uses of them: through gather, and as sums of segments",
    why="rows are added up side by side: without care one of two additions is lost, another each time",
    source="the resource-variable race of the community plugin, of the same kind",
    means="embeddings learn from wrong gradients",
    limit=rounding(60, "each row is used a dozen times or more"),
)


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Ask rows of which each is used many times."""
    np, tf = asked.np, asked.tf
    table, above = asked.normal(1, 40, 6), asked.normal(2, 500, 6)
    rows = asked.random(3).integers(0, 40, 500).astype(np.int32)
    right = np.zeros((40, 6))
    np.add.at(right, rows, above.astype(np.float64))

    def gradient(table: Any, rows: Any, above: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(table)
            used = tf.gather(table, rows)
        return tf.convert_to_tensor(tape.gradient(used, table, output_gradients=above))

    def segments(rows: Any, above: Any) -> Any:
        return tf.math.unsorted_segment_sum(above, rows, 40)

    yield from asked.answers([
        asked.question("through gather", gradient, (table, rows, above), right),
        asked.question("sums of segments", segments, (rows, above), right),
    ])  # fmt: skip
