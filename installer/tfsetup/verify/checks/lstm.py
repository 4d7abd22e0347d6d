"""Whether a recurrent layer of the LSTM kind is right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, bound
from .recurrent import layer_cases, sigmoid

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="lstm",
    asks="4 sequences of 12 steps of 7 numbers, 9 units, Keras' layer with its own weights, every step's output",
    why="a loop on the device: hangs, and results of other steps",
    source="tensorflow 60267, 59722, 60800 (hangs), 62397",
    means="LSTM layers are wrong",
    limit=bound(1e-4, "twelve steps feed the rounding of 16 products and of fast sigmoids back"),
    patience_s=60.0,
)

UNITS = 9
SHAPES = ((7, 4 * UNITS), (UNITS, 4 * UNITS), (4 * UNITS,))


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Set the weights from outside, and ask eagerly and in a graph."""
    np = asked.np
    inputs = asked.normal(1, 4, 12, 7)
    shapes = SHAPES
    weights = [asked.normal(place + 2, *shape) * np.float32(0.4) for place, shape in enumerate(shapes)]
    right = recurred(np, inputs.astype(np.float64), [each.astype(np.float64) for each in weights])
    yield from layer_cases(asked, "LSTM", inputs, weights, right)


def recurred(np: Any, inputs: Any, weights: Any) -> Any:
    """Return the layer's whole output in float64."""
    kernel, recurrent, bias = weights
    state = carry = np.zeros((len(inputs), UNITS))
    outputs = []
    for step in range(inputs.shape[1]):
        gates = inputs[:, step] @ kernel + state @ recurrent + bias
        start, forget, new, out = np.split(gates, 4, axis=1)
        carry = sigmoid(np, forget) * carry + sigmoid(np, start) * np.tanh(new)
        state = sigmoid(np, out) * np.tanh(carry)
        outputs.append(state)
    return np.stack(outputs, axis=1)
