"""Whether a convolution is right: nine shifted products."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, rounding

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="convolution",
    asks="8 images of 24 by 24 pixels and 16 channels, 32 kernels of 3 by 3, padded, not, and padded in steps of 2",
    why="a plugin has kernels of its own for convolutions, apart from its products",
    source="none",
    means="convolutions are wrong",
    limit=rounding(1000, "144 products are added up in a pixel; Winograd's way of it loses some more", products=True),
)


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Compare with nine shifted products in float64 on the host."""
    np, tf = asked.np, asked.tf
    images, kernels = asked.normal(3, 8, 24, 24, 16), asked.normal(4, 3, 3, 16, 32) / np.float32(12)
    right = asked.once("right", lambda: asked.numerics.convolution(np, images, kernels))
    # In steps of 2 an even size is padded behind only, so the first window stands on the first pixel: the odd results.
    cases = (
        ("padded", 1, "SAME", right),
        ("not padded", 1, "VALID", right[:, 1:-1, 1:-1]),
        ("padded in steps of 2", 2, "SAME", right[:, 1::2, 1::2]),
    )
    questions = [
        asked.question(
            what,
            lambda x, k, step=step, padding=padding: tf.nn.conv2d(x, k, strides=step, padding=padding),
            (images, kernels),
            answer,
        )
        for what, step, padding, answer in cases
    ]
    yield from asked.answers(questions)
