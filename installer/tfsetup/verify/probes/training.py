"""More than a product of matrices: a convolution, and a tiny Keras model trained twice from the same weights.

Plugins have produced NaN weights, or weights that drift, without a single error; both show here within a second.
"""

from __future__ import annotations

import re
import time
from typing import Any

from .devices import actual, softly
from .numerics import convolution, distance

STEPS = 3
ADAM_STEPS = 10


# What TensorFlow 2.11 to 2.21 say where XLA has no compiler for a plugin's platform.
NO_COMPILER = re.compile(
    r"[^\n]*(?:could not find compiler for platform|could not find registered (?:compiler|platform))[^\n]*",
    re.IGNORECASE,
)


class Convolution:
    """A forward convolution, compared with nine shifted products in float64 on the host."""

    name = "convolution"

    def __init__(self, tf: Any, np: Any) -> None:
        """Draw an image of 8 samples, 24 by 24 pixels and 16 channels, and 32 kernels of 3 by 3."""
        random = np.random.default_rng(3)
        self.tf, self.np = tf, np
        self.image = random.standard_normal((8, 24, 24, 16), dtype=np.float32)
        self.kernel = random.standard_normal((3, 3, 16, 32), dtype=np.float32) / np.float32(12)
        self.answer = convolution(np, self.image, self.kernel)

    def run(self, device: str) -> dict[str, Any]:
        """Convolve twice on `device`; return seconds of the second time, error, and where the result is."""
        self._convolve(device)
        started = time.perf_counter()
        result = self._convolve(device)
        values = result.numpy()
        seconds = time.perf_counter() - started
        return {
            "seconds": seconds,
            "max_rel_error": distance(self.np, values, self.answer),
            "finite": bool(self.np.isfinite(values).all()),
            "placed_on": actual(result),
        }

    def _convolve(self, device: str) -> Any:
        with self.tf.device("/device:" + device):
            return self.tf.nn.conv2d(self.image, self.kernel, strides=1, padding="SAME")


class Training:
    """A convolution and a dense layer, trained with Keras on one batch; others must reach the CPU's weights."""

    name = "training step"

    def __init__(self, tf: Any, np: Any) -> None:
        """Draw the batch; the model is built anew for each run."""
        random = np.random.default_rng(5)
        self.tf, self.np = tf, np
        self.images = random.standard_normal((16, 12, 12, 3), dtype=np.float32)
        self.labels = random.integers(0, 4, 16).astype("int64")
        self.expected: Any = None
        self.jit = True

    def run(self, device: str) -> dict[str, Any]:
        """Train on `device`: three steps of SGD twice, then ten of Adam; return errors, losses and placement.

        Soft placement is on, as in every user's training: input and bookkeeping ops have no kernels for GPUs. Keras
        hands the step to XLA where it sees a GPU, and most plugins bring no compiler: then it is asked without.
        """
        with softly(self.tf):
            try:
                return self._run(device)
            except Exception as error:
                missing = without_compiler(str(error))
                if missing is None:
                    raise
            self.jit = False
            return dict(self._run(device), no_xla=missing)

    def _run(self, device: str) -> dict[str, Any]:
        started = time.perf_counter()
        first, placed, losses = self._train(device, "sgd", STEPS)
        second, _placed, again = self._train(device, "sgd", STEPS)
        _weights, _placed, adam = self._train(device, "adam", ADAM_STEPS)
        seconds = time.perf_counter() - started
        if self.expected is None:  # the first device is the CPU
            self.expected = first
        scale = self.np.abs(self.expected).max()
        return {
            "seconds": seconds,
            "max_rel_error": float(self.np.abs(first - self.expected).max() / scale),
            "repeat_error": float(self.np.abs(first - second).max() / scale),
            "finite": bool(self.np.isfinite(first).all() and self.np.isfinite(losses + again + adam).all()),
            "loss_before": adam[0],
            "loss_after": adam[-1],
            "placed_on": placed,
        }

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
            placed = actual(
                model.trainable_variables[0].value if self._keras_3(keras) else model.trainable_variables[0]
            )
        moved = [self.np.ravel(after - before) for after, before in zip(model.get_weights(), start)]  # noqa: B905
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


def without_compiler(message: str) -> str | None:
    """Return the line of an error that says that XLA has no compiler for this device; None: it is another error."""
    found = NO_COMPILER.search(message)
    return found.group(0).split("[Op:")[0].strip()[:300] if found else None
