"""Whether random numbers are random: spread evenly, and other ones at each call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, bound

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="random-uniform",
    asks="65536 numbers of [0, 1), twice: mean, deviation, correlation of neighbours, equal ones in both",
    why="the same numbers came at each call",
    source="tensorflow 53505, 56122 (tensorflow-metal 0.3 to 0.4)",
    means="random numbers are not random: dropout, shuffling, augmentation, initial weights",
    limit=bound(6.5, "a right generator is beyond 6.5 deviations once in 10^10 times", "deviations"),
    cost="quick",
)

N = 65536


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Draw twice, eagerly and in a graph."""
    np, tf = asked.np, asked.tf

    def draw() -> Any:
        return tf.random.uniform((N,))

    tf.random.set_seed(20261128)
    for way, call in (("eager", asked.eager(draw)), ("graph", asked.graph(draw))):
        try:
            first, second = (asked.host(call()).astype(np.float64) for _time in range(2))
        except Exception as error:
            yield asked.raised(way, "two calls", error)
            continue
        yield asked.told(way, "mean", _mean(first))
        yield asked.told(way, "deviation", _deviation(first))
        yield asked.told(way, "neighbours", _alike(first[1:], first[:-1]))
        yield asked.told(way, "second call", _alike(first, second))
        yield asked.told(way, "between 0 and 1", _outside(first))


def _mean(x: Any) -> float:
    return float(abs(x.mean() - 0.5) * (12 * x.size) ** 0.5)


def _deviation(x: Any) -> float:
    """The mean square about 1/2 is 1/12, with a deviation of 1/sqrt(180 n)."""
    return float(abs(((x - 0.5) ** 2).mean() - 1 / 12) * (180 * x.size) ** 0.5)


def _alike(x: Any, y: Any) -> float:
    """The correlation of independent numbers, in its deviations of 1/sqrt(n)."""
    return float(abs(((x - 0.5) * (y - 0.5)).mean() * 12) * x.size**0.5)


def _outside(x: Any) -> float:
    """Each number outside is far too much."""
    return 100.0 * float(((x < 0) | (x >= 1)).sum())
