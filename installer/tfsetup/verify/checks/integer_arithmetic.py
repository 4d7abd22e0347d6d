"""Whether whole numbers are computed exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, exact

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="integer-arithmetic",
    asks="int32 and int64: sum, difference, product beyond 2^24, floor division and rest of negatives, sums, largest",
    why="whole numbers that pass through float32 lose their last digits beyond 2^24",
    source="pytorch 109067, of the same kind",
    means="whole numbers are wrong: counters, indices, labels",
    limit=exact("whole numbers are not rounded"),
)


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Ask numbers that float32 does not have."""
    np, tf = asked.np, asked.tf
    questions = []
    for dtype in ("int32", "int64"):
        a = asked.random(1).integers(-(2**30), 2**30, 500).astype(dtype)
        b = asked.random(2).integers(1, 2**15, 500).astype(dtype)
        small = asked.random(3).integers(-(2**15), 2**15, 500).astype(dtype)
        few = (a // 1024).astype(dtype)
        questions += [
            asked.exactly(f"{dtype} add", tf.add, (a, b), a + b),
            asked.exactly(f"{dtype} subtract", tf.subtract, (a, b), a - b),
            asked.exactly(f"{dtype} multiply", tf.multiply, (small, b), small * b),
            asked.exactly(f"{dtype} floor division", tf.math.floordiv, (a, b), a // b),
            asked.exactly(f"{dtype} rest", tf.math.floormod, (a, b), a % b),
            asked.exactly(f"{dtype} negative", lambda x: (-x, tf.abs(x), tf.maximum(x, 7)), (a,),
                          (-a, np.abs(a), np.maximum(a, 7))),
            asked.exactly(f"{dtype} sum", tf.reduce_sum, (few,), few.sum(dtype=dtype)),
            asked.exactly(f"{dtype} largest", lambda x: (tf.reduce_max(x), tf.reduce_min(x)), (a,), (a.max(), a.min())),
        ]  # fmt: skip
    count = np.array(7, np.int32)
    questions.append(asked.exactly("range", tf.range, (count,), np.arange(7)))
    yield from asked.answers(questions)
