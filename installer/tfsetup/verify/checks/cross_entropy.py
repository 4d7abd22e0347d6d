"""Whether the losses of classifiers and their gradients are right, also for large logits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, bound

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="cross-entropy",
    asks="softmax and sigmoid cross-entropy of 33 samples, 10 classes, logits around 0, 500, -500, and gradients",
    why="log of a probability that became 0 is infinite: the fused operations must not go that way",
    source="tensorflow 62361: a loss falls and then explodes",
    means="losses of classifiers, or their gradients, are wrong or NaN",
    limit=bound(1e-4, "exp and log of a GPU's fast kind are right to 1e-5; an overflow is off by 1"),
)


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Ask loss and gradient together."""
    np, tf = asked.np, asked.tf
    labels = asked.random(1).integers(0, 10, 33)
    hot = np.eye(10, dtype=np.float32)[labels]

    def with_gradient(loss: Any) -> Any:
        def both(logits: Any, labels: Any) -> Any:
            with tf.GradientTape() as tape:
                tape.watch(logits)
                made = loss(logits, labels)
            return made, tape.gradient(made, logits)

        return both

    nn = tf.nn
    losses = {
        "sparse": (
            with_gradient(lambda x, y: nn.sparse_softmax_cross_entropy_with_logits(y, x)),
            labels.astype(np.int32),
        ),
        "softmax": (with_gradient(lambda x, y: nn.softmax_cross_entropy_with_logits(y, x)), hot),
        "sigmoid": (with_gradient(lambda x, y: nn.sigmoid_cross_entropy_with_logits(y, x)), hot),
    }
    questions = []
    for around in (0.0, 500.0, -500.0):
        logits = (asked.normal(2, 33, 10) * np.float32(8) + np.float32(around)).astype(np.float32)
        exactly = logits.astype(np.float64)
        shifted = exactly - exactly.max(axis=1, keepdims=True)
        logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        softmax = (-(logs * hot).sum(axis=1), np.exp(logs) - hot)
        with np.errstate(over="ignore"):
            small = np.exp(-np.abs(exactly))
            chance = np.where(exactly >= 0, 1 / (1 + small), small / (1 + small))
        sigmoid = (np.maximum(exactly, 0) - exactly * hot + np.log1p(small), chance - hot)
        for what, (function, target) in losses.items():
            right = sigmoid if what == "sigmoid" else softmax
            questions.append(asked.question(f"{what} around {around:g}", function, (logits, target), right))
    with asked.softly():  # shapes are put together on the CPU
        yield from asked.answers(questions)
