"""Whether axes are exchanged, reversed and rolled rightly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, exact

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="transpose",
    asks="(33, 65), (65537, 3), all orders of three axes, orders of four and five; reverse, roll; float32, int32",
    why="a kernel for each number of axes; tiles that do not fit the edges",
    source="none; no release of tensorflow-metal has kernels for roll and reverse",
    means="transposed tensors are wrong",
    limit=exact("numbers are moved and not computed"),
)


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Ask sizes that no tile divides."""
    np, tf = asked.np, asked.tf
    cube = asked.normal(1, 5, 17, 9)
    tensors = [
        (asked.normal(2, 33, 65), (1, 0)),
        (asked.normal(3, 65537, 3), (1, 0)),
        *((cube, order) for order in ((0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))),
        (asked.normal(4, 2, 7, 5, 3), (0, 3, 1, 2)),
        (asked.normal(5, 2, 7, 5, 3), (3, 1, 0, 2)),
        (asked.normal(6, 2, 3, 4, 5, 3), (4, 2, 0, 3, 1)),
        (asked.random(7).integers(-99, 99, (33, 17)).astype(np.int32), (1, 0)),
    ]
    questions = [
        asked.exactly(
            f"{array.dtype} {array.shape} {order}",
            lambda x, order=order: tf.transpose(x, order),
            (array,),
            array.transpose(order),
        )
        for array, order in tensors
    ]
    questions += [
        asked.exactly("reverse", lambda x: tf.reverse(x, [1]), (cube,), cube[:, ::-1]),
        asked.exactly("roll", lambda x: tf.roll(x, 3, axis=1), (cube,), np.roll(cube, 3, axis=1)),
    ]
    yield from asked.answers(questions)
