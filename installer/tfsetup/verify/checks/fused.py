"""What a graph computes: product or convolution, bias and activation in one `tf.function`, and a layer of Keras.

A plugin's graph optimizer may replace the three operations by one of its own; a single operation called eagerly never
meets it. Apple's plugin 1.0 to 1.2 puts one there that computes no activation, so every answer is compared with float64
on the host, and with what it would be without the activation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..probes.asking import Asked

LEAK = 0.2  # tf.nn.leaky_relu's slope below zero
SPREAD = 4.0  # standard deviation of what reaches the activation: some of it is above 6, where Relu6 bends
ACTIVATIONS = ("Relu", "Relu6", "Elu", "LeakyRelu")


class Graph:
    """One kind of layer with its operands. Each activation has weights of its own.

    Two products of the same operands are made one by TensorFlow's optimizer, and a product that is needed twice is
    replaced by nobody.
    """

    def __init__(self, asked: Asked, operands: tuple[Any, Any, Any], linear: Any, operation: Any, layer: Any) -> None:
        """Take inputs, weights for each activation, and bias; how they become what reaches it; and Keras' layer.

        `linear` computes it in float64 on the host, without the bias, `operation` is TensorFlow's way.
        """
        self.asked, self.tf, self.np = asked, asked.tf, asked.np
        self.inputs, self.weights, self.bias = operands
        self.operation, self.layer = operation, layer
        self.linears = [linear(self.inputs, each) + self.bias for each in self.weights]

    def cases(self) -> list[dict[str, Any]]:
        """Return for each way to ask how far the answer is from the right one.

        Soft placement is on, as in everybody's programs: what a plugin has no kernel for is computed on the CPU.
        """
        with self.asked.softly():
            return [*self._activations(), self._keras()]

    def _activations(self) -> list[dict[str, Any]]:
        nn = self.tf.nn
        functions = (nn.relu, nn.relu6, nn.elu, nn.leaky_relu)

        def layers(inputs: Any, bias: Any, *weights: Any) -> list[Any]:
            return [
                activate(nn.bias_add(self.operation(inputs, each), bias)) for activate, each in zip(functions, weights)
            ]

        results = self.asked.graph(layers)(self.inputs, self.bias, *self.weights)
        return [
            self._case(name, result.numpy(), linear) for name, result, linear in zip(ACTIVATIONS, results, self.linears)
        ]

    def _keras(self) -> dict[str, Any]:
        """Ask Keras' own layer, which makes the pattern or not, by its version."""
        try:
            result = self._predicted()
        except Exception as error:
            return {"way": "predict", "error": self.asked.described(error)}
        return self._case("predict", result, self.linears[0])

    def _predicted(self) -> Any:
        keras = self.tf.keras
        with self.asked.on():
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
            "max_rel_error": self.asked.numerics.distance(self.np, result, right),
            "without_activation": self.asked.numerics.distance(self.np, result, linear),
        }


def activated(np: Any, name: str, linear: Any) -> Any:
    """Return the activation `name` of float64 numbers."""
    if name == "Elu":
        return np.where(linear < 0, np.expm1(np.minimum(linear, 0)), linear)
    if name == "LeakyRelu":
        return np.where(linear < 0, LEAK * linear, linear)
    return np.clip(linear, 0, 6 if name == "Relu6" else None)
