"""Whether the place of the largest number is right, whatever the types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, exact

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="argmax-types",
    asks="argmax and argmin of float32 5000 and 5001, of int32 2^24 and 2^24 + 1, of 65537 numbers; to int32 and int64",
    why="integers were compared as if they were shorter numbers, and wrong types were written",
    source="pytorch 109067 (macOS 13.5)",
    means="argmax gives the place of another number: accuracies and predicted classes are wrong",
    limit=exact("places are not rounded"),
    cost="quick",
)


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Ask numbers that a shorter type cannot tell from each other."""
    np, tf, random = asked.np, asked.tf, asked.random(7)
    near = np.tile(np.array([5000.0, 5001.0, 4999.0, 5000.0], np.float32), (3, 1))
    large = np.array([[2**24, 2**24 + 1, 2**24 - 1], [-(2**24) - 1, 5, -7]], np.int32)
    many = random.permutation(65537).astype(np.float32)[None]
    questions = []
    for what, numbers in (("float32", near), ("int32", large), ("float32 65537", many)):
        for dtype in ("int64", "int32"):
            right = (np.argmax(numbers, axis=1), np.argmin(numbers, axis=1))
            questions.append(
                asked.exactly(
                    f"{what} to {dtype}",
                    lambda x, dtype=dtype: (
                        tf.argmax(x, axis=1, output_type=dtype),
                        tf.argmin(x, axis=1, output_type=dtype),
                    ),
                    (numbers,),
                    right,
                )
            )
    yield from asked.answers(questions)
