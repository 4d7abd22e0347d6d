"""What `verify --tune` times: products, a convolution, a training step, each compared with float64 on the host."""

from __future__ import annotations

import time
from typing import Any, Callable  # noqa: UP035 - see channel.py

from .facts import usable_cores
from .numerics import Reference, convolution, distance, operands

CHANNELS = 64
LAYERS = (256, 256, 256, 10)
BATCH = 16
STEPS = 3
RATE = 0.05
LONGEST_S = 0.6  # a product that takes longer is made smaller: the machine is slow, and the turns would be few
SIZES = (2048, 1024, 512)
TRIES = 5
SHORTER = ("float16", "bfloat16")
FULL = "without TensorFloat-32"
ON_CPU = "on the CPU"
PLAIN = ""


class Workload:
    """One thing to time: `run` does it once and waits for its end; `error` is that of its answer, against float64.

    `variant` is another way to compute the same, within the same process; "" the way it is computed by itself.
    """

    def __init__(self, name: str, run: Callable[[], Any], error: float | None, variant: str = PLAIN) -> None:
        """Run once to warm up, and once against the clock."""
        self.name, self.variant, self.run, self.error = name, variant, run, error
        run()
        started = time.perf_counter()
        run()
        self.seconds = time.perf_counter() - started

    @property
    def key(self) -> tuple[str, str]:
        """What a request calls it."""
        return self.name, self.variant

    def as_event(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"name": self.name, "variant": self.variant, "seconds": self.seconds, "max_rel_error": self.error}


def scale(tf: Any, np: Any, device: str) -> int:
    """Return the largest size of a product that this device computes in a fraction of a second."""
    small = SIZES[-1]
    product = _Product(tf, np, device, small).graph
    seconds = min(_alone(product, device) for _try in range(TRIES))
    fitting = (size for size in SIZES if seconds * (size / small) ** 3 <= LONGEST_S)
    return next(fitting, small)


def _alone(run: Callable[[], Any], device: str) -> float:
    """Return the seconds of one run, as if nobody else used the machine: what its processors worked, side by side."""
    worked = time.process_time()
    one = Workload("", run, None)
    worked = (time.process_time() - worked) / 2 / usable_cores()
    return min(one.seconds, worked) if device.startswith("CPU") and worked > 0 else one.seconds


def prepared(tf: Any, np: Any, device: str, size: int) -> list[Workload]:
    """Return the workloads on `device`, with products of `size`, and the variants that it has."""
    product = _Product(tf, np, device, size)
    convolved = _Convolution(tf, np, device, size)
    training = _Training(tf, np, device)
    name = f"matmul {size} float32 graph"
    found = [
        Workload(name, product.graph, product.error(product.graph)),
        Workload(f"matmul {size} float32 eager", product.eager, product.error(product.eager)),
        Workload(convolved.name, convolved.run, convolved.error()),
        Workload(training.name, training.run, training.error()),
    ]
    return found if device.startswith("CPU") else [*found, *_variants(tf, np, device, size, name)]


def _variants(tf: Any, np: Any, device: str, size: int, name: str) -> list[Workload]:
    """Return the ways in which a GPU computes faster with fewer digits, and the small model on the CPU."""
    found = []
    for dtype in SHORTER:
        try:
            shorter = _Product(tf, np, device, size, dtype)
            found.append(Workload(name, shorter.graph, shorter.error(shorter.graph), dtype))
        except tf.errors.OpError:
            continue  # the device has no such type
    if _rounds(tf):
        full = _Product(tf, np, device, size, full=True)
        found.append(Workload(name, full.graph, full.error(full.graph), FULL))
    here = _Training(tf, np, "CPU:0")
    return [*found, Workload(here.name, here.run, here.error(), ON_CPU)]


def _rounds(tf: Any) -> bool:
    """Tell whether float32 is rounded to TensorFloat-32: NVIDIA's since compute capability 8.0, unless turned off."""
    try:
        on = tf.config.experimental.tensor_float_32_execution_enabled()
        details = [tf.config.experimental.get_device_details(gpu) for gpu in tf.config.list_physical_devices("GPU")]
    except Exception:
        return False
    return bool(on) and any((one.get("compute_capability") or (0,))[0] >= 8 for one in details)  # noqa: PLR2004


def compiles(tf: Any, device: str) -> bool:
    """Tell whether XLA compiles for this device."""
    try:
        with tf.device("/device:" + device):
            made = tf.function(lambda x: tf.reduce_sum(x * x), jit_compile=True)
            return float(made(tf.ones((4, 4))).numpy()) == 16.0  # noqa: PLR2004 - the sum of 4 by 4 ones
    except Exception:  # no compiler, no such argument (before 2.5), a plugin that says so in its own way
        return False


