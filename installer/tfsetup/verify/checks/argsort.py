"""Whether the places of sorted numbers are right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, exact

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="argsort",
    asks="the order of n different numbers, n = 17, 257, 512, 4097, float32, int32 and int64",
    why="places were wrong past 256 numbers, and past 16",
    source="pytorch 155560 (macOS 15.4); tensorflow 51499",
    means="argsort gives the places of other numbers",
    limit=exact("numbers are moved and not computed"),
)


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Ask upwards and downwards."""
    np, tf = asked.np, asked.tf
    questions = []
    for n in (17, 257, 512, 4097):
        order = asked.random(n).permutation(n)
        for dtype in ("float32", "int32", "int64"):
            numbers = order.astype(dtype)
            up, down = np.argsort(numbers, kind="stable"), np.argsort(-numbers, kind="stable")
            questions.append(
                asked.exactly(
                    f"{dtype} {n}",
                    lambda x: (tf.argsort(x), tf.argsort(x, direction="DESCENDING")),
                    (numbers,),
                    (up, down),
                )
            )
    yield from asked.answers(questions)
