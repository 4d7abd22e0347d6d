"""Whether a Keras model is the same called, in predict, in evaluate and in fit."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, bound
from .xla import without_compiler

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="predict-fit-eager",
    asks="two Dense layers with given weights: the outputs of a call and of predict, the losses of evaluate and fit",
    why="called, a model is right; in predict and fit the graph optimizer has changed it",
    source="tensorflow 92686, 61650; keras 21668: eager right and fit wrong",
    means="fit or predict computes another model than the one that is called",
    limit=bound(1e-3, "two layers' rounding is 1e-6; one that loses its activation is 0.5 off"),
    patience_s=60.0,
)


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Compare each way with the model in float64."""
    with asked.softly():
        yield from Model(asked).cases()


class Model:
    """A Dense layer with Relu, one without, and a mean square error."""

    def __init__(self, asked: Asked) -> None:
        """Draw weights and samples, and compute what is right."""
        self.asked, np = asked, asked.np
        self.inputs, self.targets = asked.normal(1, 32, 20), asked.normal(2, 32, 3)
        shapes = ((20, 16), (16,), (16, 3), (3,))
        self.weights = [asked.normal(place + 3, *shape) * np.float32(0.5) for place, shape in enumerate(shapes)]
        first, bias, second, last = (each.astype(np.float64) for each in self.weights)
        hidden = np.maximum(asked.numerics.dense(np, self.inputs, first) + bias, 0)
        self.right = hidden @ second + last
        self.loss = float(((self.right - self.targets) ** 2).mean())
        self.jit = True

    def cases(self) -> Iterator[dict[str, Any]]:
        """Build the model; where there is no XLA, once more without."""
        x, y, size = self.inputs, self.targets, len(self.inputs)
        quiet = {"batch_size": size, "verbose": 0}
        ways = (
            ("eager", "call", lambda model: self._off(model(x))),
            ("graph", "predict", lambda model: self._off(model.predict(x, **quiet))),
            ("graph", "evaluate", lambda model: self._apart(model.evaluate(x, y, **quiet))),
            ("graph", "fit", lambda model: self._apart(model.fit(x, y, **quiet).history["loss"][0])),
        )
        for way, what, measure in ways:
            yield self.asked.tried(way, what, partial(self._measured, measure))

    def _measured(self, measure: Any) -> float:
        with self.asked.on():
            try:
                return float(measure(self._model()))
            except Exception as error:
                if without_compiler(str(error)) is None:
                    raise
            self.jit = False
            return float(measure(self._model()))

    def _model(self) -> Any:
        keras = self.asked.tf.keras
        start = keras.Input(shape=(20,), dtype="float32")
        zeros = {"kernel_initializer": "zeros", "dtype": "float32"}
        hidden = keras.layers.Dense(16, activation="relu", **zeros)(start)
        model = keras.Model(start, keras.layers.Dense(3, **zeros)(hidden))
        model.compile(optimizer="sgd", loss="mse", **({} if self.jit else {"jit_compile": False}))
        model.set_weights(self.weights)
        return model

    def _off(self, values: Any) -> float:
        return float(self.asked.numerics.distance(self.asked.np, self.asked.host(values), self.right))

    def _apart(self, loss: Any) -> float:
        return abs(float(self.asked.np.ravel(loss)[0]) - self.loss) / self.loss
