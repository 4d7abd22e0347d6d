"""From which size on a small model is faster on the device than on the CPU: a measurement, and no check.

It is asked of other devices than the CPU only, after the checks, in the longer modes.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from .frame import About, bound

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="break-even",
    asks="a training step of two Dense layers, 16 to 1024 units, and of 16 recurrent steps, 16 to 256, on both devices",
    why="each operation costs a GPU its dispatch: small models are slower on it",
    source="tensorflow 62397 (670 against 20 ms a step), 55455, 56782",
    means="small models are faster on the CPU",
    limit=bound(0.0, "nothing is right or wrong here"),
    patience_s=120.0,
)

BATCH, RUNS, WARM, ENOUGH_S = 32, 7, 2, 1.0
UNITS = {"dense": (16, 64, 256, 1024), "recurrent": (16, 64, 256)}
LENGTH = 16


def ask(asked: Asked) -> dict[str, Any]:
    """Return seconds of a step on the CPU and on the device for each kind of model and number of units."""
    steps = []
    with asked.softly():
        for kind, sizes in UNITS.items():
            for units in sizes:
                cpu, own = _seconds(asked, kind, units)
                steps.append({"kind": kind, "units": units, "cpu_s": cpu, "own_s": own})
                if max(cpu, own) * (RUNS + WARM) > ENOUGH_S * RUNS:
                    break
    return {"steps": steps}


def _seconds(asked: Asked, kind: str, units: int) -> tuple[float, float]:
    """Let both devices take turns, and return the median of each."""
    inputs, weights = asked.normal(1, BATCH, units), asked.normal(2, 2, units, units) / asked.np.float32(units**0.5)
    lanes: list[tuple[Any, list[float]]] = []
    for device in ("CPU:0", asked.device):
        with asked.tf.device("/device:" + device):
            placed = [asked.tf.identity(each) for each in (inputs, weights[0], weights[1])]
        lanes.append((_step(asked, device, kind, placed), []))
    for turn in range(WARM + RUNS):
        for call, seconds in lanes:
            started = time.perf_counter()
            call()
            if turn >= WARM:
                seconds.append(time.perf_counter() - started)
    first, second = (sorted(seconds)[RUNS // 2] for _call, seconds in lanes)
    return first, second


def _step(asked: Asked, device: str, kind: str, placed: Any) -> Any:
    """Return a call that computes the gradients and fetches a number of each."""
    tf = asked.tf

    def forward(x: Any, first: Any, second: Any) -> Any:
        if kind == "dense":
            return tf.linalg.matmul(tf.nn.relu(tf.linalg.matmul(x, first)), second)
        state = x
        for _step in range(LENGTH):
            state = tf.tanh(tf.linalg.matmul(x, first) + tf.linalg.matmul(state, second))
        return state

    def gradients(x: Any, first: Any, second: Any) -> Any:
        with tf.device("/device:" + device):
            with tf.GradientTape() as tape:
                tape.watch([first, second])
                made = tf.reduce_sum(forward(x, first, second))
            return [tf.reduce_max(each) for each in tape.gradient(made, [first, second])]

    function = tf.function(gradients, autograph=False)
    return lambda: [each.numpy() for each in function(*placed)]
