"""Whether values are put, and added, where they belong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, rounding

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="scatter",
    asks="200 values into 50 rows: scatter_nd and tensor_scatter_nd_add with rows repeated, _update with each once",
    why="values for one place are added side by side: without care some are lost",
    source="none",
    means="scattered values are lost or put elsewhere",
    limit=rounding(20, "a row gets up to a dozen values"),
)


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Ask rows that get several values, then rows that get one each."""
    np, tf = asked.np, asked.tf
    base, values = asked.normal(1, 50, 4), asked.normal(2, 200, 4)
    rows = asked.random(3).integers(0, 50, (200, 1)).astype(np.int32)
    once = asked.random(4).permutation(50)[:30, None].astype(np.int32)
    added = np.zeros((50, 4))
    np.add.at(added, rows[:, 0], values.astype(np.float64))
    put = base.copy()
    put[once[:, 0]] = values[:30]
    yield from asked.answers([
        asked.question("scatter_nd", lambda i, x: tf.scatter_nd(i, x, (50, 4)), (rows, values), added),
        asked.question("tensor_scatter_nd_add", tf.tensor_scatter_nd_add, (base, rows, values), added + base),
        asked.question("tensor_scatter_nd_update", tf.tensor_scatter_nd_update, (base, once, values[:30]), put),
    ])  # fmt: skip
