"""Whether the hundredth call is as right and as fast as the first."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, bound, rounding

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="speed-of-repeat",
    asks="a (192, 192) product 160 times, eagerly and in a graph: each result; the time of the last 50 by the first",
    why="a device that is right at first and wrong later, or slower at each call",
    source="tensorflow 60616, 59438, of the same kind",
    means="calls become wrong, or slow, when they are repeated",
    limit=rounding(192, "192 products are added up", products=True),
)

CALLS, PART, WARM = 160, 50, 10
SLOWER = bound(3.0, "the fastest of fifty calls varies by a half on a busy machine", "times as long")


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Fetch each result; the fastest calls of both parts are compared."""
    np, tf = asked.np, asked.tf
    a, b = asked.normal(1, 192, 192), asked.normal(2, 192, 192)
    right = asked.numerics.dense(np, a, b)

    for way, call in (("eager", asked.eager(tf.linalg.matmul)), ("graph", asked.graph(tf.linalg.matmul))):
        seconds: list[float] = []
        worst = 0.0
        try:
            for _time in range(CALLS):
                started = time.perf_counter()
                found = asked.host(call(a, b))
                seconds.append(time.perf_counter() - started)
                off = float(asked.numerics.distance(np, found, right))
                worst = off if off != off else max(worst, off)  # noqa: PLR0124 - NaN stays
        except Exception as error:
            yield asked.raised(way, f"call {len(seconds) + 1}", error)
            continue
        yield asked.told(way, f"{CALLS} products", worst)
        first, last = min(seconds[WARM : WARM + PART]), min(seconds[-PART:])
        yield asked.told(way, "the last by the first", last / first, SLOWER)
