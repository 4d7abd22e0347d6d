"""What a graph computes: product or convolution, bias and activation in one `tf.function`, and a layer of Keras.

A plugin's graph optimizer may replace the three operations by one of its own; a single operation called eagerly never
meets it. Apple's plugin 1.0 to 1.2 puts one there that computes no activation, so every answer is compared with float64
on the host, and with what it would be without the activation.
"""

from __future__ import annotations

import time
from typing import Any

from .channel import describe
from .devices import softly
from .numerics import convolution, dense, distance

LEAK = 0.2  # tf.nn.leaky_relu's slope below zero
SPREAD = 4.0  # standard deviation of what reaches the activation: some of it is above 6, where Relu6 bends
ACTIVATIONS = ("Relu", "Relu6", "Elu", "LeakyRelu")


class Graph:
    """One kind of layer with its operands. Each activation has weights of its own.

    Two products of the same operands are made one by TensorFlow's optimizer, and a product that is needed twice is
    replaced by nobody.
    """

    def __init__(self, tf: Any, np: Any, operands: tuple[Any, Any, Any], operation: Any, layer: Any) -> None:
        """Take `(inputs, weights for each activation, bias)`, how TensorFlow applies weights, and Keras' layer."""
        self.tf, self.np = tf, np
        self.inputs, self.weights, self.bias = operands
        self.operation, self.layer = operation, layer
        self.linears = [self.linear(each) for each in self.weights]

    def run(self, device: str) -> dict[str, Any]:
        """Ask `device`; return seconds, and for each way to ask how far its answer is from the right one.

        Soft placement is on, as in everybody's programs: what a plugin has no kernel for is computed on the CPU.
        """
        started = time.perf_counter()
        with softly(self.tf):
            cases = [*self._activations(device), self._keras(device)]
        return {"seconds": time.perf_counter() - started, "cases": cases}

    def linear(self, weights: Any) -> Any:
        """Return what reaches the activation, in float64 on the host."""
        raise NotImplementedError

    def _activations(self, device: str) -> list[dict[str, Any]]:
        nn = self.tf.nn
        functions = (nn.relu, nn.relu6, nn.elu, nn.leaky_relu)

        def layers(inputs: Any, bias: Any, *weights: Any) -> list[Any]:
            with self.tf.device("/device:" + device):
                return [
                    activate(nn.bias_add(self.operation(inputs, each), bias))
                    for activate, each in zip(functions, weights)  # noqa: B905 - Python 3.10
                ]

        results = self.tf.function(layers, autograph=False)(self.inputs, self.bias, *self.weights)
        return [
            self._case(name, result.numpy(), linear)
            for name, result, linear in zip(ACTIVATIONS, results, self.linears)  # noqa: B905 - Python 3.10
        ]

    def _keras(self, device: str) -> dict[str, Any]:
        """Ask Keras' own layer, which makes the pattern or not, by its version."""
        try:
            result = self._predicted(device)
        except Exception as error:
            return {"way": "predict", "error": describe(error)}
        return self._case("predict", result, self.linears[0])

    def _predicted(self, device: str) -> Any:
        keras = self.tf.keras
        with self.tf.device("/device:" + device):
            start = keras.Input(shape=self.inputs.shape[1:], dtype="float32")
            model = keras.Model(start, self.layer(keras)(start))
            model.set_weights([self.weights[0], self.bias])
            if hasattr(model, "jit_compile"):  # Keras 3 hands the graph to XLA, past the plugin's optimizer
                model.jit_compile = False
            return model.predict(self.inputs, batch_size=len(self.inputs), verbose=0)

    def _case(self, way: str, result: Any, linear: Any) -> dict[str, Any]:
        right = activated(self.np, "Relu" if way == "predict" else way, linear)
        return {
            "way": way,
            "finite": bool(self.np.isfinite(result).all()),
            "max_rel_error": distance(self.np, result, right),
            "without_activation": distance(self.np, result, linear),
        }


class Dense(Graph):
    """64 samples, 256 inputs, 128 outputs."""

    name = "dense-relu-graph"

    def __init__(self, tf: Any, np: Any) -> None:
        """Draw the operands."""
        random = np.random.default_rng(13)
        inputs = random.standard_normal((64, 256), dtype=np.float32)
        weights = random.standard_normal((len(ACTIVATIONS), 256, 128), dtype=np.float32) * np.float32(SPREAD / 16)
        bias = random.standard_normal(128, dtype=np.float32)
        super().__init__(tf, np, (inputs, weights, bias), tf.linalg.matmul, _dense)

    def linear(self, weights: Any) -> Any:
        """Return what reaches the activation."""
        return dense(self.np, self.inputs, weights) + self.bias


class Convolved(Graph):
    """4 images of 12 by 12 pixels and 8 channels, 16 kernels of 3 by 3."""

    name = "conv-relu-graph"

    def __init__(self, tf: Any, np: Any) -> None:
        """Draw the operands."""
        random = np.random.default_rng(17)
        inputs = random.standard_normal((4, 12, 12, 8), dtype=np.float32)
        weights = random.standard_normal((len(ACTIVATIONS), 3, 3, 8, 16), dtype=np.float32) * np.float32(SPREAD / 8.5)
        bias = random.standard_normal(16, dtype=np.float32)

        def convolve(images: Any, kernels: Any) -> Any:
            return tf.nn.conv2d(images, kernels, strides=1, padding="SAME")

        super().__init__(tf, np, (inputs, weights, bias), convolve, _convolution)

    def linear(self, weights: Any) -> Any:
        """Return what reaches the activation."""
        return convolution(self.np, self.inputs, weights) + self.bias


# A `keras.json` in the home may set another type of number or order of axes: both are said here. The weights are set
# from outside, so none are drawn: random numbers of a plugin are another question.
def _dense(keras: Any) -> Any:
    return keras.layers.Dense(128, activation="relu", kernel_initializer="zeros", dtype="float32")


def _convolution(keras: Any) -> Any:
    return keras.layers.Conv2D(
        16, 3, padding="same", activation="relu", kernel_initializer="zeros", dtype="float32",
        data_format="channels_last",
    )  # fmt: skip


def activated(np: Any, name: str, linear: Any) -> Any:
    """Return the activation `name` of float64 numbers."""
    if name == "Elu":
        return np.where(linear < 0, np.expm1(np.minimum(linear, 0)), linear)
    if name == "LeakyRelu":
        return np.where(linear < 0, LEAK * linear, linear)
    return np.clip(linear, 0, 6 if name == "Relu6" else None)
