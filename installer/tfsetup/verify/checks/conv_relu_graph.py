"""Whether a convolution with a bias keeps its activation in a graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .frame import About, bound
from .fused import ACTIVATIONS, SPREAD, Graph

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="conv-relu-graph",
    asks="Relu, Relu6, Elu, LeakyRelu of a 3 by 3 convolution with a bias, and Keras' Conv2D in predict",
    why="a plugin's graph optimizer makes one operation of the three; it may lose the activation",
    source="none for convolutions: what tensorflow-metal 1.x does to Dense layers is asked of them too",
    means="convolutional layers lose their activation: training and predictions are wrong",
    limit=bound(1e-3, "a fused kernel may sum in any order; one that computes no activation is 0.5 to 1 off"),
    cost="quick",
)


def ask(asked: Asked) -> dict[str, Any]:
    """Ask each activation in one `tf.function`, and Keras' own layer."""
    return {"cases": layer(asked).cases()}


def layer(asked: Asked) -> Graph:
    """Draw the operands: 4 images of 12 by 12 pixels and 8 channels, 16 kernels of 3 by 3."""
    np, tf, random = asked.np, asked.tf, asked.random(17)
    inputs = random.standard_normal((4, 12, 12, 8), dtype=np.float32)
    weights = random.standard_normal((len(ACTIVATIONS), 3, 3, 8, 16), dtype=np.float32) * np.float32(SPREAD / 8.5)
    bias = random.standard_normal(16, dtype=np.float32)

    def convolve(images: Any, kernels: Any) -> Any:
        return tf.nn.conv2d(images, kernels, strides=1, padding="SAME")

    def linear(images: Any, kernels: Any) -> Any:
        return asked.numerics.convolution(np, images, kernels)

    return Graph(asked, (inputs, weights, bias), linear, convolve, _convolution)


# A `keras.json` in the home may set another type of number or order of axes: both are said here.
def _convolution(keras: Any) -> Any:
    return keras.layers.Conv2D(
        16, 3, padding="same", activation="relu", kernel_initializer="zeros", dtype="float32",
        data_format="channels_last",
    )  # fmt: skip
