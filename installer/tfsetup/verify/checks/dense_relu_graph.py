"""Whether a product with a bias keeps its activation in a graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .frame import About, bound
from .fused import ACTIVATIONS, SPREAD, Graph

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="dense-relu-graph",
    asks="Relu, Relu6, Elu, LeakyRelu of a (64, 256) x (256, 128) product with a bias, and Keras' Dense in predict",
    why="a plugin's graph optimizer makes one operation of the three that computes no activation",
    source="tensorflow-metal 1.0.0 to 1.2.0, emulated; tensorflow 92686, 62137, 61650, 61772, 62361; keras 21668",
    means="Dense layers lose their activation: training and predictions are wrong",
    limit=bound(1e-3, "a fused kernel may sum in any order; one that computes no activation is 0.5 to 1 off"),
    cost="quick",
)


def ask(asked: Asked) -> dict[str, Any]:
    """Ask each activation in one `tf.function`, and Keras' own layer."""
    return {"cases": layer(asked).cases()}


def layer(asked: Asked) -> Graph:
    """Draw the operands: 64 samples, 256 inputs, 128 outputs."""
    np, tf, random = asked.np, asked.tf, asked.random(13)
    inputs = random.standard_normal((64, 256), dtype=np.float32)
    weights = random.standard_normal((len(ACTIVATIONS), 256, 128), dtype=np.float32) * np.float32(SPREAD / 16)
    bias = random.standard_normal(128, dtype=np.float32)

    def linear(inputs: Any, weights: Any) -> Any:
        return asked.numerics.dense(np, inputs, weights)

    return Graph(asked, (inputs, weights, bias), linear, tf.linalg.matmul, _dense)


# A `keras.json` in the home may set another type of number: it is said here. The weights are set from outside, so none
# are drawn: random numbers of a plugin are another question.
def _dense(keras: Any) -> Any:
    return keras.layers.Dense(128, activation="relu", kernel_initializer="zeros", dtype="float32")
