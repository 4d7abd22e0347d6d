"""Whether the largest and the mean of neighbouring pixels are right, and where gradients go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, rounding

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="pooling",
    asks="2 by 2 and 3 by 3 of 2 images of 7 by 9 pixels, padded and not: largest, mean, gradient of the largest",
    why="edges: what is padded counts in no mean, and odd sizes leave a rest",
    source="none",
    means="pooling layers are wrong",
    limit=rounding(9, "nine numbers are added up"),
)


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Ask odd sizes, whose edges are cut or padded."""
    np, tf = asked.np, asked.tf
    images = asked.normal(1, 2, 7, 9, 3)
    questions = []
    for size in (2, 3):
        for padding in ("VALID", "SAME"):
            settings = {"ksize": size, "strides": 2, "padding": padding}
            questions.append(
                asked.question(
                    f"{size} by {size} {padding.lower()}",
                    lambda x, s=settings: (tf.nn.max_pool2d(x, **s), tf.nn.avg_pool2d(x, **s)),
                    (images,),
                    pooled(np, images.astype(np.float64), size, padding),
                )
            )
    above = asked.normal(2, 2, 3, 4, 3)

    def gradient(x: Any, above: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            made = tf.nn.max_pool2d(x, ksize=2, strides=2, padding="VALID")
        return tape.gradient(made, x, output_gradients=above)

    blocks = images[:, :6, :8].reshape(2, 3, 2, 4, 2, 3)
    largest = blocks == blocks.max(axis=(2, 4), keepdims=True)
    right = np.zeros(images.shape)
    right[:, :6, :8] = (largest * above[:, :, None, :, None, :]).reshape(2, 6, 8, 3)
    questions.append(asked.question("gradient of the largest", gradient, (images, above), right))
    yield from asked.answers(questions)


def pooled(np: Any, images: Any, size: int, padding: str) -> Any:
    """Return largest and mean of each window in steps of 2; what is padded is in neither."""
    rows, columns = images.shape[1:3]
    before = [0, 0]
    counts = [(each - size) // 2 + 1 for each in (rows, columns)]
    if padding == "SAME":
        counts = [(each + 1) // 2 for each in (rows, columns)]
        before = [max((count - 1) * 2 + size - each, 0) // 2 for count, each in zip(counts, (rows, columns))]
    largest, mean = (np.zeros((len(images), *counts, images.shape[3])) for _time in range(2))
    for row in range(counts[0]):
        for column in range(counts[1]):
            top, left = 2 * row - before[0], 2 * column - before[1]
            window = images[:, max(top, 0) : top + size, max(left, 0) : left + size]
            largest[:, row, column], mean[:, row, column] = window.max(axis=(1, 2)), window.mean(axis=(1, 2))
    return largest, mean
