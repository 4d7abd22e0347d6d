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
    """Drop twice, eagerly and in one graph that is run twice; Keras' layer draws its numbers in another way."""
    tf = asked.tf
    tf.random.set_seed(20261130)

    def drop(x: Any) -> Any:
        return tf.nn.dropout(x, rate=RATE)

    for way, call in (("eager", asked.eager(drop)), ("graph", asked.graph(drop))):
        yield from _cases(asked, way, "tf.nn", call)
    with asked.softly():  # its seed is made a key on the CPU
        try:
            with asked.on():
                layer = tf.keras.layers.Dropout(RATE, seed=20261130, dtype="float32")
        except Exception as error:
            yield asked.raised("eager", "Keras", error)
            return

        def keras(x: Any) -> Any:
            return layer(x, training=True)

        for way, call in (("eager", asked.eager(keras)), ("graph", asked.graph(keras))):
            yield from _cases(asked, way, "Keras", call)


def _cases(asked: Asked, way: str, what: str, call: Any) -> Iterator[dict[str, Any]]:
    np = asked.np
    ones = np.ones((N,), np.float32)
    try:
        tensors = [call(ones) for _time in range(2)]
        first, second = (asked.host(each).astype(np.float64) for each in tensors)
    except Exception as error:
        yield asked.raised(way, what, error)
        return
    there, too, kept = first != 0, second != 0, 1 - RATE
    both = ((there - kept) * (too - kept)).mean() / (kept * RATE)
    measured = {
        "rate": abs(there.mean() - kept) * (N / (kept * RATE)) ** 0.5,
        "another mask at the next step": abs(both) * N**0.5,
        "what is left is scaled": 1e5 * abs(first[there] - 1 / kept).max() if there.any() else 1e5,
    }
    for name, off in measured.items():
        yield asked.told(way, f"{what}: {name}", off, tensors=tensors)
