"""Whether a product stays right after memory was given out and taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, rounding

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="product-after-allocations",
    asks="(256, 256) x (256, 256) before and after 50 allocations of other sizes, half of them freed",
    why="products were 10 to 30 % off, depending on where the allocator had put their operands",
    source="pytorch 193487 (M1 Pro, macOS 26.6)",
    means="products depend on what was computed before them",
    limit=rounding(256, "256 products are added up", products=True),
)

ALLOCATIONS = 50


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Multiply, fill and free memory, and multiply again: old operands, and new ones in what was freed."""
    np, tf = asked.np, asked.tf
    a, b = asked.normal(1, 256, 256), asked.normal(2, 256, 256)
    right = asked.numerics.dense(np, a, b)

    product = asked.eager(tf.linalg.matmul)

    def off(result: Any) -> float:
        return float(asked.numerics.distance(np, asked.host(result), right))

    graph = asked.graph(tf.linalg.matmul)
    yield asked.tried("eager", "before", lambda: off(product(a, b)))
    taken = []
    for number in range(ALLOCATIONS):
        size = 97 + 1013 * number % 4999
        try:
            with asked.on():
                taken.append(tf.linalg.matmul(asked.normal(number, size, 3), asked.normal(number, 3, 5)))
        except Exception as error:
            yield asked.raised("eager", "allocations", error)
            return
        if number % 2:
            del taken[number // 4]
    yield asked.tried("eager", "after", lambda: off(product(a, b)))
    yield asked.tried("graph", "after", lambda: off(graph(a, b)))
    del taken[:]
    yield asked.tried("eager", "after all was freed", lambda: off(product(a, b)))
