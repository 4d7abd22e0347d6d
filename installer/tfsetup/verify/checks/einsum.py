"""Whether sums over named axes are right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, rounding

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="einsum",
    asks="a product, attention's two products, an outer product, a trace, a transposition by their letters",
    why="transformers are written with it; no release of tensorflow-metal has a kernel for it",
    source="the table of kernels of tensorflow-metal 0.5 to 1.2, emulated",
    means="einsum is wrong: attention",
    limit=rounding(64, "up to 64 products are added up", products=True),
)

ASKED = (
    ("ij,jk->ik", ((33, 64), (64, 17))),
    ("bqhd,bkhd->bhqk", ((2, 7, 3, 16), (2, 9, 3, 16))),
    ("bhqk,bkhd->bqhd", ((2, 3, 7, 9), (2, 9, 3, 16))),
    ("i,j->ij", ((31,), (65,))),
    ("ii->", ((33, 33),)),
    ("ijk->kji", ((3, 5, 7),)),
)


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Ask each equation."""
    np, tf = asked.np, asked.tf
    questions = []
    for number, (equation, shapes) in enumerate(ASKED):
        arrays = [asked.normal(10 * number + place, *shape) for place, shape in enumerate(shapes)]
        right = np.einsum(equation, *(array.astype(np.float64) for array in arrays), optimize=False)
        questions.append(asked.question(equation, lambda *x, equation=equation: tf.einsum(equation, *x), arrays, right))
    yield from asked.answers(questions)
