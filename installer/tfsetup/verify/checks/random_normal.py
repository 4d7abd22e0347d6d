"""Whether random numbers of the normal distribution are so."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, bound

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="random-normal",
    asks="65536 numbers, twice: mean, deviation, third and fourth moment, neighbours, equal ones; truncated ones too",
    why="the same numbers came at each call; a distribution may be cut or shifted",
    source="tensorflow 53505, 56122 (tensorflow-metal 0.3 to 0.4)",
    means="normal random numbers are not random, or not normal: initial weights, noise",
    limit=bound(6.5, "a right generator is beyond 6.5 deviations once in 10^10 times", "deviations"),
)

N = 65536


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Draw twice, eagerly and in a graph."""
    np, tf = asked.np, asked.tf

    def draw() -> Any:
        return tf.random.normal((N,))

    def cut() -> Any:
        return tf.random.truncated_normal((N,))

    tf.random.set_seed(20261129)
    for way, wrap in (("eager", asked.eager), ("graph", asked.graph)):
        try:
            call = wrap(draw)
            first, second = (asked.host(call()).astype(np.float64) for _time in range(2))
        except Exception as error:
            yield asked.raised(way, "normal", error)
        else:
            root = N**0.5
            yield asked.told(way, "mean", abs(first.mean()) * root)
            yield asked.told(way, "deviation", abs((first**2).mean() - 1) * root / 2**0.5)
            yield asked.told(way, "third moment", abs((first**3).mean()) * root / 15**0.5)
            yield asked.told(way, "fourth moment", abs((first**4).mean() - 3) * root / 96**0.5)
            yield asked.told(way, "neighbours", abs((first[1:] * first[:-1]).mean()) * root)
            yield asked.told(way, "second call", abs((first * second).mean()) * root)
        yield asked.tried(way, "truncated", partial(_cut, asked, wrap(cut)))


def _cut(asked: Asked, call: Any) -> float:
    """Beyond two deviations nothing is left; the others' mean square is 1 - 4 phi(2) / (2 Phi(2) - 1) = 0.7737."""
    values = asked.host(call()).astype(asked.np.float64)
    beyond = 100.0 * float((abs(values) > 2.0001).sum())
    root = values.size**0.5
    return max(beyond, float(abs(values.mean()) * root), float(abs((values**2).mean() - 0.773741) * root / 0.9))
