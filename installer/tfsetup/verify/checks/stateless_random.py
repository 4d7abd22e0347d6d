"""Whether random numbers of a given seed are the same each time, and other ones of another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, bound

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="stateless-random",
    asks="4096 numbers of one seed twice, of another seed, whole numbers of [0, 10), float and normal",
    why="numbers that do not depend on the seed; whole numbers with bounds raised an error",
    source="tensorflow 87972 (tensorflow-metal 1.x), 53505",
    means="random numbers of a seed are not reproducible, or the same for every seed",
    limit=bound(6.5, "a right generator is beyond 6.5 deviations once in 10^10 times", "deviations"),
)

N = 4096
SEED, OTHER = (3, 5), (3, 6)


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Draw with one seed twice, and with another."""
    tf = asked.tf
    kinds = (
        ("uniform", lambda seed: tf.random.stateless_uniform((N,), seed), 1 / 12**0.5, 0.5),
        ("normal", lambda seed: tf.random.stateless_normal((N,), seed), 1.0, 0.0),
        (
            "whole numbers",
            lambda seed: tf.random.stateless_uniform((N,), seed, minval=0, maxval=10, dtype=tf.int32),
            8.25**0.5,
            4.5,
        ),
    )
    with asked.softly():  # the seed is made a key on the CPU
        for what, draw, deviation, mean in kinds:
            for way, call in (("eager", asked.eager(draw)), ("graph", asked.graph(draw))):
                yield from _cases(asked, way, what, call, deviation, mean)


def _cases(asked: Asked, way: str, what: str, call: Any, deviation: float, mean: float) -> Iterator[dict[str, Any]]:
    np = asked.np
    try:
        drawn = [call(np.array(seed, np.int32)) for seed in (SEED, SEED, OTHER)]
        first, again, other = ((asked.host(each).astype(np.float64) - mean) / deviation for each in drawn)
    except Exception as error:
        yield asked.raised(way, what, error)
        return
    root = N**0.5
    measured = {
        "the same seed": 100.0 * float((first != again).any()),
        "another seed": abs((first * other).mean()) * root,
        "mean": abs(first.mean()) * root,
        "deviation": abs((first**2).mean() - 1) * root / 1.42,
    }
    for name, off in measured.items():
        yield asked.told(way, f"{what}: {name}", off, tensors=drawn)
