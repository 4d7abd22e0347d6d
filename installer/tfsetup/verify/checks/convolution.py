"""Whether a convolution is right: nine shifted products."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, rounding

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="convolution",
    asks="8 images of 24 by 24 pixels and 16 channels, 32 kernels of 3 by 3, edges padded",
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

    def convolve(images: Any, kernels: Any) -> Any:
        return tf.nn.conv2d(images, kernels, strides=1, padding="SAME")

    yield from asked.answers([asked.question("3 by 3", convolve, (images, kernels), right)])
