"""Whether the gradients of a convolution are right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, rounding

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="convolution-gradient",
    asks="gradients of 4 images of 10 by 10 pixels and 5 channels, and of 7 kernels of 3 by 3, padded",
    why="backward kernels are others than forward ones: scaled, shifted or padded elsewhere, and training drifts",
    source="tensorflow 62361 and keras 19009, of the same kind: training wrong where predicting is right",
    means="convolutional layers learn from wrong gradients",
    limit=rounding(400, "400 products are added up for an element of a kernel", products=True),
)


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Compare with shifted products in float64: a gradient is a convolution too."""
    np, tf = asked.np, asked.tf
    images, kernels, above = asked.normal(1, 4, 10, 10, 5), asked.normal(2, 3, 3, 5, 7), asked.normal(3, 4, 10, 10, 7)

    def gradients(images: Any, kernels: Any, above: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch([images, kernels])
            made = tf.nn.conv2d(images, kernels, strides=1, padding="SAME")
        return tape.gradient(made, [images, kernels], output_gradients=above)

    padded = np.pad(images.astype(np.float64), ((0, 0), (1, 1), (1, 1), (0, 0)))
    of_kernels = np.stack([
        np.stack([
            np.einsum("nyxi,nyxo->io", padded[:, row : row + 10, column : column + 10], above.astype(np.float64))
            for column in range(3)
        ])
        for row in range(3)
    ])  # fmt: skip
    turned = np.swapaxes(kernels[::-1, ::-1], 2, 3)
    right = (asked.numerics.convolution(np, above, turned), of_kernels)
    yield from asked.answers([asked.question("3 by 3", gradients, (images, kernels, above), right)])
