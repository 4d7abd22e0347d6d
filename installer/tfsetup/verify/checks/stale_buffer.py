"""Whether a result is that of this call, and not of the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, rounding

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="stale-buffer",
    asks="the same product and sum for 12 inputs one after another, each result fetched at once, and all at the end",
    why="an asynchronous device may hand out a buffer before it is written: the result is that of the call before",
    source="tensorflow 62361 and the community plugin's resource races, of the same kind",
    means="a result may be that of the call before",
    limit=rounding(65, "64 products and a bias are added up", products=True),
    cost="quick",
)

CALLS = 12


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Compute with other inputs each time."""
    np = asked.np
    weights, bias = asked.normal(1, 64, 64), asked.normal(2, 64)
    inputs = [asked.normal(10 + call, 32, 64) for call in range(CALLS)]
    rights = [asked.numerics.dense(np, each, weights) + bias for each in inputs]

    def layer(x: Any) -> Any:
        return asked.tf.nn.bias_add(asked.tf.linalg.matmul(x, weights), bias)

    for way, compute in (("eager", asked.eager(layer)), ("graph", asked.graph(layer))):

        def at_once(compute: Any = compute) -> float:
            return max(_off(asked, compute(each), right) for each, right in zip(inputs, rights))

        def at_the_end(compute: Any = compute) -> float:
            results = [compute(each) for each in inputs]
            return max(_off(asked, each, right) for each, right in zip(results, rights))

        yield asked.tried(way, "each fetched at once", at_once)
        yield asked.tried(way, "fetched at the end", at_the_end)


def _off(asked: Asked, result: Any, right: Any) -> float:
    return float(asked.numerics.distance(asked.np, asked.host(result), right))
