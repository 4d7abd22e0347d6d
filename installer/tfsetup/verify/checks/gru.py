"""Whether a recurrent layer of the GRU kind is right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, bound
from .recurrent import layer_cases, sigmoid

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="gru",
    asks="4 sequences of 12 steps of 7 numbers, 9 units, Keras' layer with its own weights, every step's output",
    why="tensorflow-metal has a kernel of its own for it where macOS has one",
    source="tensorflow 60267, 59722, 60800 (hangs); the table of kernels of tensorflow-metal 1.x, emulated",
    means="GRU layers are wrong",
    limit=bound(1e-4, "twelve steps feed the rounding of 16 products and of fast sigmoids back"),
    patience_s=60.0,
)

UNITS = 9
SHAPES = ((7, 3 * UNITS), (UNITS, 3 * UNITS), (2, 3 * UNITS))


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Set the weights from outside, and ask eagerly and in a graph."""
    np = asked.np
    inputs = asked.normal(1, 4, 12, 7)
    shapes = SHAPES
    weights = [asked.normal(place + 2, *shape) * np.float32(0.4) for place, shape in enumerate(shapes)]
    right = recurred(np, inputs.astype(np.float64), [each.astype(np.float64) for each in weights])
    yield from layer_cases(asked, "GRU", inputs, weights, right)


def recurred(np: Any, inputs: Any, weights: Any) -> Any:
    """Return the layer's whole output in float64."""
    kernel, recurrent, bias = weights
    state = np.zeros((len(inputs), UNITS))
    outputs = []
    for step in range(inputs.shape[1]):
        of_input, of_state = inputs[:, step] @ kernel + bias[0], state @ recurrent + bias[1]
        update, reset, new = np.split(of_input, 3, axis=1)
        update_too, reset_too, new_too = np.split(of_state, 3, axis=1)
        update = sigmoid(np, update + update_too)
        candidate = np.tanh(new + sigmoid(np, reset + reset_too) * new_too)
        state = update * state + (1 - update) * candidate
        outputs.append(state)
    return np.stack(outputs, axis=1)
