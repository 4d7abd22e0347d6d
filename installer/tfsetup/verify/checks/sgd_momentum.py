"""Whether gradient descent with momentum takes the right steps, and the same ones twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, bound
from .optimizing import cases, gradients

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="sgd-momentum",
    asks="20 steps with momentum 0.9 and given gradients, twice: Keras' eagerly and in a graph, TensorFlow's operation",
    why="a variable was read while it was written",
    source="the community plugin's resource-variable race",
    means="gradient descent takes wrong steps, or other ones each time",
    limit=bound(1e-4, "20 steps of a rounding each are 1e-6; a lost momentum is 0.1 and more"),
)

RATE, MOMENTUM = 0.1, 0.9


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Compare with the steps in float64."""
    np, tf = asked.np, asked.tf

    def own(variable: Any, state: Any, gradient: Any, _step: int) -> None:
        tf.raw_ops.ResourceApplyKerasMomentum(
            var=variable.handle, accum=state[0].handle, lr=tf.constant(RATE), grad=gradient,
            momentum=tf.constant(MOMENTUM),
        )  # fmt: skip

    weights = speed = np.zeros(gradients(asked).shape[1:])
    for gradient in gradients(asked).astype(np.float64):
        speed = MOMENTUM * speed - RATE * gradient
        weights = weights + speed
    yield from cases(asked, "SGD", weights, {"learning_rate": RATE, "momentum": MOMENTUM}, own)
