"""Whether numbers are chosen by a condition, cut off, and turned into other types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, exact

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="where-and-cast",
    asks="where, the places of true, clip, comparisons, casts between float32, float16, int32, int64, bool, uint8",
    why="a cast that rounds where it should cut, a condition in another type",
    source="none",
    means="conditions or casts give other numbers: masks, labels, images",
    limit=exact("numbers are chosen, and casts have one right answer"),
)


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Ask numbers around the places where types bend."""
    np, tf = asked.np, asked.tf
    x, y = asked.normal(1, 1000) * np.float32(100), asked.normal(2, 1000) * np.float32(100)
    mask = x > y
    whole = asked.random(3).integers(-1000, 1000, 1000).astype(np.int32)
    sevens = np.float32(7)
    ask_for = asked.exactly
    questions = [
        ask_for("where", tf.where, (mask, x, y), np.where(mask, x, y)),
        ask_for("where with one row", tf.where, (mask.reshape(50, 20), x.reshape(50, 20), y[:20]),
                np.where(mask.reshape(50, 20), x.reshape(50, 20), y[:20])),
        ask_for("the places of true", tf.where, (mask,), np.argwhere(mask)),
        ask_for("clip", lambda v: tf.clip_by_value(v, -sevens, sevens), (x,), np.clip(x, -sevens, sevens)),
        ask_for("greater", tf.greater, (x, y), x > y),
        ask_for("less or equal", tf.less_equal, (whole, whole[::-1].copy()), whole <= whole[::-1]),
        ask_for("equal", tf.equal, (whole % 3, whole % 2), whole % 3 == whole % 2),
        ask_for("and, or, not", lambda a, b: (a & b, a | b, ~a), (mask, x > 0),
                (mask & (x > 0), mask | (x > 0), ~mask)),
        ask_for("NaN and infinity", lambda v: (tf.math.is_nan(v), tf.math.is_inf(v), tf.math.is_finite(v)),
                (np.array([0, np.nan, np.inf, -np.inf, 1], np.float32),),
                ([False, True, False, False, False], [False, False, True, True, False],
                 [True, False, False, False, True])),
    ]  # fmt: skip
    casts = [
        (x, "int32"), (x, "int64"), (x, "float16"), (whole, "float32"), (whole, "int64"), (mask, "float32"),
        (mask, "int32"), (np.abs(whole % 256).astype(np.int32), "uint8"), ((whole % 256).astype(np.uint8), "float32"),
    ]  # fmt: skip
    for numbers, dtype in casts:
        right = numbers.astype(dtype)
        if dtype == "float16":
            right = right.astype(np.float32)
        questions.append(
            ask_for(f"{numbers.dtype} to {dtype}", lambda v, dtype=dtype: tf.cast(v, dtype), (numbers,), right)
        )
    yield from asked.answers(questions)
