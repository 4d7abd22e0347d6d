"""Whether a convolution of each channel by itself is right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, rounding

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="depthwise-convolution",
    asks="2 images of 9 by 11 pixels and 4 channels, two kernels of 3 by 3 a channel, edges padded, steps of 1 and 2",
    why="a kernel of its own, in every model for telephones",
    source="none",
    means="depthwise convolutions are wrong: MobileNet, EfficientNet",
    limit=rounding(9, "nine products are added up", products=True),
)


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Compare with nine shifted products of each channel."""
    np, tf = asked.np, asked.tf
    images, kernels = asked.normal(1, 2, 9, 11, 4), asked.normal(2, 3, 3, 4, 2)
    padded = np.pad(images.astype(np.float64), ((0, 0), (1, 1), (1, 1), (0, 0)))
    parts = [
        padded[:, row : row + 9, column : column + 11, :, None] * kernels[row, column].astype(np.float64)
        for row in range(3)
        for column in range(3)
    ]
    whole = sum(parts).reshape(2, 9, 11, 8)
    questions = [
        asked.question(
            f"steps of {step}",
            lambda x, k, step=step: tf.nn.depthwise_conv2d(x, k, strides=[1, step, step, 1], padding="SAME"),
            (images, kernels),
            whole[:, ::step, ::step],  # 9 and 11 are odd: steps of 2 begin at the edge
        )
        for step in (1, 2)
    ]
    yield from asked.answers(questions)
