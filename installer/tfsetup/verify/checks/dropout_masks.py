"""Whether dropout drops another part at each step, and as many as it should."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, bound

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="dropout-masks",
    asks="dropout of 65536 ones, rate 0.3, two steps: how many are left, how large, the same ones in both",
    why="the same mask at every step: what is dropped is never trained",
    source="tensorflow 53505, 56122 (tensorflow-metal 0.3 to 0.4)",
    means="dropout does not work as it should: the same mask at each step, or another rate",
    limit=bound(6.5, "a right generator is beyond 6.5 deviations once in 10^10 times", "deviations"),
    cost="quick",
)

N, RATE = 65536, 0.3


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Drop twice, eagerly and in one graph that is run twice."""
    np, tf = asked.np, asked.tf
    ones = np.ones((N,), np.float32)

    def drop(x: Any) -> Any:
        return tf.nn.dropout(x, rate=RATE)

    tf.random.set_seed(20261130)
    kept = 1 - RATE
    for way, call in (("eager", asked.eager(drop)), ("graph", asked.graph(drop))):
        try:
            first, second = (asked.host(call(ones)).astype(np.float64) for _time in range(2))
        except Exception as error:
            yield asked.raised(way, "two steps", error)
            continue
        there, too = first != 0, second != 0
        yield asked.told(way, "rate", abs(there.mean() - kept) * (N / (kept * RATE)) ** 0.5)
        both = ((there - kept) * (too - kept)).mean() / (kept * RATE)
        yield asked.told(way, "another mask at the next step", abs(both) * N**0.5)
        size = abs(first[there] - 1 / kept).max() if there.any() else 1.0
        yield asked.told(way, "what is left is scaled", 1e5 * size)
