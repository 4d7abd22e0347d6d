"""How an optimizer is asked: the same steps twice, by Keras eagerly and in a graph, and by TensorFlow's operation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import exact

if TYPE_CHECKING:
    from ..probes.asking import Asked

STEPS, SHAPE = 20, (9, 5)
SAME = exact("the same steps from the same start are the same to the last bit")


def gradients(asked: Asked) -> Any:
    """Return a gradient for each step: some so small that an epsilon counts."""
    np = asked.np
    scale = np.float32(10.0) ** np.linspace(-4, 0, SHAPE[0]).astype(np.float32)[:, None]
    return asked.normal(1, STEPS, *SHAPE) * scale


def cases(asked: Asked, name: str, right: Any, settings: Any, own: Any) -> Iterator[dict[str, Any]]:
    """Take the steps of Keras' optimizer, and of `own(variable, state, gradient, step)`, TensorFlow's operation.

    Soft placement is on for Keras, whose bookkeeping has no kernels for GPUs.
    """
    np = asked.np
    made = gradients(asked)

    def off(weights: Any) -> float:
        return float(asked.numerics.distance(np, weights, right))

    for way, wrap in (("eager", lambda step: step), ("graph", lambda step: asked.tf.function(step, autograph=False))):
        found: list[Any] = []

        def keras(wrap: Any = wrap, found: list[Any] = found) -> float:
            with asked.softly(), asked.on():
                found.extend(_keras(asked, name, settings, made, wrap) for _time in range(2))
            return off(found[0])

        yield asked.tried(way, f"Keras' {name}", keras)
        if len(found) == 2:
            yield asked.told(way, f"Keras' {name} twice", float(np.mean(found[0] != found[1])), SAME)
    yield asked.tried("eager", "TensorFlow's operation", lambda: off(_own(asked, own, made)))


def _keras(asked: Asked, name: str, settings: Any, made: Any, wrap: Any) -> Any:
    keras = asked.tf.keras
    layer = keras.layers.Dense(SHAPE[1], use_bias=False, kernel_initializer="zeros", dtype="float32")
    layer.build((None, SHAPE[0]))
    optimizer = getattr(keras.optimizers, name)(**settings)
    if hasattr(optimizer, "jit_compile"):  # Keras 2.11 to 2.15 hand the update of the weights to XLA
        optimizer.jit_compile = False
    optimizer.build(layer.trainable_variables) if hasattr(optimizer, "build") else None

    def step(gradient: Any) -> None:
        optimizer.apply_gradients([(gradient, layer.trainable_variables[0])])

    step = wrap(step)
    for gradient in made:
        step(asked.tf.constant(gradient))
    return layer.get_weights()[0]


def _own(asked: Asked, own: Any, made: Any) -> Any:
    tf = asked.tf
    with asked.on():
        variable, first, second = (tf.Variable(tf.zeros(SHAPE)) for _time in range(3))
        for number, gradient in enumerate(made):
            own(variable, (first, second), tf.constant(gradient), number + 1)
        return asked.host(variable.read_value())
