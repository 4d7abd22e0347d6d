"""Whether softmax of large numbers is right, which overflows where nobody subtracts the largest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, bound

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="softmax-large-logits",
    asks="softmax and log_softmax of logits around 0, 1e4 and -1e4, 10 and 1000 classes",
    why="exp of 89 and more is infinite in float32: the largest logit must be subtracted before",
    source="none: what a fused kernel may leave out",
    means="softmax of large logits is wrong or NaN: attention, and the loss of every classifier",
    limit=bound(1e-4, "exp and log of a GPU's fast kind are right to 1e-5; an overflow is off by 1"),
    cost="quick",
)


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Ask logits whose exponentials are too large, too small, and neither."""
    np, tf = asked.np, asked.tf
    questions = []
    for classes in (10, 1000):
        for around in (0.0, 1e4, -1e4):
            logits = (asked.normal(classes, 9, classes) * np.float32(5) + np.float32(around)).astype(np.float32)
            shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True).astype(np.float64)
            logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
            questions.append(
                asked.question(
                    f"{classes} classes around {around:g}",
                    lambda x: (tf.nn.softmax(x), tf.nn.log_softmax(x)),
                    (logits,),
                    (np.exp(logs), logs),
                )
            )
    yield from asked.answers(questions)