class _Product:
    """A product of two matrices of standard normal numbers."""

    def __init__(self, tf: Any, np: Any, device: str, size: int, dtype: str = "float32", *, full: bool = False) -> None:
        self.tf, self.device, self.full = tf, device, full
        a, b = operands(np, size)
        self.reference = Reference(np, a, b)
        with tf.device("/device:" + device):
            self.a, self.b = (tf.cast(tf.constant(each), dtype) for each in (a, b))
            self.multiply = tf.function(tf.linalg.matmul)

    def graph(self) -> Any:
        return self._ended(self.multiply)

    def eager(self) -> Any:
        return self._ended(self.tf.linalg.matmul)

    def error(self, run: Callable[[], Any]) -> float:
        run()
        return float(self.reference.compare(self.answer.numpy().astype("float32"))["max_rel_error"])

    def _ended(self, multiply: Any) -> Any:
        tf32 = self.tf.config.experimental
        if self.full:
            tf32.enable_tensor_float_32_execution(False)
        with self.tf.device("/device:" + self.device):
            self.answer = multiply(self.a, self.b)
            ended = self.tf.reduce_max(self.answer).numpy()
        if self.full:
            tf32.enable_tensor_float_32_execution(True)
        return ended


class _Convolution:
    """A convolution with 3 by 3 kernels, as in the body of an image network; of two images the answer is checked."""

    def __init__(self, tf: Any, np: Any, device: str, size: int) -> None:
        self.tf, self.np, self.device = tf, np, device
        side = max(8, size // 32)
        self.name = f"conv 3x3 {side}x{side}x{CHANNELS} float32 graph"
        random = np.random.default_rng(3)
        self.images = random.standard_normal((8, side, side, CHANNELS), dtype=np.float32)
        self.kernels = random.standard_normal((3, 3, CHANNELS, CHANNELS), dtype=np.float32) / np.float32(24)
        with tf.device("/device:" + device):
            self.operands = tf.constant(self.images), tf.constant(self.kernels)
            self.convolve = tf.function(lambda x, w: tf.nn.conv2d(x, w, 1, "SAME"))

    def run(self) -> Any:
        with self.tf.device("/device:" + self.device):
            self.answer = self.convolve(*self.operands)
            return self.tf.reduce_max(self.answer).numpy()

    def error(self) -> float:
        self.run()
        part = self.images[:1, :12, :12]  # its own edge is padded here and not there
        right = convolution(self.np, part, self.kernels)[:, 1:11, 1:11]
        return distance(self.np, self.answer[:1, 1:11, 1:11].numpy(), right)


class _Training:
    """Steps of a small dense model by gradient descent, a small batch each: most of it is not arithmetic."""

    def __init__(self, tf: Any, np: Any, device: str) -> None:
        self.tf, self.np, self.device = tf, np, device
        self.name = "training step dense {} batch {}".format("-".join(map(str, LAYERS)), BATCH)
        random = np.random.default_rng(5)
        shapes = list(zip(LAYERS[:-1], LAYERS[1:]))  # noqa: B905, RUF007 - Python 3.10
        drawn = [random.standard_normal(shape, dtype=np.float32) for shape in shapes]
        self.start = [each / np.float32(each.shape[0] ** 0.5) for each in drawn]
        self.inputs = random.standard_normal((BATCH, LAYERS[0]), dtype=np.float32)
        self.wanted = random.standard_normal((BATCH, LAYERS[-1]), dtype=np.float32)
        with tf.device("/device:" + device):
            self.weights = [tf.Variable(each) for each in self.start]
            self.operands = tf.constant(self.inputs), tf.constant(self.wanted)
            self.step = tf.function(self._step)

    def run(self) -> Any:
        with self.tf.device("/device:" + self.device):
            return self.step(*self.operands).numpy()

    def _step(self, inputs: Any, wanted: Any) -> Any:
        with self.tf.GradientTape() as tape:
            layer = inputs
            for weights in self.weights[:-1]:
                layer = self.tf.nn.relu(self.tf.linalg.matmul(layer, weights))
            loss = self.tf.reduce_mean(self.tf.square(self.tf.linalg.matmul(layer, self.weights[-1]) - wanted))
        for weights, gradient in zip(self.weights, tape.gradient(loss, self.weights)):  # noqa: B905
            weights.assign_sub(RATE * gradient)
        return loss

    def error(self) -> float:
        """Return how far the weights are off after some steps from the start."""
        for weights, start in zip(self.weights, self.start):  # noqa: B905
            weights.assign(start)
        for _step in range(STEPS):
            self.run()
        right = trained(self.np, self.start, self.inputs, self.wanted)
        pairs = zip(self.weights, right)  # noqa: B905
        return max(distance(self.np, weights.numpy(), each) for weights, each in pairs)


def trained(np: Any, start: list[Any], inputs: Any, wanted: Any) -> list[Any]:
    """Return the weights after `STEPS` steps, in float64."""
    weights = [each.astype(np.float64) for each in start]
    for _step in range(STEPS):
        layers = [inputs.astype(np.float64)]
        for each in weights[:-1]:
            layers.append(np.maximum(layers[-1] @ each, 0.0))
        slope = 2.0 * (layers[-1] @ weights[-1] - wanted) / wanted.size
        gradients = []
        for layer, each in zip(reversed(layers), reversed(weights)):  # noqa: B905
            gradients.append(layer.T @ slope)
            slope = (slope @ each.T) * (layer > 0)
        weights = [each - RATE * gradient for each, gradient in zip(weights, reversed(gradients))]  # noqa: B905
    return weights
