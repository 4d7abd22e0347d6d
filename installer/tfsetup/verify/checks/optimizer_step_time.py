"""How long an optimizer's step takes, beside the CPU's."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, bound

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="optimizer-step-time",
    asks="a step of Keras' Adam on 12 variables of (32, 32) in a graph, the median of 15, and the CPU's",
    why="Keras' optimizers of 2.11 to 2.15 were three times slower; each small operation costs a GPU its dispatch",
    source="tensorflow 59438, 60652, 62397",
    means="an optimizer's step is slow: small models train slower than on the CPU",
    limit=bound(
        50.0, "150 small operations: a dispatch of 0.05 ms each is ten times the CPU's step", "times the CPU's time"
    ),
)

VARIABLES, STEPS, LEAST_S = 12, 15, 1e-3


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Time the device, and the CPU where it was not before."""
    yield asked.tried("graph", "Adam", lambda: _ratio(asked))


def _ratio(asked: Asked) -> float:
    own = _step_s(asked, asked.device)
    cpu = asked.once("cpu", lambda: own if asked.device.startswith("CPU") else _step_s(asked, "CPU:0"))
    return own / max(float(cpu), LEAST_S)


def _step_s(asked: Asked, device: str) -> float:
    keras, tf = asked.tf.keras, asked.tf
    with asked.softly(), tf.device("/device:" + device):
        layers = [keras.layers.Dense(32, use_bias=False, dtype="float32") for _time in range(VARIABLES)]
        for layer in layers:
            layer.build((None, 32))
        variables = [layer.trainable_variables[0] for layer in layers]
        optimizer = keras.optimizers.Adam(0.01)
        if hasattr(optimizer, "jit_compile"):
            optimizer.jit_compile = False
        optimizer.build(variables) if hasattr(optimizer, "build") else None
        given = [tf.constant(asked.normal(place, 32, 32)) for place in range(VARIABLES)]

        def apply(*made: Any) -> None:  # what the optimizer returns is no tensor
            optimizer.apply_gradients(zip(made, variables))

        step = tf.function(apply, autograph=False)
        seconds = []
        for _time in range(STEPS):
            started = time.perf_counter()
            step(*given)
            layers[-1].get_weights()  # until the last variable is there
            seconds.append(time.perf_counter() - started)
    return sorted(seconds)[STEPS // 2]
