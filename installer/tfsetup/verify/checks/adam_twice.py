"""Whether Adam takes the right steps, and the same ones twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, bound
from .optimizing import cases, gradients

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="adam-twice",
    asks="20 steps with given gradients of 1e-4 to 1, twice: Keras' eagerly and in a graph, TensorFlow's operation",
    why="weights became NaN, or others each time: a variable was read while it was written",
    source="the community plugin's resource-variable race; tensorflow 62361",
    means="Adam takes wrong steps, or other ones each time",
    limit=bound(1e-4, "20 steps of 0.01 of a rounding each are 1e-6; another epsilon or correction is 1e-2 and more"),
)

RATE, FIRST, SECOND, EPSILON = 0.01, 0.9, 0.999, 1e-7


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Compare with Adam in float64 (Kingma and Ba 2015, section 2, the order of computation of TensorFlow)."""
    tf = asked.tf

    def own(variable: Any, state: Any, gradient: Any, step: int) -> None:
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle, m=state[0].handle, v=state[1].handle, beta1_power=tf.constant(FIRST**step),
            beta2_power=tf.constant(SECOND**step), lr=tf.constant(RATE), beta1=tf.constant(FIRST),
            beta2=tf.constant(SECOND), epsilon=tf.constant(EPSILON), grad=gradient,
        )  # fmt: skip

    settings = {"learning_rate": RATE, "epsilon": EPSILON}
    yield from cases(asked, "Adam", adam(asked.np, gradients(asked)), settings, own)


def adam(np: Any, made: Any) -> Any:
    """Return where the steps lead in float64."""
    weights = first = second = np.zeros(made.shape[1:])
    for step, gradient in enumerate(made.astype(np.float64), start=1):
        first = FIRST * first + (1 - FIRST) * gradient
        second = SECOND * second + (1 - SECOND) * gradient**2
        rate = RATE * np.sqrt(1 - SECOND**step) / (1 - FIRST**step)
        weights = weights - rate * first / (np.sqrt(second) + EPSILON)
    return weights
