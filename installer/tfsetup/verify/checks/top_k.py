"""Whether the largest numbers are found, in their order, with their places."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, exact

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="top-k",
    asks="all n of n different numbers, n = 16, 17, 257, 4097 (thorough: 64 of 2^22), float32 and int32",
    why="a sorting kernel for one group of threads was right for the first 16 numbers only",
    source="tensorflow 51499, 51820",
    means="top_k, sort and what is built on them choose the wrong numbers",
    limit=exact("numbers are moved and not computed"),
    cost="quick",
)


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Ask for the numbers and for their places."""
    np, tf = asked.np, asked.tf
    sizes = [(16, 16), (17, 17), (257, 257), (4097, 4097)] + ([(2**22, 64)] if asked.thorough else [])
    questions = []
    for n, k in sizes:
        order = asked.random(n).permutation(n)
        places = np.argsort(-order, kind="stable")[:k]
        for dtype in ("float32", "int32"):
            numbers = order.astype(dtype)
            right = (numbers[places], places)
            questions.append(asked.exactly(f"{dtype} {n}", lambda x, k=k: tf.math.top_k(x, k=k), (numbers,), right))
    yield from asked.answers(questions)
