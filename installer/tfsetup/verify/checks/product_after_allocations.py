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
    taken: list[Any] = []
    yield asked.tried("eager", "after", lambda: off(_after(asked, taken, product, a, b)))
    yield asked.tried("graph", "after", lambda: off(_after(asked, taken, graph, a, b)))
    del taken[:]
    yield asked.tried("eager", "after all was freed", lambda: off(product(a, b)))


def _after(asked: Asked, taken: list[Any], compute: Any, a: Any, b: Any) -> Any:
    """Take memory in 50 sizes of 4 to 40 KB, give every second back, and compute; no product comes between."""
    np = asked.np
    for number in range(ALLOCATIONS):
        taken.append(asked.place(np.full(1024 + 1013 * number % 9001, number, np.float32)))
        if number % 2:
            del taken[len(taken) // 2]
    return compute(a, b)
