"""Whether running sums and products are right, whole and from behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, rounding

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="cumulative-sum",
    asks="1025 numbers: plain, exclusive, reverse, both; columns of (33, 17); whole numbers; products",
    why="a running sum in groups loses what the groups before it have; a flag is ignored",
    source="none; no release of tensorflow-metal has a kernel for it",
    means="running sums are wrong",
    limit=rounding(1025, "up to 1025 numbers are added up"),
)


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Ask each combination of the two flags."""
    np, tf = asked.np, asked.tf
    numbers, table = asked.normal(1, 1025), asked.normal(2, 33, 17)
    whole = asked.random(3).integers(-9, 9, 1025).astype(np.int32)
    factors = np.exp(asked.normal(4, 300) / np.float32(20)).astype(np.float32)
    questions = []
    for exclusive in (False, True):
        for reverse in (False, True):
            flags = {"exclusive": exclusive, "reverse": reverse}
            words = "".join([" exclusive" * exclusive, " reverse" * reverse])

            def running(x: Any, flags: Any = flags) -> Any:
                return tf.cumsum(x, **flags)

            right = cumulated(np, numbers.astype(np.float64), exclusive=exclusive, reverse=reverse)
            questions.append(asked.question(f"sum{words}", running, (numbers,), right))
            right = cumulated(np, whole, exclusive=exclusive, reverse=reverse)
            questions.append(asked.exactly(f"int32{words}", running, (whole,), right))
    right = np.cumsum(table.astype(np.float64), axis=1)
    questions += [
        asked.question("columns", lambda x: tf.cumsum(x, axis=1), (table,), right),
        asked.question("product", tf.math.cumprod, (factors,), np.cumprod(factors.astype(np.float64))),
    ]
    yield from asked.answers(questions)


def cumulated(np: Any, x: Any, *, exclusive: bool, reverse: bool) -> Any:
    """Return running sums; exclusive: without the number itself."""
    x = x[::-1] if reverse else x
    sums = np.cumsum(x, dtype=x.dtype)
    sums = sums - x if exclusive else sums
    return sums[::-1] if reverse else sums
