"""Whether a product heeds that a matrix is to be transposed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, rounding

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="transposed-product",
    asks="(37, 37) matrices, the first, the second, both transposed, and (19, 37) ones; batched too",
    why="a flag that is ignored shows nowhere else: with square matrices the shapes fit all the same",
    source="none: every gradient of a Dense layer is a product with a transposed matrix",
    means="products with a transposed matrix are wrong: gradients of Dense layers",
    limit=rounding(37, "37 products are added up", products=True),
    cost="quick",
)


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Ask square matrices, whose shapes tell nothing."""
    np, tf = asked.np, asked.tf
    questions = []
    for what, shape in (("(37, 37)", (37, 37)), ("3 of (37, 37)", (3, 37, 37))):
        a, b = asked.normal(1, *shape), asked.normal(2, *shape)
        for turn_a, turn_b in ((True, False), (False, True), (True, True)):
            left, right = (np.swapaxes(each, -1, -2) if turn else each for each, turn in ((a, turn_a), (b, turn_b)))
            questions.append(
                asked.question(
                    f"{what}{' first' if turn_a else ''}{' second' if turn_b else ''}",
                    lambda x, y, turn_a=turn_a, turn_b=turn_b: tf.linalg.matmul(
                        x, y, transpose_a=turn_a, transpose_b=turn_b
                    ),
                    (a, b),
                    np.einsum("...ij,...jk->...ik", left.astype(np.float64), right.astype(np.float64), optimize=False),
                )
            )
    yield from asked.answers(questions)
