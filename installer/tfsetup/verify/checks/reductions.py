"""Whether sums, means, products and largest numbers are right, beyond one group of threads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, exact, rounding

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="reductions",
    asks="sum, mean, product, largest, smallest of n numbers: n = 33, 1025, 65537 (thorough: 2^22); rows, columns",
    why="a reduction in two stages loses what is beyond its first stage's groups",
    source="none: sizes around the powers of two at which kernels change",
    means="sums and means are wrong: losses, metrics, normalisation",
    limit=rounding(65537, "a plain sum of 65537 numbers of one sign"),
    cost="quick",
)

MOST = rounding(2**22, "a plain sum of 2^22 numbers of one sign")
LARGEST = exact("the largest number is one of the numbers")


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Ask vectors, and both axes of a matrix."""
    np, tf = asked.np, asked.tf
    questions = []
    for n in (33, 1025, 65537, *((2**22,) if asked.thorough else ())):
        numbers = asked.random(n).uniform(0.5, 1.5, n).astype(np.float32)
        numbers[[0, n // 2, -1]] = np.float32(n / 8)  # the first, the last and one between weigh: none may be lost
        exactly = numbers.astype(np.float64)
        limit = MOST if n > 65537 else None
        factors = np.exp(asked.normal(n, n) / np.float32(n**0.5)).astype(np.float32)
        product = np.exp(np.log(factors.astype(np.float64)).sum())
        ask_for = asked.question
        questions += [
            ask_for(f"sum of {n}", tf.reduce_sum, (numbers,), exactly.sum(), limit),
            ask_for(f"mean of {n}", tf.reduce_mean, (numbers,), exactly.mean(), limit),
            ask_for(f"product of {n}", tf.reduce_prod, (factors,), product, limit),
            ask_for(f"largest of {n}", tf.reduce_max, (numbers,), numbers.max(), LARGEST),
            ask_for(f"smallest of {n}", tf.reduce_min, (numbers,), numbers.min(), LARGEST),
        ]
    table = asked.random(2).uniform(0.5, 1.5, (129, 1000)).astype(np.float32)
    for axis in (0, 1):
        right = (table.sum(axis=axis, dtype=np.float64), table.max(axis=axis))
        questions.append(
            asked.question(
                f"(129, 1000) along axis {axis}",
                lambda x, axis=axis: (tf.reduce_sum(x, axis=axis), tf.reduce_max(x, axis=axis)),
                (table,),
                right,
            )
        )
    yield from asked.answers(questions)
