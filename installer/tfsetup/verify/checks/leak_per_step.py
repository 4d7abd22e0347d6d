"""Whether memory grows from step to step."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, bound

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="leak-per-step",
    asks="200 steps of a Dense layer with Relu and its gradient in a graph: how much resident memory grows a step",
    why="memory grew until the process ended",
    source="tensorflow 60616 (2.12), 62773 (2.15)",
    means="memory grows from step to step, until the process ends",
    limit=bound(1.0, "buffers of a step are 0.1 MB; a leak of a MB fills 16 GB in 16000 steps", "MB a step"),
)

STEPS, WARM = 200, 20


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Compare resident memory before and after; the first steps may take what they need."""
    np, tf = asked.np, asked.tf
    inputs, weights, bias = asked.normal(1, 64, 128), asked.normal(2, 128, 64) / np.float32(11), asked.normal(3, 64)

    def step(x: Any, w: Any, b: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch([w, b])
            made = tf.nn.relu(tf.nn.bias_add(tf.linalg.matmul(x, w), b))
        return tape.gradient(made, [w, b])

    def grown() -> float:
        with asked.softly():
            run = asked.graph(step)
            before = 0
            for number in range(WARM + STEPS):
                run(inputs, weights, bias)[0].numpy()
                if number == WARM:
                    before = resident_bytes()
            return max(0.0, (resident_bytes() - before) / STEPS / 1e6)

    yield asked.tried("graph", "training steps", grown)


def resident_bytes() -> int:
    """Return this process's resident memory; where the system does not say it simply, the most it ever was."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        import resource

        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024
