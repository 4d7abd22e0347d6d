"""Whether layer normalisation is right, also of a sample that does not vary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, bound

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="layer-norm-zero-variance",
    asks="moments and normalisation of 6 samples of 65 numbers, a constant one, one of 0, one around 100; Keras' layer",
    why="without its epsilon a constant sample is 0 / 0: one padded sequence makes all weights NaN",
    source="none: padded sequences are like that",
    means="layer normalisation is wrong or NaN: every transformer",
    limit=bound(1e-3, "around 100 a float32 variance of 1 loses two digits; a lost epsilon is NaN"),
    cost="quick",
)

EPSILON = 1e-3


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Ask the operations; Keras' layer in the longer modes."""
    np, tf = asked.np, asked.tf
    samples = asked.normal(1, 6, 65)
    samples[0], samples[1] = np.float32(2.5), np.float32(0)
    samples[2] += np.float32(100)
    exactly = samples.astype(np.float64)
    right = (exactly - exactly.mean(axis=1, keepdims=True)) / np.sqrt(exactly.var(axis=1, keepdims=True) + EPSILON)

    def normalised(x: Any) -> Any:
        mean, variance = tf.nn.moments(x, axes=[1], keepdims=True)
        return tf.nn.batch_normalization(x, mean, variance, None, None, EPSILON)

    yield from asked.answers([asked.question("moments", normalised, (samples,), right)])
    if not asked.quick:
        yield asked.tried("eager", "Keras", lambda: _keras(asked, samples, right))


def _keras(asked: Asked, samples: Any, right: Any) -> float:
    with asked.softly(), asked.on():
        layer = asked.tf.keras.layers.LayerNormalization(epsilon=EPSILON, dtype="float32")
        return float(asked.numerics.distance(asked.np, asked.host(layer(samples)), right))
