"""Whether numbers are sorted, up and down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, exact

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="sort",
    asks="n numbers, upwards and downwards, n = 16, 17, 257, 4097, float32 and int32, along both axes",
    why="a sorting kernel for one group of threads was right for the first 16 numbers only",
    source="tensorflow 51499, 51820",
    means="sorted numbers are not sorted, or others",
    limit=exact("numbers are moved and not computed"),
)


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Ask for sorted vectors, and for sorted columns of a matrix."""
    np, tf = asked.np, asked.tf
    questions = []
    for n in (16, 17, 257, 4097):
        for dtype in ("float32", "int32"):
            numbers = (asked.random(n).permutation(n) - n // 3).astype(dtype)
            for direction, step in (("ASCENDING", 1), ("DESCENDING", -1)):
                questions.append(
                    asked.exactly(
                        f"{dtype} {n} {direction.lower()}",
                        lambda x, direction=direction: tf.sort(x, direction=direction),
                        (numbers,),
                        np.sort(numbers)[::step],
                    )
                )
    table = asked.normal(5, 33, 20)
    questions.append(
        asked.exactly("columns of (33, 20)", lambda x: tf.sort(x, axis=0), (table,), np.sort(table, axis=0))
    )
    yield from asked.answers(questions)
