"""Whether a convolution is right beyond 65536 filters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, rounding

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="filters-beyond-2e16",
    asks="4 by 4 pixels of 3 channels, 65537 kernels of 1 by 1, every channel",
    why="a channel's number in 16 bits: results were wrong from 65536 filters on",
    source="tensorflow 71577 (TF 2.16.1, tensorflow-metal 1.1.0, macOS 14.5)",
    means="convolutions are wrong from filter 65536 on",
    limit=rounding(3, "three products are added up", products=True),
)

FILTERS = 2**16 + 1


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Compare every channel: no two filters are the same."""
    tf = asked.tf
    images, kernels = asked.normal(1, 1, 4, 4, 3), asked.normal(2, 1, 1, 3, FILTERS)
    right = asked.numerics.dense(asked.np, images, kernels[0, 0])

    def convolve(images: Any, kernels: Any) -> Any:
        return tf.nn.conv2d(images, kernels, strides=1, padding="VALID")

    yield from asked.answers([asked.question(f"{FILTERS} filters", convolve, (images, kernels), right)])
