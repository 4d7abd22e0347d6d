"""Whether batch normalisation is right, also of a channel that does not vary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, bound

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="batch-norm-zero-variance",
    asks="training's normalisation of 8 images of 6 by 6 pixels: a constant channel, one around 1000, two ordinary",
    why="without its epsilon a constant channel is 0 / 0; a variance of squares is negative around 1000",
    source="none: the first layers of an untrained model, and black images, are like that",
    means="batch normalisation is wrong or NaN",
    limit=bound(2e-3, "around 1000 a float32 variance of 1 loses three digits; a lost epsilon is NaN"),
)

EPSILON = 1e-3


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Ask the fused operation, and for prediction with given statistics."""
    np, tf = asked.np, asked.tf
    images = asked.normal(1, 8, 6, 6, 4)
    images[..., 0] = np.float32(3)
    images[..., 1] += np.float32(1000)
    scale, offset = np.array([2, 1, 0.5, 1], np.float32), np.array([0.25, 0, 1, -1], np.float32)
    exactly = images.astype(np.float64)
    mean, variance = exactly.mean(axis=(0, 1, 2)), exactly.var(axis=(0, 1, 2))
    right = (exactly - mean) / np.sqrt(variance + EPSILON) * scale + offset

    def training(x: Any, scale: Any, offset: Any) -> Any:
        return tf.compat.v1.nn.fused_batch_norm(x, scale, offset, epsilon=EPSILON, is_training=True)[0]

    def given(x: Any, scale: Any, offset: Any, mean: Any, variance: Any) -> Any:
        return tf.nn.batch_normalization(x, mean, variance, offset, scale, EPSILON)

    statistics = (mean.astype(np.float32), variance.astype(np.float32))
    yield from asked.answers([
        asked.question("in training", training, (images, scale, offset), right),
        asked.question("with given statistics", given, (images, scale, offset, *statistics), right),
    ])  # fmt: skip
