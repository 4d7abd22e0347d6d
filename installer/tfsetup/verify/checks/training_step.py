"""Whether a tiny Keras model, trained twice from the same weights, reaches the CPU's weights both times."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from .frame import About, rounding
from .xla import without_compiler

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="training step",
    asks="three steps of SGD twice, ten of Adam: a convolution and a dense layer on one batch, with Keras' fit",
    why="plugins have produced NaN weights, or weights that drift, without a single error",
    source="tensorflow 62361; keras 19009; Apple's forum",
    means="training reaches other weights than on the CPU",
    limit=rounding(
        1000, "three steps feed the rounding of sums of up to 1000 products back into the weights", products=True,
        factor=100.0,
    ),
    patience_s=60.0,
)  # fmt: skip

STEPS = 3
ADAM_STEPS = 10


def ask(asked: Asked) -> dict[str, Any]:
    """Train on the device."""
    return Training(asked).run()


class Training:
    """A convolution and a dense layer, trained with Keras on one batch; others must reach the CPU's weights."""

    def __init__(self, asked: Asked) -> None:
        """Draw the batch; the model is built anew for each run."""
        random = asked.random(5)
        self.asked, self.tf, self.np = asked, asked.tf, asked.np
        self.images = random.standard_normal((16, 12, 12, 3), dtype=self.np.float32)
        self.labels = random.integers(0, 4, 16).astype("int64")
        self.jit = True

    def run(self) -> dict[str, Any]:
        """Train three steps of SGD twice, then ten of Adam; return errors, losses and placement.

        Soft placement is on, as in every user's training: input and bookkeeping ops have no kernels for GPUs. Keras
        hands the step to XLA where it sees a GPU, and most plugins bring no compiler: then it is asked without.
        """
        with self.asked.softly():
            try:
                return self._run()
            except Exception as error:
                missing = without_compiler(str(error))
                if missing is None:
                    raise
            self.jit = False
            return dict(self._run(), no_xla=missing)

    def _run(self) -> dict[str, Any]:
        device = self.asked.device
        started = time.perf_counter()
        first, placed, losses = self._train(device, "sgd", STEPS)
        second, _placed, again = self._train(device, "sgd", STEPS)
        _weights, _placed, adam = self._train(device, "adam", ADAM_STEPS)
        seconds = time.perf_counter() - started
        expected = self.asked.once("weights", lambda: self._on_the_cpu(first))
        scale = self.np.abs(expected).max()
        return {
            "seconds": seconds,
            "max_rel_error": float(self.np.abs(first - expected).max() / scale),
            "repeat_error": float(self.np.abs(first - second).max() / scale),
            "finite": bool(self.np.isfinite(first).all() and self.np.isfinite(losses + again + adam).all()),
            "loss_before": adam[0],
            "loss_after": adam[-1],
            "placed_on": placed,
        }

    def _on_the_cpu(self, first: Any) -> Any:
        """Return the CPU's weights: the first device is the CPU, but where another one's check is asked alone."""
        return first if self.asked.device.startswith("CPU") else self._train("CPU:0", "sgd", STEPS)[0]

    def _train(self, device: str, optimizer: str, steps: int) -> tuple[Any, str, list[float]]:
        """Return how far all weights moved, as one vector, the device of the weights, and the loss of each step."""
        keras = self.tf.keras
        with self.tf.device("/device:" + device):
            keras.utils.set_random_seed(11) if hasattr(keras.utils, "set_random_seed") else self.tf.random.set_seed(11)
            image = keras.Input(shape=(12, 12, 3))
            features = keras.layers.Flatten()(keras.layers.Conv2D(8, 3, activation="relu")(image))
            model = keras.Model(image, keras.layers.Dense(4)(features))
            start = self._start(model.get_weights())
            model.set_weights(start)
            loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
            model.compile(optimizer=self._optimizer(keras, optimizer), loss=loss, **self._settings())
            losses = [float(self.np.ravel(model.train_on_batch(self.images, self.labels))[0]) for _step in range(steps)]
            variable = model.trainable_variables[0]
            placed = self.asked.actual(variable.value if self._keras_3(keras) else variable)
        moved = [self.np.ravel(after - before) for after, before in zip(model.get_weights(), start)]
        return self.np.concatenate(moved), placed, losses

    def _settings(self) -> dict[str, Any]:
        """Leave Keras its own choice as long as it works: that is what users get."""
        return {} if self.jit else {"jit_compile": False}

    def _optimizer(self, keras: Any, name: str) -> Any:
        optimizer = keras.optimizers.get(name)
        if not self.jit and hasattr(optimizer, "jit_compile"):  # Keras 2.11 to 2.15 compile the update of the weights
            optimizer.jit_compile = False
        return optimizer

    def _start(self, weights: list[Any]) -> list[Any]:
        """Weights drawn on the host: the initializers of two devices need not agree."""
        random = self.np.random.default_rng(7)
        return [random.standard_normal(each.shape, dtype=self.np.float32) * self.np.float32(0.1) for each in weights]

    @staticmethod
    def _keras_3(keras: Any) -> bool:
        return str(getattr(keras, "__version__", "2")).startswith("3")
