"""How a recurrent layer of Keras is asked."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

if TYPE_CHECKING:
    from ..probes.asking import Asked


def layer_cases(asked: Asked, name: str, inputs: Any, weights: Any, right: Any) -> Iterator[dict[str, Any]]:
    """Ask the layer called `name` eagerly and in a graph.

    Soft placement is on: a loop's bookkeeping has no kernels for GPUs.
    """

    def off(result: Any) -> float:
        return float(asked.numerics.distance(asked.np, asked.host(result), right))

    with asked.softly():
        made: list[Any] = []

        def eager() -> float:
            with asked.on():
                made.append(_layer(asked, name, inputs, weights))
                return off(made[0](inputs))

        yield asked.tried("eager", name, eager)
        if made:
            yield asked.tried("graph", name, lambda: off(asked.graph(made[0])(inputs)))


def sigmoid(np: Any, x: Any) -> Any:
    """Return the logistic function."""
    return 1 / (1 + np.exp(-x))


def _layer(asked: Asked, name: str, inputs: Any, weights: Any) -> Any:
    """Build the layer with these weights.

    Where a GPU is listed Keras 3 takes cuDNN's own kernels, which only builds for CUDA have.
    """
    kind = getattr(asked.tf.keras.layers, name)
    settings: dict[str, Any] = {"return_sequences": True, "dtype": "float32"}
    if "use_cudnn" in inspect.signature(kind.__init__).parameters and not asked.tf.test.is_built_with_cuda():
        settings["use_cudnn"] = False
    layer = kind(
        weights[1].shape[0], kernel_initializer="zeros", recurrent_initializer="zeros", bias_initializer="zeros",
        **settings,
    )  # fmt: skip
    layer(inputs[:, :1])
    layer.set_weights(weights)
    return layer
