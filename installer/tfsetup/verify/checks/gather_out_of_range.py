"""Whether rows are gathered by their numbers, and what becomes of one that is not there."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, exact

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="gather-out-of-range",
    asks="gather of float32 and int32 rows by int32 and int64 numbers, gather_nd; a row beyond the last",
    why="what is beyond the end must be refused, or be 0 as documented for GPUs; else it is somebody's memory",
    source="TensorFlow's documentation of tf.gather",
    means="gather gives other rows: embeddings, and what is read beyond a table's end",
    limit=exact("rows are moved and not computed"),
)


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Ask rows that are there, then one that is not."""
    np, tf = asked.np, asked.tf
    table = asked.normal(1, 300, 5)
    whole = asked.random(2).integers(-(2**30), 2**30, (300, 3)).astype(np.int32)
    rows = asked.random(3).integers(0, 300, 700)
    places = np.stack([rows[:50], rows[50:100] % 5], axis=1).astype(np.int32)
    questions = [
        asked.exactly(f"{what} by {dtype}", tf.gather, (values, rows.astype(dtype)), values[rows])
        for what, values in (("float32", table), ("int32", whole))
        for dtype in ("int32", "int64")
    ]
    questions.append(asked.exactly("gather_nd", tf.gather_nd, (table, places), table[places[:, 0], places[:, 1]]))
    yield from asked.answers(questions)
    beyond = np.array([1, 300, 2, 100000, -1], np.int32)

    for way, wrap in (("eager", asked.eager), ("graph", asked.graph)):
        compute = partial(wrap(tf.gather), table, beyond)
        yield asked.tried(way, "beyond the end", partial(_beyond, asked, compute, table[[1, 2]]))


def _beyond(asked: Asked, compute: Any, there: Any) -> float:
    """Return 0 where what is not there is refused, or 0 while the other rows are right."""
    try:
        found = asked.host(compute())
    except asked.tf.errors.InvalidArgumentError as error:
        if "indices" in str(error):
            return 0.0
        raise
    np = asked.np
    return float(np.mean([(found[[0, 2]] != there).any(), *(found[[1, 3, 4]] != 0).any(axis=1)]))
